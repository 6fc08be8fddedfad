"""What users write to have a read model of their own: a name, a version, tables and a fold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ...domain.errors import InvalidProjection
from ...domain.events import EVENTS, EntryRecorded, SessionEvent, TurnRecorded
from ...domain.recorded import Recorded
from .read_model import Content
from .registry import Policy
from .table import LONGEST_TABLE, NAME, Table
from .working_set import Rows

LONGEST = 30
"""Characters of a projection's name."""
GREATEST_VERSION = 99_999
_VERSIONED = re.compile(r"_v\d")


class Projection:
    """A read model of your own: derive from it, declare what it is, and write its fold.

    It is caught up behind the log, in batches, each with its position in one transaction: every
    event is folded exactly once, in the log's order.
    """

    name: ClassVar[str]
    """Small letters, digits and ``_``; at most 30. Its tables carry it."""
    version: ClassVar[int] = 1
    """Raise it with every change of the tables or of the fold: the rows are then folded anew."""
    wants: ClassVar[tuple[type[SessionEvent], ...]]
    """The kinds of event it folds; others are not even read."""
    content: ClassVar[Content] = "notes"
    """What is read of the events' content: ``notes`` is all but the entries themselves, ``all``
    has them too, ``none`` leaves every text of a person or a model empty and is the fastest."""
    policy: ClassVar[Policy] = "pause"
    """What becomes of an event that the fold raises for: ``pause`` waits before it and tries it
    again, ``set aside`` notes it and goes on without it."""
    tables: ClassVar[Mapping[str, Table]]
    """Its tables by their names."""

    def fold(self, rows: Rows, recorded: Recorded) -> None:
        """Take one event in: what it does to the rows.

        It depends on nothing but the rows and the event: no clock, no chance, no other table,
        nothing kept in the object. ``turnlog.testing.check_projection`` finds out.

        Args:
            rows: the tables, held in memory for the batch.
            recorded: the event with its position, its session's ``key``, its version and time.

        Raises:
            Exception: what is raised undoes what the event did to the rows; see ``policy``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fold")

    def __setattr__(self, name: str, value: object) -> None:
        raise InvalidProjection(
            f"{type(self).__name__}.{name}: a projection keeps nothing but its rows, or a "
            "rebuild would not give the same; put it into a table"
        )


def check_declaration(projection: Any) -> type[Projection]:
    """Make sure that a class can be kept as a projection.

    Raises:
        InvalidProjection: what is wrong with its declaration.
    """
    if not (isinstance(projection, type) and issubclass(projection, Projection)):
        raise InvalidProjection(
            f"{projection!r:.80} is no projection; give a class that derives from "
            "turnlog.Projection"
        )
    told = projection.__qualname__
    name = getattr(projection, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST:
        raise InvalidProjection(
            f"{told}: {name!r} is no name for a projection; take small letters, digits and _, a "
            f"letter first, at most {LONGEST} of them"
        )
    if _VERSIONED.search(name):
        raise InvalidProjection(
            f"{told}: the name {name!r} looks like one with a version, which its tables get by "
            "themselves; leave out the _v"
        )
    version: Any = projection.version
    if type(version) is not int or not 1 <= version <= GREATEST_VERSION:
        raise InvalidProjection(
            f"{told}: a version is a number from 1 to {GREATEST_VERSION}, not {version!r}"
        )
    if projection.content not in ("none", "notes", "all"):
        raise InvalidProjection(
            f"{told}: content is none, notes or all, not {projection.content!r}"
        )
    if projection.policy not in ("pause", "set aside"):
        raise InvalidProjection(f"{told}: policy is pause or set aside, not {projection.policy!r}")
    if projection.fold is Projection.fold:
        raise InvalidProjection(f"{told} has no fold; write `def fold(self, rows, recorded)`")
    _check_events(told, getattr(projection, "wants", None))
    _check_tables(told, getattr(projection, "tables", None))
    return projection


def _check_events(told: str, wants: Any) -> None:
    if not isinstance(wants, tuple | list | set | frozenset) or not wants:
        raise InvalidProjection(
            f"{told} wants no events; list their kinds, as `wants = (events.UsageRecorded,)`"
        )
    for kind in wants:
        if kind not in EVENTS.values():
            raise InvalidProjection(
                f"{told} wants {kind!r:.80}, which is no kind of event; see turnlog.events"
            )


def _check_tables(told: str, tables: Any) -> None:
    if not isinstance(tables, Mapping) or not tables:
        raise InvalidProjection(
            f'{told} has no tables; declare them as `tables = {{"days": Table(…)}}`'
        )
    for name, table in tables.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_TABLE:
            raise InvalidProjection(
                f"{told}: {name!r} is no name for a table; take small letters, digits and _, a "
                f"letter first, at most {LONGEST_TABLE} of them"
            )
        if not isinstance(table, Table):
            raise InvalidProjection(f"{told}: the table {name!r} is {table!r:.80}, not a Table")


def content_of(projection: type[Projection]) -> Content:
    """How much has to be read: no more than the events that it wants hold."""
    fields = [kind for kind in projection.wants if kind.CONTENT]
    if not fields:
        return "none"
    if projection.content == "all" and not _has_body(projection):
        return "notes"
    return projection.content


def _has_body(projection: type[Projection]) -> bool:
    return any(kind in (TurnRecorded, EntryRecorded) for kind in projection.wants)
