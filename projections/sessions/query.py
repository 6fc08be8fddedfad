"""Asking for sessions: lists, one session, totals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select

from ...domain.keys import SessionKey, names_in
from ...domain.usage import Usage
from .tables import SUMS, SessionTables


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
    begun_at: int
    """When its first event was recorded, by the store's clock."""
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
    def key(self) -> SessionKey:
        """Its key. The ids beside it are as text columns take them: a NUL is ``␀`` there."""
        return SessionKey.parse(self.name)

    @property
    def created_at(self) -> int:
        """When it began by its own account, else when its first event was recorded."""
        return self.first_at if self.first_at is not None else self.begun_at

    @property
    def messages(self) -> int:
        """What was asked and answered on the live branch: its prompts and turns."""
        return self.prompts + self.turns

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


def by_prefix(tables: SessionTables, prefix: str, limit: int = 20) -> Select[Any]:
    """The sessions whose id begins so."""
    s = tables.sessions.c
    return (
        select(tables.sessions)
        .where(*_begins(tables, prefix))
        .order_by(s.session_id, s.project_key)
        .limit(limit)
    )


def strays_by_prefix(tables: SessionTables, prefix: str, limit: int = 20) -> Select[Any]:
    """Of the sessions whose id begins so and that were never recorded: a subagent's row each."""
    s = tables.sessions.c
    other = tables.sessions.alias("other").c
    recorded = select(other.stream).where(other.name == s.main)
    before = select(other.stream).where(other.main == s.main, other.name < s.name)
    return (
        select(tables.sessions)
        .where(
            s.session_id >= prefix,
            s.session_id < prefix + "\U0010ffff",
            s.subpath.is_not(None),
            ~recorded.exists(),
            ~before.exists(),
        )
        .order_by(s.session_id, s.project_key)
        .limit(limit)
    )


def beginning_with(tables: SessionTables, prefix: str) -> Select[Any]:
    """The ids that begin so, of sessions in any state."""
    return select(tables.sessions.c.session_id).where(*_begins(tables, prefix))


def _begins(tables: SessionTables, prefix: str) -> list[ColumnElement[bool]]:
    s = tables.sessions.c
    return [s.session_id >= prefix, s.session_id < prefix + "\U0010ffff", s.subpath.is_(None)]


def latest_in(
    tables: SessionTables, directory: str | None, user_id: str | None, since: int
) -> Select[Any]:
    """The session of a directory that was active last, and after a time: name, version."""
    s = tables.sessions.c
    where = [s.subpath.is_(None), s.presence == "present", s.working_dir == directory]
    if user_id is not None:
        where.append(s.user_id == user_id)
    return (
        select(s.name, s.version)
        .where(*where, s.active_at > since)
        .order_by(s.active_at.desc(), s.stream.desc())
        .limit(1)
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
