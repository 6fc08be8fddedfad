"""Read models as they were at a moment, folded again into a place of their own.

It is a database without a name: SQLite keeps it in a temporary file once it outgrows a small
cache, so a log of any size takes the same memory, and it is gone when it is closed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from sqlalchemy import Select, create_engine, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Content
from ..adapters.storage.sql.schema import projections
from ..adapters.storage.sql.statements import Statements
from ..domain.errors import StorageError
from ..domain.moments import Moment
from ..projecting.folding import BATCH, BATCH_WITH_BODIES, Obstructed
from ..projecting.states import States
from ..projections.engine.read_model import ReadModel, Run
from ..projections.engine.registry import Registration, Registry
from ..projections.engine.runs import all_asked


class PastTables:
    """The tables of some read models, as they were at a moment."""

    def __init__(
        self,
        reader: Reader,
        moment: Moment,
        registry: Registry,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._reader = reader
        self._moment = moment
        self._registry = registry
        self._progress = progress
        self._prefixes: dict[str, str] = {}
        self.position = moment.number if moment.kind == "position" else reader.last_position()
        """Up to where the log is read."""
        engine = create_engine(
            "sqlite://",
            poolclass=StaticPool,
            creator=lambda: sqlite3.connect("", isolation_level=None, check_same_thread=False),
        )
        raw: Any = engine.raw_connection()
        self._engine, self._raw = engine, raw
        self._connection: sqlite3.Connection = raw.driver_connection
        # What is lost with the process needs no journal.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._statements = Statements(engine.dialect, locks_rows=False)
        self._account_for(registry)

    def close(self) -> None:
        """Forget them."""
        self._raw.close()
        self._engine.dispose()

    def prefix(self, name: str) -> str:
        """How the names of a read model's tables begin. The first who asks has them folded.

        Raises:
            CannotFold: an event cannot be read.
            StorageError: there is no room for them.
        """
        if name not in self._prefixes:
            registration = self._registry[name]
            try:
                self._prefixes[name] = self._made(registration)
            except (sqlite3.Error, DBAPIError) as problem:
                what = getattr(problem, "orig", None) or problem
                raise StorageError(
                    f"the past of {name!r} cannot be folded into a temporary file: {what}; "
                    "TMPDIR names the folder it lies in"
                ) from problem
        return self._prefixes[name]

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the tables."""
        return self._connection.execute(*self._statements.once(statement)).fetchall()

    def _account_for(self, registry: Registry) -> None:
        """Whoever asks first whether a read model is caught up is told that it is."""
        with self._engine.connect() as connection:
            projections.create(connection)
            for known in registry:
                row = {"name": known.name, "version": known.version, "position": self.position}
                connection.execute(insert(projections).values(row))

    def _made(self, registration: Registration) -> str:
        prefix = registration.prefix("")
        model = registration.make(self._engine.dialect, prefix)
        with self._engine.connect() as connection:
            model.create(connection)
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        for runs in self._runs(model):
            if wanted := all_asked(model, runs):
                model.fold(cursor, wanted)
        cursor.execute("COMMIT")
        return prefix

    def _runs(self, model: ReadModel) -> Iterator[Sequence[Run]]:
        """What was recorded up to the moment, in the order of the log."""
        states = States()
        topics = None if model.stateful else model.topics
        content: Content = model.content
        if model.stateful and content == "none":
            content = "notes"  # a state has titles
        most = BATCH_WITH_BODIES if content == "all" else BATCH
        after = 0
        while after < self.position:
            stretch = self._reader.stretch(after, self.position, most, topics, content)
            runs = [run for run in stretch.runs if self._moment.saw(run.recorded_at)]
            yield states.framed(runs, lambda: nullcontext(self._reader)) if topics is None else runs
            if stretch.problem is not None:
                raise Obstructed(*stretch.problem).error(model.name)
            after = stretch.upto
            if self._progress is not None:
                self._progress(after, self.position)
