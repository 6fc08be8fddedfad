"""Asking for sessions: lists, one session, totals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from ...domain.keys import names_in
from ...domain.usage import Usage
from .tables import SUMS, SessionTables

PER_PAGE = 50
MOST = 10_000


class Spent(NamedTuple):
    """Tokens and cost of some responses."""

    usage: Usage = Usage()
    cost_nano_usd: int = 0
    unpriced: int = 0
    """Responses whose cost is unknown; it is not in the figure."""
    responses: int = 0
    placeholders: int = 0
    """Responses whose output counter is a placeholder (CLI 2.1.42 and before)."""
    placeholder_output_tokens: int = 0
    """What those tell; ``usage.output_tokens`` includes it."""
    estimated_output_tokens: int = 0
    """What the texts of those take, by a rough estimate; no other figure includes it."""

    @classmethod
    def of(cls, sums: Sequence[Any]) -> Spent:
        """Sums in the order of the tables."""
        values = [int(value or 0) for value in sums]
        return cls(Usage(*values[:6]), *values[6:])

    @property
    def cost_usd(self) -> Decimal:
        """Dollars."""
        return Decimal(self.cost_nano_usd).scaleb(-9)

    def plus(self, other: Spent) -> Spent:
        """The sum."""
        rest = (a + b for a, b in zip(self[1:], other[1:], strict=True))
        return Spent(self.usage.plus(other.usage), *rest)

    def minus(self, other: Spent) -> Spent:
        """What this has beyond another."""
        usage = Usage(*(a - b for a, b in zip(self.usage, other.usage, strict=True)))
        return Spent(usage, *(a - b for a, b in zip(self[1:], other[1:], strict=True)))


class Session(NamedTuple):
    """A session as the lists show it. Times in milliseconds since 1970 UTC."""

    stream: int
    name: str
    main: str
    project_key: str
    session_id: str
    subpath: str | None
    begun_at: int
    """When its first event was recorded, by the store's clock."""
    presence: str
    status: str
    stop_reason: str | None
    title: str | None
    user_id: str | None
    working_dir: str | None
    machine: str | None
    source: str
    called_by: str | None
    forked_from: str | None
    prompts: int
    turns: int
    entries: int
    recorded: int
    gaps: int
    models: tuple[str, ...]
    tags: tuple[str, ...]
    first_at: int | None
    last_at: int | None
    active_at: int
    recorded_at: int
    version: int
    git_branch: str | None
    first_message: str | None
    """The first 100 characters of the first prompt."""
    summary: str | None
    """The newest summary in the transcript."""
    continuations: int
    """How often somebody tried to go on with an interrupted answer."""
    billed: Spent
    """Everything ever spent here, by subagents too; never un-spent."""
    live: Spent
    """What the live branch cost."""
    counted: bool = True
    """Whether what is live here is live in the log: nothing was deleted, nor the call undone."""
    reported_nano_usd: int = 0
    """What the CLI says it cost, subagents included, by our reading of its counters."""
    reports: int = 0
    """How many such counters there are; without any, nothing is known."""
    subagents: int = 0
    own_billed: Spent = Spent()
    own_live: Spent = Spent()
    """Without the subagents."""

    @property
    def cursor(self) -> str:
        """Where the page after this session begins."""
        return f"{self.active_at}:{self.stream}"

    @classmethod
    def of(cls, row: Sequence[Any]) -> Session:
        """A row of the table."""
        head: list[Any] = list(row[:_HEAD])
        head[_MODELS], head[_TAGS] = (tuple(json.loads(head[n])) for n in (_MODELS, _TAGS))
        size = len(SUMS)
        sums = row[_HEAD:]
        billed, live = Spent.of(sums[:size]), Spent.of(sums[size : 2 * size])
        counted, reported, reports = sums[2 * size :]
        flags = bool(counted), int(reported), int(reports)
        return cls._make((*head, billed, live, *flags, 0, billed, live))


_HEAD, _MODELS, _TAGS = (Session._fields.index(name) for name in ("billed", "models", "tags"))


class Filter(NamedTuple):
    """Which sessions are asked for; what is None does not matter."""

    user_id: str | None = None
    project: str | None = None
    """A project's key, or a part of its name."""
    directory: str | None = None
    """A working directory, or one that it lies in."""
    status: str | None = None
    tag: str | None = None
    text: str | None = None
    """A part of the title, in any case."""
    since: int | None = None
    until: int | None = None
    """Milliseconds since 1970 UTC, compared with the last activity."""
    presence: tuple[str, ...] = ("present",)


ALL = Filter()
"""Every session that is not archived or deleted."""


