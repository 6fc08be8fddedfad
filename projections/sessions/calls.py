"""Subagents and their calls: what a subagent spent is live as long as the entry that called it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, bindparam, select

from ...domain.keys import SessionKey
from ...domain.session import THERE, SessionState
from ..prepared import prepare, upserting
from ..printable import printable
from .lines import Line
from .responses import ResponseTable
from .rollups import Cells, named, weigh
from .tables import SessionTables

_Call = tuple[int, str, int, int, int, int, int]


class Calls:
    """Which subagents count in the log's live totals, and whose call each is."""

    def __init__(self, dialect: Dialect, tables: SessionTables, responses: ResponseTable) -> None:
        self._responses = responses
        calls, sessions = tables.calls, tables.sessions
        c, s = calls.c, sessions.c
        names = [column.name for column in calls.columns]
        inserted = upserting(dialect, calls, names)
        again = {name: inserted.excluded[name] for name in names[2:]}
        self._keep = prepare(
            dialect,
            inserted.on_conflict_do_update(index_elements=names[:2], set_=again),
            *names,
        )
        self._of = prepare(
            dialect, select(calls).where(c.stream == bindparam("stream")).order_by(c.call), "stream"
        )
        self._revive = prepare(
            dialect,
            calls.update()
            .where(c.stream == bindparam("of_stream"), c.call == bindparam("of_call"))
            .values(live=bindparam("live")),
            "live",
            "of_stream",
            "of_call",
        )
        lock = select(s.counted).where(s.stream == bindparam("stream"))
        self._counted = prepare(dialect, lock.with_for_update(), "stream")
        self._subagents = prepare(
            dialect,
            select(s.stream, s.presence, s.called_by, s.counted)
            .where(s.main == bindparam("main"), s.subpath.is_not(None))
            .order_by(s.stream),
            "main",
        )
        self._main = prepare(
            dialect, select(s.stream, s.presence).where(s.name == bindparam("name")), "name"
        )
        self._call = prepare(
            dialect,
            select(c.live).where(c.stream == bindparam("stream"), c.call == bindparam("call")),
            "stream",
            "call",
        )
        self._count = prepare(
            dialect,
            sessions.update()
            .where(s.stream == bindparam("of"))
            .values(counted=bindparam("counted")),
            "counted",
            "of",
        )

    # -- a subagent --------------------------------------------------------------------------

    def was_counted(self, cursor: Any, stream: int) -> bool:
        """Whether a subagent counted before this append; nobody else changes it meanwhile."""
        cursor.execute(self._counted, (stream,))
        row = cursor.fetchone()
        return row is not None and bool(row[0])

    def is_counted(self, cursor: Any, key: SessionKey, state: SessionState) -> bool:
        """Whether a subagent counts: its session is not deleted, nor its call undone."""
        if state.presence not in THERE:
            return False
        cursor.execute(self._main, (key.main.stream_id,))
        main = cursor.fetchone()
        if main is None:
            return True
        if main[1] not in THERE:
            return False
        if state.called_by is None:
            return True
        cursor.execute(self._call, (main[0], _shown(state.called_by)))
        call = cursor.fetchone()
        return call is None or bool(call[0])

    # -- their session -----------------------------------------------------------------------

    def keep(self, cursor: Any, rows: list[_Call]) -> None:
        """Keep the calls of subagents."""
        cursor.executemany(self._keep, rows)

    def revive(self, cursor: Any, stream: int, line: Line) -> None:
        """The lineage changed: say of every call if it is live."""
        cursor.execute(self._of, (stream,))
        changed = []
        for _, call, branch, place, late, _, live in cursor.fetchall():
            now = line.has(None, branch, place, late)
            if now != bool(live):
                changed.append((int(now), stream, call))
        if changed:
            cursor.executemany(self._revive, changed)

    def recount(
        self, cursor: Any, stream: int, state: SessionState, cells: Cells, shards: int
    ) -> None:
        """Say of every subagent of a session if it counts, and what that adds or takes off."""
        main = state.key.stream_id
        cursor.execute(self._subagents, (main,))
        found = cursor.fetchall()
        if not found:
            return
        self._responses.lock_sessions(cursor, [row[0] for row in found])
        cursor.execute(self._of, (stream,))
        live = {row[1]: bool(row[6]) for row in cursor.fetchall()}
        shown = state.presence in THERE
        cursor.execute(self._subagents, (main,))
        for subagent, presence, called_by, counted in cursor.fetchall():
            now = shown and presence in THERE and live.get(_shown(called_by), True)
            if now != bool(counted):
                self._toggle(cursor, subagent, now, cells, shards)
                cursor.execute(self._count, (int(now), subagent))

    def _toggle(self, cursor: Any, stream: int, counted: bool, cells: Cells, shards: int) -> None:
        for copies in self._responses.groups(cursor, stream).values():
            weigh(cells, copies, -1, shards)
            after = [
                copy._replace(holder=copy.holder._replace(counted=counted))
                if copy.response.stream == stream
                else copy
                for copy in copies
            ]
            weigh(cells, after, +1, shards)


def call_row(
    stream: int, call: str, version: int, place: int | None, branch: int, prompt: int, live: bool
) -> _Call:
    """A call as it is kept."""
    at = place if place is not None else version
    late = version if place is not None else 0
    return stream, _shown(call), branch, at, late, prompt, int(live)


def _shown(call: str | None) -> str:
    return named(printable(call))
