"""What the CLI says that a session cost: raw counters, and what each adds by our reading of them.

The counters are running totals with subagents in them. Which counter a process goes on from has
changed: up to CLI 2.1.276 a resumed process starts at zero, from 2.1.277 on at the ``cost-state``
that it was given. After a rewind that is the one that ``load`` handed out, so that a smaller total
is no reset. An error may carry zeros.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Dialect, bindparam, select

from ...domain.events import UsageRecorded
from ...domain.session import SessionState
from ..prepared import prepare
from .tables import SessionTables

POLICY = 1
"""The version of the reading in ``gained``. Another one is another version of the read model."""
_MOST = 10**18  # nano-dollars: nobody owes a billion dollars
_Row = tuple[int, int, int, str, int | None, str, int, int]


def nano_dollars(counter: str) -> int | None:
    """A counter in nano-dollars; None for what is no sum of money."""
    try:
        value = Decimal(counter)
        if not value.is_finite() or value < 0:
            return None
        nano = value.scaleb(9)
        return int(nano.to_integral_value()) if nano < _MOST else None
    except (InvalidOperation, ValueError):
        return None


def gained(total: int, given: int) -> int:
    """What a counter adds.

    Args:
        total: the counter.
        given: the last counter on the live branch, which a process goes on from.

    Returns:
        The difference. A counter below the one given began at zero; zero itself is an error's.
    """
    return total - given if total >= given else total


class Reports:
    """The statements on the table of counters."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        reports = tables.reports
        names = [c.name for c in reports.columns]
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        self._insert = prepare(dialect, reports.insert().values(values), *names)
        r = reports.c
        self._of = prepare(
            dialect,
            select(r.version, r.branch, r.total)
            .where(r.stream == bindparam("stream"))
            .order_by(r.version.desc()),
            "stream",
        )

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
        cursor.execute(self._of, (stream,))
        given = next(
            (
                int(total)
                for version, branch, total in cursor.fetchall()
                if state.is_live(branch, version)
            ),
            0,
        )
        rows: list[_Row] = []
        for version, event in events:
            counter = event.total_cost_usd or ""
            total = nano_dollars(counter)
            if total is None:
                continue
            added = gained(total, given)
            source, at = event.source, event.occurred_at
            rows.append((stream, version, event.branch, source, at, counter, total, added))
            given = total or given
        if rows:
            cursor.executemany(self._insert, rows)
        return sum(row[-1] for row in rows), len(rows)
