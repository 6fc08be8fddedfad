"""Small read models to try the engine with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Connection, Dialect, Integer, MetaData, Table, Text

from turnlog.domain import events as e
from turnlog.projections.engine.read_model import Content, Run


class Heard(Exception):
    """What a read model raises that cannot take an event in."""


class Kinds:
    """How many events of each kind there are, and every title that was given."""

    name: ClassVar[str] = "kinds"
    version: ClassVar[int] = 1
    topics: ClassVar[frozenset[str]] = frozenset({e.TurnRecorded.TOPIC, e.SessionRenamed.TOPIC})
    content: ClassVar[Content] = "notes"
    stateful: ClassVar[bool] = False
    refuses: ClassVar[str | None] = None
    """A title that it cannot take in."""

    def __init__(self, dialect: Dialect, prefix: str) -> None:
        self._mark = "%s" if dialect.name == "postgresql" else "?"
        self.prefix = prefix
        self._metadata = MetaData()
        Table(
            f"{prefix}_kinds",
            self._metadata,
            Column("topic", Text, primary_key=True),
            Column("events", Integer, nullable=False),
        )
        Table(
            f"{prefix}_titles",
            self._metadata,
            Column("stream", BigInteger, primary_key=True, autoincrement=False),
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("title", Text, nullable=False),
        )

    def create(self, connection: Connection) -> None:
        self._metadata.create_all(connection)

    def tables(self) -> list[str]:
        return [table.name for table in self._metadata.sorted_tables]

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        counted: Counter[str] = Counter()
        m = self._mark
        for run in runs:
            for version, event in zip(run.versions, run.events, strict=True):
                counted[event.TOPIC] += 1
                if isinstance(event, e.SessionRenamed):
                    cursor.execute(
                        f"INSERT INTO {self.prefix}_titles VALUES ({m}, {m}, {m})",
                        (run.stream, version, event.title),
                    )
                    if event.title == self.refuses:
                        raise Heard(event.title)
        for topic, count in sorted(counted.items()):
            cursor.execute(
                f"INSERT INTO {self.prefix}_kinds AS k VALUES ({m}, {m}) "
                "ON CONFLICT (topic) DO UPDATE SET events = k.events + excluded.events",
                (topic, count),
            )