def page(tables: SessionTables, asked: Filter, limit: int, after: str | None) -> Select[Any]:
    """The newest sessions that match, page by page."""
    s = tables.sessions.c
    where: list[ColumnElement[bool]] = [s.subpath.is_(None), s.presence.in_(asked.presence)]
    if asked.user_id is not None:
        where.append(s.user_id == asked.user_id)
    if asked.project is not None:
        where.append(s.project_key.contains(asked.project, autoescape=True))
    if asked.directory is not None:
        inside = asked.directory.rstrip("/") + "/"
        where.append(
            or_(
                s.working_dir == asked.directory,
                s.working_dir.startswith(inside, autoescape=True),
            )
        )
    if asked.status is not None:
        where.append(s.status == asked.status)
    if asked.tag is not None:
        where.append(
            s.stream.in_(select(tables.tags.c.stream).where(tables.tags.c.tag == asked.tag))
        )
    if asked.text is not None:
        where.append(func.lower(s.title).contains(asked.text.lower(), autoescape=True))
    if asked.since is not None:
        where.append(s.active_at >= asked.since)
    if asked.until is not None:
        where.append(s.active_at < asked.until)
    if after is not None:
        active_at, _, stream = after.partition(":")
        at, number = int(active_at), int(stream)
        where.append(or_(s.active_at < at, and_(s.active_at == at, s.stream < number)))
    return (
        select(tables.sessions)
        .where(*where)
        .order_by(s.active_at.desc(), s.stream.desc())
        .limit(min(limit, MOST))
    )


def by_prefix(tables: SessionTables, prefix: str, limit: int = 20) -> Select[Any]:
    """The sessions whose id begins so."""
    s = tables.sessions.c
    return (
        select(tables.sessions)
        .where(
            s.session_id >= prefix,
            s.session_id < prefix + "\U0010ffff",
            s.subpath.is_(None),
        )
        .order_by(s.session_id, s.project_key)
        .limit(limit)
    )


def in_project(tables: SessionTables, project_key: str) -> Select[Any]:
    """A project's sessions that can be loaded: stream, name, version, recorded_at."""
    s = tables.sessions.c
    first, end = names_in(project_key)
    return select(s.stream, s.name, s.version, s.recorded_at).where(
        s.main >= first,
        s.main < end,
        s.subpath.is_(None),
        s.presence == "present",
        or_(s.recorded > 0, and_(s.forked_from.is_not(None), s.entries > 0)),
    )


def of_stream(tables: SessionTables, name: str) -> Select[Any]:
    """One stream's row."""
    return select(tables.sessions).where(tables.sessions.c.name == name)


def subagents_of(tables: SessionTables, mains: Sequence[str]) -> Select[Any]:
    """The rows of some sessions' subagents."""
    return (
        select(tables.sessions)
        .where(tables.sessions.c.main.in_(mains), tables.sessions.c.subpath.is_not(None))
        .order_by(tables.sessions.c.name)
    )


def checkpoints_of(tables: SessionTables, stream: int) -> Select[Any]:
    """A stream's checkpoints by version."""
    return (
        select(tables.checkpoints)
        .where(tables.checkpoints.c.stream == stream)
        .order_by(tables.checkpoints.c.version)
    )


def totals(tables: SessionTables) -> Select[Any]:
    """Everything added up: one row a kind of presence and status."""
    s = tables.sessions.c
    sums = [func.sum(s[f"billed_{name}"]) for name in SUMS]
    sums += [func.sum(s.reported), func.sum(s.reports)]
    main = s.subpath.is_(None)
    return (
        select(
            s.presence,
            s.status,
            main.label("main"),
            func.count(),
            func.sum(s.prompts),
            func.sum(s.turns),
            func.sum(s.recorded),
            *sums,
        )
        .group_by(s.presence, s.status, main)
        .order_by(s.presence, s.status, main)
    )


class Totals(NamedTuple):
    """The whole log in figures."""

    sessions: int = 0
    subagents: int = 0
    prompts: int = 0
    turns: int = 0
    entries: int = 0
    by_status: Mapping[str, int] = MappingProxyType({})
    billed: Spent = Spent()
    live: Spent = Spent()
    """What the live conversations hold: each response once, also where several do."""
    reported_nano_usd: int = 0
    """What the CLI says that sessions cost, where it does."""
    reports: int = 0
    subagents_billed: Spent = Spent()
    """The part of what was billed that subagents took."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[Any]], live: Spent, subagents: Spent) -> Totals:
        """Add the rows of ``totals`` up. Deleted sessions stay in what was billed.

        Args:
            live: the whole log's, from the rollups.
            subagents: what they were billed.
        """
        size = len(SUMS)
        found = cls(live=live, subagents_billed=subagents)
        by_status: dict[str, int] = {}
        for presence, status, main, count, prompts, turns, recorded, *sums in rows:
            billed = Spent.of(sums[:size])
            reported, reports = map(int, sums[size:])
            present = presence in ("present", "archived")
            if main and present:
                by_status[status] = by_status.get(status, 0) + count
            found = found._replace(
                sessions=found.sessions + (count if main and present else 0),
                subagents=found.subagents + (0 if main or not present else count),
                prompts=found.prompts + (int(prompts) if main and present else 0),
                turns=found.turns + (int(turns) if main and present else 0),
                entries=found.entries + int(recorded),
                billed=found.billed.plus(billed),
                reported_nano_usd=found.reported_nano_usd + reported,
                reports=found.reports + reports,
            )
        return found._replace(by_status=by_status)
