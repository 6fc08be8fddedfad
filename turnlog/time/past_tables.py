"""Read models as they were at a moment, folded again into a place of their own.

It is a database without a name: SQLite keeps it in a temporary file once it outgrows a small
cache, so a log of any size takes the same memory, and it is gone when it is closed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, create_engine
from sqlalchemy.pool import StaticPool

from ..adapters.storage.contract import Reader, Recorded, Stream
from ..adapters.storage.sql.statements import Statements
from ..domain.errors import StorageError
from ..domain.moments import Moment
from ..domain.session import SessionState, fold
from ..projections.engine.read_model import ReadModel, Run
from ..projections.engine.registry import Registration
from ..projections.engine.runs import asked

_LONGEST_RUN = 512
_APART = frozenset(("SessionRewound.v1", "SessionStarted.v1", "SessionDeleted.v1"))
"""Where the lineage changes, a run ends."""


class PastTables:
    """The tables of some read models, as they were at a moment."""

    def __init__(self, reader: Reader, moment: Moment) -> None:
        self._reader = reader
        self._moment = moment
        self._prefixes: dict[str, str] = {}
        # What is lost with the process needs no journal.
        engine = create_engine(
            "sqlite://",
            poolclass=StaticPool,
            creator=lambda: sqlite3.connect("", isolation_level=None, check_same_thread=False),
        )
        raw: Any = engine.raw_connection()
        self._engine, self._raw = engine, raw
        self._connection: sqlite3.Connection = raw.driver_connection
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._statements = Statements(engine.dialect, locks_rows=False)

    def close(self) -> None:
        """Forget them."""
        self._raw.close()
        self._engine.dispose()

    def prefix(self, model: Registration) -> str:
        """How the names of a read model's tables begin. The first who asks has them folded.

        Raises:
            StorageError: there is no room for them.
        """
        if model.name not in self._prefixes:
            prefix = model.prefix("")
            made = model.make(self._engine.dialect, prefix)
            try:
                with self._engine.connect() as connection:
                    made.create(connection)
                self._fold(made)
            except sqlite3.Error as problem:
                raise StorageError(
                    f"the past of {model.name!r} found no room in a temporary file: {problem}; "
                    "TMPDIR names the folder it lies in"
                ) from problem
            self._prefixes[model.name] = prefix
        return self._prefixes[model.name]

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the tables."""
        return self._connection.execute(*self._statements.once(statement)).fetchall()

    def _fold(self, model: ReadModel) -> None:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        # Stream by stream: none of the figures depends on the order in which sessions arrived.
        for key in self._reader.streams():
            stream = self._reader.find(key)
            if stream is None:
                continue
            for run in self._runs(stream, model):
                wanted = asked(model, run)
                if wanted is not None:
                    model.fold(cursor, [wanted])
        cursor.execute("COMMIT")

    def _runs(self, stream: Stream, model: ReadModel) -> Iterator[Run]:
        """What a stream's appends recorded up to the moment."""
        before = SessionState(stream.key)
        for batch in self._batches(stream, model):
            events = [recorded.event for recorded in batch]
            after = fold(before, events)
            yield Run(
                stream.id,
                stream.key,
                batch[-1].recorded_at,
                [recorded.position for recorded in batch],
                [recorded.version for recorded in batch],
                events,
                before,
                after,
            )
            before = after

    def _batches(self, stream: Stream, model: ReadModel) -> Iterator[list[Recorded]]:
        content = "notes" if model.stateful and model.content == "none" else model.content
        batch: list[Recorded] = []
        for recorded in self._reader.events(stream, content=content):
            if not self._moment.saw(recorded):
                break
            same = batch and batch[-1].recorded_at == recorded.recorded_at
            if batch and (not same or recorded.topic in _APART or len(batch) >= _LONGEST_RUN):
                yield batch
                batch = []
            batch.append(recorded)
        if batch:
            yield batch
