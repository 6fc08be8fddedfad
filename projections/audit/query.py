"""Asking for deeds: page by page, the newest first."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select

from ...domain.keys import SessionKey
from ..sessions.tables import SessionTables
from .tables import AuditTables

MOST = 10_000


class AuditFilter(NamedTuple):
    """Which deeds are asked for; what is empty or None does not matter."""

    session: SessionKey | None = None
    """This one and its subagents, or one subagent."""
    kinds: tuple[str, ...] = ()
    """As ``SessionRewound``; of several, any."""
    actor: str | None = None
    source: str | None = None
    """sdk, import, api or transcript."""
    project: str | None = None
    """A project's key, or a part of it."""
    user_id: str | None = None
    since: int | None = None
    until: int | None = None
    """Milliseconds since 1970 UTC, by the store's clock."""


EVERYTHING = AuditFilter()


class DeedRow(NamedTuple):
    """A row of the trail."""

    position: int
    version: int
    kind: str
    source: str
    actor: str | None
    recorded_at: int
    name: str
    """The stream's text id."""
    user_id: str | None


class MovedRow(NamedTuple):
    """A response that is billed to another session from an event on."""

    position: int
    version: int
    name: str
    """The text id of the stream that it is billed to now,"""
    user_id: str | None
    origin: str
    """and of the one that it was billed to."""
    cost: int | None
    """Nano-dollars."""


def moves(t: SessionTables, asked: AuditFilter, limit: int, before: int | None) -> Select[Any]:
    """The newest moves from or to the sessions that are asked for, at any time."""
    m = t.moves.c
    to, origin = t.sessions.alias("here"), t.sessions.alias("there")
    where: list[ColumnElement[bool]] = []
    if asked.session is not None:
        name = asked.session.stream_id
        where.append(or_(*(c == name for s in (to.c, origin.c) for c in (s.main, s.name))))
    if asked.project is not None:
        part = asked.project
        of = (s.c.project_key.contains(part, autoescape=True) for s in (to, origin))
        where.append(or_(*of))
    if asked.user_id is not None:
        where.append(or_(to.c.user_id == asked.user_id, origin.c.user_id == asked.user_id))
    where += [m.position < before] if before is not None else []
    columns = (m.position, m.version, to.c.name, to.c.user_id, origin.c.name, m.cost)
    return (
        select(*columns)
        .join_from(t.moves, to, m.to_stream == to.c.stream)
        .join(origin, m.from_stream == origin.c.stream)
        .where(*where)
        .order_by(m.position.desc())
        .limit(limit)
    )


def page(t: AuditTables, asked: AuditFilter, limit: int, before: int | None) -> Select[Any]:
    """The newest deeds that match; only before a position."""
    d, s = t.deeds.c, t.streams.c
    where: list[ColumnElement[bool]] = []
    if asked.session is not None:
        name = asked.session.stream_id
        where.append(or_(s.main == name, s.name == name))
    if asked.kinds:
        where.append(d.kind.in_(asked.kinds))
    if asked.actor is not None:
        where.append(d.actor == asked.actor)
    if asked.source is not None:
        where.append(d.source == asked.source)
    if asked.project is not None:
        where.append(s.project_key.contains(asked.project, autoescape=True))
    if asked.user_id is not None:
        where.append(s.user_id == asked.user_id)
    if asked.since is not None:
        where.append(d.recorded_at >= asked.since)
    if asked.until is not None:
        where.append(d.recorded_at < asked.until)
    if before is not None:
        where.append(d.position < before)
    columns = (d.position, d.version, d.kind, d.source, d.actor, d.recorded_at, s.name, s.user_id)
    return (
        select(*columns)
        .join_from(t.deeds, t.streams, d.stream == s.stream)
        .where(*where)
        .order_by(d.position.desc())
        .limit(limit)
    )
