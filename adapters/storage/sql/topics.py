"""The short numbers that stand for topics in rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ....domain.events import SessionEvent
from .cursor import Cursor


class Topics:
    """The topics' short numbers, as the database knows them."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def load(self, cursor: Cursor) -> None:
        """Read the table again: another process may have added to it."""
        cursor.execute("SELECT id, name FROM topics")
        for number, name in cursor.fetchall():
            self._ids[name], self._names[number] = number, name

    def name(self, cursor: Cursor, number: int) -> str:
        """The topic of a number."""
        if number not in self._names:
            self.load(cursor)
        return self._names[number]

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of some topics that are not known here to be in the table."""
        return [name for name in names if name not in self._ids]

    def numbers(self, cursor: Cursor, names: Collection[str]) -> list[int]:
        """The numbers of those topics that are in the table."""
        if self.missing(names):
            self.load(cursor)
        return [self._ids[name] for name in names if name in self._ids]

    def of(self, cursor: Cursor, events: Sequence[SessionEvent]) -> dict[str, int]:
        """The numbers of some events' topics, by topic."""
        if self.missing(event.TOPIC for event in events):
            self.load(cursor)
        return self._ids

    def number(self, cursor: Cursor, name: str) -> int:
        """The number of a topic, which must be in the table."""
        if name not in self._ids:
            self.load(cursor)
        return self._ids[name]
