"""Figures of the whole log, or of some sessions, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select

from ...domain.session import THERE
from .filters import Filter, matching
from .query import Spent
from .tables import SUMS, SessionTables


def totals(tables: SessionTables, asked: Filter | None = None) -> Select[Any]:
    """Everything added up: one row a kind of presence and status.

    Args:
        asked: only of these sessions, and of their subagents.
    """
    one = tables.sessions.alias("one")
    s = one.c
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
        .where(*_within(tables, s.main, asked))
        .group_by(s.presence, s.status, main)
        .order_by(s.presence, s.status, main)
    )


def spent_by(tables: SessionTables, asked: Filter) -> Select[Any]:
    """What some sessions and their subagents are billed for, and what they hold live: each apart.

    The first column says whether the row is of the sessions themselves.
    """
    one = tables.sessions.alias("one")
    s = one.c
    sums: list[ColumnElement[Any]] = [s[f"billed_{name}"] for name in SUMS]
    sums += [s[f"live_{name}"] * s.counted for name in SUMS]
    main = s.subpath.is_(None)
    within = _within(tables, s.main, asked)
    return select(main.label("main"), *map(func.sum, sums)).where(*within).group_by(main)


def _within(
    tables: SessionTables, main: ColumnElement[Any], asked: Filter | None
) -> list[ColumnElement[bool]]:
    if asked is None:
        return []
    return [main.in_(select(tables.sessions.c.name).where(*matching(tables, asked)))]


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
    reported_sessions: int = 0
    """Of how many sessions the CLI says what they cost,"""
    reported_priced_nano_usd: int = 0
    """and what these were billed for."""

    @property
    def average_turns(self) -> float:
        """Turns a session; 0 where there is none."""
        return self.turns / self.sessions if self.sessions else 0.0

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
            present = presence in THERE
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
