"""The table of the CLI's own counters, and what each of them goes on from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, bindparam, case, func, select

from ...domain.events import UsageRecorded
from ...domain.lineage import keeps
from ...domain.session import SessionState
from ..prepared import inserting, prepare
from ..printable import printable
from .reported import SAVED, Counter, gained
from .tables import SessionTables

_AT_ONCE = 8
_FEW = f" LIMIT {_AT_ONCE}"


class _Kept(NamedTuple):
    branch: int
    counter: Counter


class Reports:
    """The statements on the table of counters."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        reports, sessions = tables.reports, tables.sessions
        self._insert = inserting(dialect, reports)
        r = reports.c
        kept = (r.version, r.branch, r.source, r.total, r.cli_version, r.since, r.api_ms, r.native)
        newest = select(*kept).order_by(r.version.desc())
        before = r.version < bindparam("before")
        of_stream = newest.where(r.stream == bindparam("stream"), before)
        of_name = newest.join_from(reports, sessions, r.stream == sessions.c.stream).where(
            sessions.c.name == bindparam("name"), before
        )
        self._of_stream = prepare(dialect, of_stream, "stream", "before") + _FEW
        self._of_name = prepare(dialect, of_name, "name", "before") + _FEW

    def take(
        self,
        cursor: Any,
        stream: int,
        events: list[tuple[int, UsageRecorded]],
        state: SessionState,
    ) -> tuple[int, int]:
        """Keep counters.

        Returns:
            What they add to what was reported, in nano-dollars, and how many they are.
        """
        counters = [(v, event, Counter.of(event)) for v, event in events]
        told = [(v, event, counter) for v, event, counter in counters if counter is not None]
        if not told:
            return 0, 0
        past = _Past(self, cursor, stream, state, told[0][0])
        rows = []
        for version, event, counter in told:
            added = past.add(event.branch, counter)
            rows.append(
                (
                    *(stream, version, event.branch, event.source, event.occurred_at),
                    *(event.total_cost_usd, printable(event.cli_version)),
                    *(event.counting_since, event.api_ms, int(event.native)),
                    *(counter.total, added),
                )
            )
        cursor.executemany(self._insert, rows)
        return sum(row[-1] for row in rows), len(rows)

    def newest(self, cursor: Any, of: int | str, before: int) -> Iterator[tuple[int, _Kept]]:
        """The counters of a stream, by its number or its name, the newest first."""
        statement = self._of_stream if isinstance(of, int) else self._of_name
        while True:
            cursor.execute(statement, (of, before))
            found = cursor.fetchall()
            for before, branch, source, total, release, since, api_ms, native in found:
                counter = Counter(source, int(total), release, since, api_ms, bool(native))
                yield before, _Kept(branch, counter)
            if len(found) < _AT_ONCE:
                return


def compared(tables: SessionTables) -> Select[Any]:
    """Of how many sessions there are counters, and what these and their subagents are billed."""
    s, told = tables.sessions.c, tables.sessions.alias("told").c
    mains = select(told.main).where(told.reports > 0)
    is_told = case((s.reports > 0, 1), else_=0)
    return select(func.sum(is_told), func.sum(s.billed_cost)).where(s.main.in_(mains))


class _Past:
    """What the next counter of a stream may go on from."""

    def __init__(
        self, table: Reports, cursor: Any, stream: int, state: SessionState, before: int
    ) -> None:
        self._newest: Counter | None = None
        self._last: _Kept | None = None
        """The last one on the live branch; an error's zeros are none."""
        self._saved: Counter | None = None
        self._older = _by_age(table, cursor, stream, state, before)
        for kept, live in self._older:
            self._newest = self._newest or kept.counter
            if self._counts(kept, live):
                break

    def _counts(self, kept: _Kept, live: bool) -> bool:
        if not (live and kept.counter.total):
            return False
        self._last = self._last or kept
        if self._saved is None and kept.counter.source == SAVED:
            self._saved = kept.counter
        return True

    def _find_saved(self) -> Counter | None:
        # Where results follow one another, what was saved last may lie far back.
        while self._saved is None and (older := next(self._older, None)) is not None:
            self._counts(*older)
        return self._saved

    def add(self, branch: int, counter: Counter) -> int:
        """What one more counter adds, in nano-dollars."""
        last = self._last
        moved = last is None or last.branch != branch
        before = last.counter if last is not None else None
        added = 0
        if self._newest is None or not counter.repeats(self._newest):
            added = gained(counter, before, self._find_saved, moved)
        self._newest = counter
        if counter.total:
            self._last = _Kept(branch, counter)
            self._saved = counter if counter.source == SAVED else self._saved
        return added


def _by_age(
    table: Reports, cursor: Any, stream: int, state: SessionState, before: int
) -> Iterator[tuple[_Kept, bool]]:
    """The counters before a version, and whether each is live, the newest first.

    Those that a fork took over come last; none of them lies on a branch of the fork's own.
    """
    for version, kept in table.newest(cursor, stream, before):
        yield kept, state.is_live(kept.branch, version)
    for segment in reversed(state.lineage):
        if segment.stream is None:
            continue
        end = segment.upto + 1 if segment.upto is not None else 1 << 62
        for version, kept in table.newest(cursor, segment.stream, end):
            if kept.branch == segment.branch and keeps(segment, version):
                yield kept._replace(branch=-1), True
