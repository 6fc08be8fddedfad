"""What was spent session by session, and within one by prompt and by turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select

from ..adapters.storage.contract.reader import Reader
from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..projections.printable import printable
from ..projections.sessions import Session, Spent
from ..projections.sessions.filters import MOST, behind
from ..projections.sessions.query import subagents_of
from ..projections.sessions.response import Response, Told
from ..projections.sessions.tables import SessionTables
from ..projections.usage.query import Only, of_streams
from .finding import tables_in

Dimension = Literal[
    "day", "month", "model", "user", "project", "branch", "session", "prompt", "turn"
]


AGENTS = (Told.PROGRESS, Told.RESULT)


class Period(NamedTuple):
    """From a moment up to another one, left out; milliseconds since 1970 UTC."""

    begin: int | None = None
    end: int | None = None

    def holds(self, at: int | None) -> bool:
        """Whether something happened in it; what has no time did only if there are no bounds."""
        if at is None:
            return self == Period()
        after = self.begin is None or at >= self.begin
        return after and (self.end is None or at < self.end)


class Spending(NamedTuple):
    """What one day, model, session, … took."""

    key: str | None
    """Its name; None for what has none (no user, no Git branch, no time)."""
    billed: Spent
    """Each response once in the whole log; never un-spent."""
    live: Spent
    """The part of it that live conversations hold; of a session, all that it shows."""
    subagents: Spent = Spent()
    """The part of what was billed that subagents took."""
    inherited: Spent = Spent()
    """What copies stand here for that another session is billed for; in no other figure."""
    title: str | None = None
    cursor: str | None = None
    """Of a session: where the page after it begins."""
    reported_nano_usd: int | None = None
    """Of a session, over all time: what the CLI says it cost, where it says so."""

    @property
    def tokens(self) -> int:
        """All tokens billed, read and written."""
        return self.billed.usage.total_tokens


def by_session(
    reader: Reader, period: Period, limit: int, after: str | None, only: Only | None = None
) -> list[Spending]:
    """The newest sessions and what they took, page by page."""
    if not 1 <= limit <= MOST:
        raise Refused(f"a page holds 1 to {MOST} sessions, not {limit}")
    tables = tables_in(reader)
    rows = reader.query(_page(tables, period, limit, after, only))
    sessions = [Session.of(row) for row in rows]
    if not sessions:
        return []
    asked = subagents_of(tables, [session.main for session in sessions])
    agents = [Session.of(row) for row in reader.query(asked)]
    streams = {s.stream: s for s in (*sessions, *agents)}
    found: dict[str, list[_Part]] = defaultdict(list)
    for stream, *part in reader.query(of_streams(tables, [*streams], *period)):
        found[streams[stream].main].append(_part(streams[stream], *part))
    return [
        _added_up(s.session_id, found[s.main])._replace(
            title=s.title,
            cursor=s.cursor,
            # The CLI's counters have no times: of a part of a session they say nothing.
            reported_nano_usd=s.reported_nano_usd if s.reports and period == Period() else None,
        )
        for s in sessions
    ]


def _page(
    tables: SessionTables, period: Period, limit: int, after: str | None, only: Only | None
) -> Select[Any]:
    s = tables.sessions.c
    where: list[ColumnElement[bool]] = [s.subpath.is_(None)]
    if only is not None and only.kind == "project":
        where.append(s.project_key.contains(printable(only.value), autoescape=True))
    elif only is not None:
        where.append(func.coalesce(s.user_id, "") == printable(only.value))
    if period.begin is not None:
        where.append(s.active_at >= period.begin)
    if period.end is not None:
        where.append(s.first_at < period.end)
    if after is not None:
        where.append(behind(tables, after))
    newest = (s.active_at.desc(), s.stream.desc())
    return select(tables.sessions).where(*where).order_by(*newest).limit(limit)


def _responses(tables: SessionTables, streams: list[int]) -> Select[Any]:
    r = tables.responses.c
    return select(tables.responses).where(r.stream.in_(streams)).order_by(r.stream, r.turn)


class _Part(NamedTuple):
    billed: bool
    live: bool
    shown: bool
    subagent: bool
    spent: Spent


def _part(session: Session, billed: int, live: int, told: object, *sums: Any) -> _Part:
    subagent = session.subpath is not None
    shown = bool(live) and (session.counted or not subagent)
    return _Part(bool(billed), bool(live), shown, subagent or bool(told), Spent.of(sums))


def _added_up(key: str | None, parts: Iterable[_Part]) -> Spending:
    billed = live = subagents = inherited = Spent()
    for part in parts:
        if part.billed:
            billed = billed.plus(part.spent)
            subagents = subagents.plus(part.spent) if part.subagent else subagents
        elif part.live:
            inherited = inherited.plus(part.spent)
        live = live.plus(part.spent) if part.shown else live
    return Spending(key, billed, live, subagents, inherited)


def within_session(reader: Reader, main: str, by: str, period: Period) -> list[Spending]:
    """The prompts or turns of a session, with what their subagents took."""
    tables = tables_in(reader)
    s, c = tables.sessions.c, tables.calls.c
    rows = reader.query(select(tables.sessions).where(s.main == main).order_by(s.name))
    streams = {session.stream: session for session in map(Session.of, rows)}
    asked = select(c.call, c.prompt).join_from(tables.calls, tables.sessions, c.stream == s.stream)
    prompts = {row[0]: row[1] for row in reader.query(asked.where(s.name == main))}
    found: dict[tuple[int, int, str], list[Response]] = defaultdict(list)
    for row in reader.query(_responses(tables, [*streams])):
        response = Response.of(row)
        if response.told == Told.CLAIM or not period.holds(response.at):
            continue
        session = streams[response.stream]
        prompt = response.prompt
        if session.subpath is not None:
            prompt = prompts.get(session.called_by, 0)
        if by == "prompt":
            found[0, prompt, ""].append(response)
        elif session.subpath is not None:
            name = SessionKey.parse(session.name).subpath or ""
            found[2, prompt, name.rpartition("/")[2]].append(response)
        elif response.told in AGENTS:
            found[2, prompt, "subagents without a transcript"].append(response)
        else:
            found[int(response.turn > 0), response.turn, ""].append(response)
    return [
        _added_up(
            _named(by, key),
            (_part(streams[r.stream], r.billed, r.live, r.told in AGENTS, *r.sums()) for r in all_),
        )._replace(title=_models(all_))
        for key, all_ in sorted(found.items())
    ]


def _named(by: str, key: tuple[int, int, str]) -> str:
    kind, number, name = key
    if name:
        return name
    if by == "prompt":
        return f"prompt {number}" if number else "before any prompt"
    return f"turn {number}" if kind else f"taken over {number + (1 << 30) + 1}"


def _models(responses: list[Response]) -> str | None:
    return ", ".join(dict.fromkeys(r.model for r in responses if r.model)) or None
