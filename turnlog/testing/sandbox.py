"""A projection folded in a database of its own, in memory, as the log would do it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import StaticPool

from ..adapters.storage.encoding.rows import from_row, to_row
from ..domain.events import EntryRecorded, SessionEvent, TurnRecorded
from ..domain.recorded import Recorded
from ..projections.engine.own import model_of
from ..projections.engine.projection import Projection
from ..projections.engine.read_model import Content, Run

Tables = dict[str, list[dict[str, Any]]]
"""Every row of every table, by key."""


class Sandbox:
    """The tables of a projection, empty at first.

    Raises:
        InvalidProjection: the class cannot be kept as a projection.
    """

    def __init__(self, projection: type[Projection]) -> None:
        self._projection = projection
        kind = model_of(projection)
        self._model = kind(sqlite.dialect(), f"{kind.name}_v{kind.version}")
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        with self._engine.begin() as connection:
            self._model.create(connection)
        self._raw = self._engine.raw_connection()
        driver: Any = self._raw.driver_connection
        self._connection: sqlite3.Connection = driver
        self._connection.isolation_level = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()
        self._engine.dispose()

    def read(self, batch: Sequence[Recorded]) -> list[Recorded]:
        """What the projection wants of a batch, with as much content as it asks for."""
        topics, content = self._model.topics, self._model.content
        return [
            recorded._replace(event=as_read(recorded.event, content))
            for recorded in batch
            if recorded.topic in topics
        ]

    def fold(self, batch: Sequence[Recorded]) -> None:
        """Fold what was read of a batch, in one transaction.

        Raises:
            Exception: what the fold raises; nothing of the batch is then kept.
        """
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("BEGIN")
            try:
                self._model.fold(cursor, [_run(append) for append in appends(batch)])
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    def tables(self) -> Tables:
        """What its tables hold."""
        with closing(self._connection.cursor()) as cursor:
            rows = self._model.rows(cursor)
            return {name: rows.find(name) for name in self._projection.tables}


def appends(batch: Sequence[Recorded]) -> list[list[Recorded]]:
    """Events as they were recorded together."""
    together = groupby(batch, lambda recorded: (recorded.stream, recorded.recorded_at))
    return [list(append) for _, append in together]


def _run(recorded: list[Recorded]) -> Run:
    first = recorded[0]
    return Run(
        stream=0,
        key=first.key,
        recorded_at=first.recorded_at,
        positions=[r.position for r in recorded],
        versions=[r.version for r in recorded],
        events=[r.event for r in recorded],
        before=None,
        after=None,
    )


def as_read(event: SessionEvent, content: Content) -> SessionEvent:
    """An event as the log gives it to a projection that asks for so much content."""
    row, body, _ = to_row(event)
    is_entry = isinstance(event, TurnRecorded | EntryRecorded)
    if content == "none" or (content == "notes" and is_entry):
        body = None
    return from_row(event.TOPIC, row, body)
