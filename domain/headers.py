"""Entries as a rebuild reads them: what their headers say, without the cost of whole events.

The fields are those of the log's columns, in their order, so that a row is one as it is read. They
have the names that the events have, and the state changes by the same rule.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from .events import EntryRecorded, TurnRecorded


class _Columns(NamedTuple):
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


class Header(_Columns):
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
