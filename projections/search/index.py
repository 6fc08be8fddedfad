"""The index: which texts hold which words, and where each text lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, bindparam, select

from ...domain import events as e
from ..engine.read_model import Content, Run
from ..prepared import inserting, prepare, taking_out
from .tables import FIELD_SHIFT, NAME, VERSION, tables_of
from .texts import TOPICS, Decode, texts_of, title_hash
from .words import terms


class SearchIndex:
    """The words of every prompt, answer, tool input, tool result and title.

    Nothing in it says what is live: that follows from the sessions' own state when one searches,
    so that a rewind changes nothing here.
    """

    name: ClassVar[str] = NAME
    version: ClassVar[int] = VERSION
    topics: ClassVar[frozenset[str]] = TOPICS
    content: ClassVar[Content] = "all"
    stateful: ClassVar[bool] = False

    def __init__(self, dialect: Dialect, prefix: str, decode: Decode) -> None:
        self._tables = tables = tables_of(prefix)
        self._decode = decode
        self._on_postgres = dialect.name == "postgresql"
        self._place = inserting(dialect, tables.texts)
        self._base = inserting(dialect, tables.bases)
        words = tables.words.name
        if self._on_postgres:
            self._index = f"INSERT INTO {words} (rowid, words) VALUES (%s, array_to_tsvector(%s))"
        else:
            self._index = f"INSERT INTO {words} (rowid, words) VALUES (?, ?)"
        self._unindex = _unindexing(words, self._on_postgres)
        self._displace = prepare(
            dialect,
            tables.texts.delete().where(tables.texts.c.position == bindparam("position")),
            "position",
        )

        self._places_of = prepare(
            dialect,
            select(tables.texts.c.position).where(tables.texts.c.stream == bindparam("of")),
            "of",
        )
        self._take_out = [taking_out(dialect, table) for table in (tables.texts, tables.bases)]

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        self._tables.create(connection)

    def tables(self) -> Sequence[str]:
        """The names of its tables."""
        return self._tables.names()

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Take in what happened.

        Args:
            cursor: the database driver's, in the transaction that also keeps the position.
        """
        places: list[tuple[Any, ...]] = []
        indexed: list[tuple[int, Any]] = []
        bases: list[tuple[str, int]] = []
        for run in runs:
            happened = zip(run.positions, run.versions, run.events, strict=True)
            for position, version, event in happened:
                if isinstance(event, e.SessionStarted):
                    origins = {segment.stream for segment in event.base if segment.stream}
                    bases.extend((origin, run.stream) for origin in sorted(origins))
                    continue
                rows = list(self._rows(position, event))
                if rows:
                    indexed += rows
                    at = event.occurred_at if event.occurred_at is not None else run.recorded_at
                    place = (position, run.stream, version, *_lies(event), at, _title(event))
                    places.append(place)
        if bases:
            cursor.executemany(self._base, bases)
        if indexed:
            cursor.executemany(self._index, indexed)
            cursor.executemany(self._place, places)

    def forget(
        self, cursor: Any, positions: Sequence[int], events: Sequence[e.SessionEvent]
    ) -> None:
        """Take texts out of the index again, while the log still has them.

        A contentless index can only be told what to remove, so this comes before an erasure.

        Args:
            cursor: the database driver's, in the transaction that erases them.
            positions: of the events, in the log.
            events: with their content, as they were folded.
        """
        for position, event in zip(positions, events, strict=True):
            rows = list(self._rows(position, event))
            if rows and self._on_postgres:
                cursor.executemany(self._unindex, [(number,) for number, _ in rows])
            elif rows:
                cursor.executemany(self._unindex, rows)
            cursor.execute(self._displace, (position,))

    def take_out(self, cursor: Any, stream: int, runs: Sequence[Run]) -> None:
        """Take out the texts of a stream."""
        cursor.execute(self._places_of, (stream,))
        there = {row[0] for row in cursor.fetchall()}
        for run in runs:
            for position, event in zip(run.positions, run.events, strict=True):
                if position in there:
                    self.forget(cursor, [position], [event])
        for statement in self._take_out:
            cursor.execute(statement, (stream,))

    def clear(self, cursor: Any) -> None:
        """Forget everything; from position 0 on it can be folded again."""
        words = self._tables.words.name
        if self._on_postgres:
            cursor.execute(f"DELETE FROM {words}")
        else:
            cursor.execute(f"INSERT INTO {words} ({words}) VALUES ('delete-all')")
        for table in (self._tables.texts, self._tables.bases):
            cursor.execute(f"DELETE FROM {table.name}")

    def optimize(self, cursor: Any) -> None:
        """Write the index anew, so that no page holds a word it was told to forget."""
        if not self._on_postgres:  # there, what was deleted goes when the table is vacuumed
            words = self._tables.words.name
            cursor.execute(f"INSERT INTO {words} ({words}) VALUES ('optimize')")

    def _rows(self, position: int, event: e.SessionEvent) -> Iterator[tuple[int, Any]]:
        for field, text in texts_of(event, self._decode):
            found = terms(text)
            if found:
                number = (field << FIELD_SHIFT) | position
                yield number, found if self._on_postgres else " ".join(found)


def _unindexing(words: str, on_postgres: bool) -> str:
    if on_postgres:
        return f"DELETE FROM {words} WHERE rowid = %s"
    return f"INSERT INTO {words} ({words}, rowid, words) VALUES ('delete', ?, ?)"


def _lies(event: e.SessionEvent) -> tuple[int | None, int | None]:
    """The branch it lies on, and the place where it stands if it came late."""
    if isinstance(event, e.TurnRecorded):
        return event.branch, event.place
    return None, None


def _title(event: e.SessionEvent) -> int | None:
    return title_hash(event.kind, event.title) if isinstance(event, e.SessionRenamed) else None


def index_with(decode: Decode) -> Callable[[Dialect, str], SearchIndex]:
    """Make indexes that read entries so."""
    return lambda dialect, prefix: SearchIndex(dialect, prefix, decode)
