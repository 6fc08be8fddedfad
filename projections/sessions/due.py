"""Asking for the sessions that retention is about, and for those that share what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, or_, select, tuple_

from ...domain.session import THERE
from .tables import SessionTables

PAGE = 1_000
Last = tuple[int, int]
"""When something was recorded of the last session of a page, and the number of its stream."""


def silent(tables: SessionTables, before: int, after: Last | None = None) -> Select[Any]:
    """The active sessions of which nothing was recorded since a time, the longest silent first.

    Args:
        before: milliseconds since 1970 UTC, by the store's clock.
        after: where the page before ended.
    """
    s = tables.sessions.c
    active = s.presence.in_(THERE), s.status == "active"
    return _oldest(tables, before, after, active)


def ended(
    tables: SessionTables,
    before: int,
    statuses: Sequence[str],
    presences: Sequence[str],
    after: Last | None = None,
) -> Select[Any]:
    """The sessions that ended, and of which nothing was recorded since a time, the oldest first.

    What was deleted goes on no more, whatever its status.
    """
    s = tables.sessions.c
    over = or_(s.status.in_(statuses), s.presence == "deleted")
    return _oldest(tables, before, after, (s.presence.in_(presences), over))


def _oldest(
    tables: SessionTables,
    before: int,
    after: Last | None,
    where: tuple[ColumnElement[bool], ...],
) -> Select[Any]:
    s = tables.sessions.c
    if after is not None:
        where = (*where, tuple_(s.recorded_at, s.stream) > tuple_(*map(literal, after)))
    of_it = tables.sessions.alias("of_it")
    # A session goes on while one of its subagents does.
    younger = select(of_it.c.stream).where(of_it.c.main == s.main, of_it.c.recorded_at >= before)
    return (
        select(tables.sessions)
        .where(s.subpath.is_(None), *where, ~younger.exists())
        .order_by(s.recorded_at, s.stream)
        .limit(PAGE)
    )


def forks_of(tables: SessionTables, names: Sequence[str]) -> Select[Any]:
    """The sessions that began as forks of some streams, and are not erased."""
    s = tables.sessions.c
    return (
        select(tables.sessions)
        .where(s.forked_from.in_(names), s.presence != "erased")
        .order_by(s.name)
    )


def copies_of(tables: SessionTables, streams: Sequence[int]) -> Select[Any]:
    """The streams elsewhere that hold copies of responses which some streams hold.

    A fork holds none of what it took over.
    """
    r = tables.responses.c
    theirs = tables.responses.alias("theirs")
    shared = select(theirs.c.key).where(theirs.c.stream.in_(streams), theirs.c.origin.is_(None))
    holders = select(r.stream).where(
        r.key.in_(shared), r.stream.not_in(streams), r.origin.is_(None)
    )
    s = tables.sessions.c
    return (
        select(tables.sessions)
        .where(s.stream.in_(holders), s.presence != "erased")
        .order_by(s.name)
    )


def named(tables: SessionTables, session_id: str) -> Select[Any]:
    """Where a session's id is in the log: the presence of each."""
    s = tables.sessions.c
    return select(s.presence).where(s.session_id == session_id, s.subpath.is_(None))
