"""What was spent, by quarters of an hour and wider spans, for every model, user, project, branch.

Each response is added to a few rows: one a kind and span. Any period is put together of few rows,
so that an answer does not take longer because the log is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, bindparam

from ..prepared import KEYS_DIFFER, prepare, upserting
from .response import NO_SUMS, Told, minus, plus
from .responses import Copy
from .tables import QUARTER, SPANS, SPANS_OF_VALUES, SUMS, UNDATED, SessionTables

SHARDS = 8
"""On PostgreSQL what sessions write at the same time goes to one of so many rows, or each commit
would wait for the one before it."""
_LONGEST = 180


class Cell(NamedTuple):
    """Where a response counts."""

    quarter: int | None
    """Quarters of an hour since 1970 UTC."""
    values: tuple[str, ...]
    """One of each of ``KINDS``."""
    shard: int
    undone: bool = False
    """Whether it is what of the billed sums is undone."""


Cells = dict[Cell, tuple[int, ...]]
"""The sums that are to be added to each."""


def weigh(cells: Cells, copies: Iterable[Copy], sign: int, shards: int) -> None:
    """Add a response to the cells, or take it off: once, whatever copies there are.

    It counts where the copy lies that owns it. It is undone while no copy is part of a live
    conversation.
    """
    owner = None
    shown = False
    for copy in copies:
        if copy.response.billed:
            owner = copy
        shown = shown or copy.shown
    if owner is None:
        return
    row, holder = owner
    subagent = holder.subagent or row.told in (Told.PROGRESS, Told.RESULT)
    cell = Cell(
        row.at // QUARTER if row.at is not None else None,
        (
            "subagents" if subagent else "main",
            named(row.model),
            named(holder.user),
            named(holder.project),
            named(row.git_branch),
        ),
        row.stream % shards,
    )
    sums = row.sums()
    add = plus if sign > 0 else minus
    for touched in (cell,) if shown else (cell, cell._replace(undone=True)):
        there = cells.get(touched, NO_SUMS)
        cells[touched] = add(there, sums) if there is not NO_SUMS or sign < 0 else sums


@lru_cache(maxsize=4096)
def named(text: str | None) -> str:
    """A value as it is kept: empty for none, and no longer than an index takes."""
    if not text:
        return ""
    if len(text) <= _LONGEST:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{text[:_LONGEST]}…{digest}"


class Rollups:
    """The statements on the table of rollups."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        self.shards = SHARDS if dialect.name == "postgresql" else 1
        rollups = tables.rollups
        t = rollups.c
        names = [c.name for c in rollups.columns]
        keys = names[:5]
        self._add, self._add_billed = (
            _adding(dialect, rollups, names[:end]) for end in (len(names), len(keys) + len(SUMS))
        )
        self._clear = prepare(
            dialect,
            rollups.delete().where(
                *(t[name] == bindparam(f"of_{name}") for name in keys),
                t.billed_responses == bindparam("nothing"),
            ),
            *(f"of_{name}" for name in keys),
            "nothing",
        )

    def write(self, cursor: Any, cells: Mapping[Cell, tuple[int, ...]]) -> None:
        """Add what happened. A row of which nothing is left goes: a rebuild would not make it."""
        billed: _Rows = {}
        undone: _Rows = {}
        for cell, change in cells.items():
            if any(change):
                rows = undone if cell.undone else billed
                for place in _places(cell):
                    there = rows.get(place)
                    rows[place] = plus(there, change) if there is not None else change
        # In one order, so that two who write the same rows wait for one another in turn.
        places = sorted({*billed, *undone})
        both = [(p, billed.get(p, NO_SUMS), undone.get(p, NO_SUMS)) for p in places]
        if alone := [(*p, *added) for p, added, less in both if any(added) and not any(less)]:
            cursor.executemany(self._add_billed, alone)
        if whole := [(*p, *added, *less) for p, added, less in both if any(less)]:
            cursor.executemany(self._add, whole)
        if fewer := [(*p, 0) for p, added, _ in both if added[_RESPONSES] < 0]:
            cursor.executemany(self._clear, fewer)


_Rows = dict[tuple[Any, ...], tuple[int, ...]]
_RESPONSES = SUMS.index("responses")


def _adding(dialect: Dialect, rollups: Table, names: list[str]) -> str:
    """An upsert that adds to the columns named behind the keys; the others are left at nothing."""
    inserted = upserting(dialect, rollups, names)
    adding = {name: rollups.c[name] + inserted.excluded[name] for name in names[5:]}
    statement = inserted.on_conflict_do_update(index_elements=names[:5], set_=adding)
    return prepare(dialect, statement, *names) + KEYS_DIFFER


def _places(cell: Cell) -> Iterable[tuple[int, int, int, str, int]]:
    quarter, values, shard, _ = cell
    for kind, value in enumerate(values):
        if quarter is None:
            yield kind, SPANS[-1], UNDATED, value, shard
            continue
        for span in SPANS_OF_VALUES if kind else SPANS:
            yield kind, span, quarter // span * span, value, shard
