"""What the header of an event says, and entries as a rebuild reads them: as their headers alone.

The fields are those of the log's columns, in their order, so that a row is one as it is read,
without the cost of whole events. They have the names that the events have, and the state changes
by the same rule.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from .events import EntryRecorded, TurnRecorded


class Columns(NamedTuple):
    """The columns of any event's header, in the order in which they are written and hashed."""

    branch: int
    occurred_at: int | None
    identity: bytes | None
    marks: int | None
    turn: int | None
    prompt: int | None
    parent: int | None
    before: int | None
    place: int | None
    facts: str | None


class Header(Columns):
    """The header of an entry."""

    __slots__ = ()
    TOPIC: ClassVar[str]


class TurnHeader(Header):
    """The header of a ``TurnRecorded``."""

    __slots__ = ()
    TOPIC = TurnRecorded.TOPIC


class EntryHeader(Header):
    """The header of an ``EntryRecorded``."""

    __slots__ = ()
    TOPIC = EntryRecorded.TOPIC
