"""What was spent, by quarters of an hour and wider spans, for every model, user, project, branch.

Each response is added to a few rows: one a kind and span. Any period is put together of few rows,
so that an answer does not take longer because the log is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from ..prepared import KEYS_DIFFER, prepare
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


Cells = dict[Cell, tuple[int, ...]]
"""What is to be added to each: the billed sums, then what of them is undone."""


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
    change = (*sums, *(NO_SUMS if shown else sums))
    there = cells.get(cell)
    if sign > 0:
        cells[cell] = plus(there, change) if there is not None else change
    else:
        cells[cell] = minus(there if there is not None else (*NO_SUMS, *NO_SUMS), change)


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
        upsert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        self._add, self._add_billed = (
            _adding(dialect, upsert(rollups), rollups, names[:end])
            for end in (len(names), len(keys) + len(SUMS))
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
        rows: dict[tuple[Any, ...], tuple[int, ...]] = {}
        for cell, change in cells.items():
            if any(change):
                for place in _places(cell):
                    there = rows.get(place)
                    rows[place] = plus(there, change) if there is not None else change
        changed = sorted((place, change) for place, change in rows.items() if any(change))
        if not changed:
            return
        rows_billed, rows_undone = [], []
        for place, change in changed:
            if any(change[_SIZE:]):
                rows_undone.append((*place, *change))
            else:
                rows_billed.append((*place, *change[:_SIZE]))
        if rows_billed:
            cursor.executemany(self._add_billed, rows_billed)
        if rows_undone:
            cursor.executemany(self._add, rows_undone)
        fewer = [(*p, 0) for p, change in changed if change[_RESPONSES] < 0]
        if fewer:
            cursor.executemany(self._clear, fewer)


_RESPONSES = SUMS.index("responses")
_SIZE = len(SUMS)


def _adding(dialect: Dialect, upsert: Any, rollups: Table, names: list[str]) -> str:
    """An upsert that adds to the columns named behind the keys; the others are left at nothing."""
    inserted = upsert.values({name: bindparam(name) for name in names})
    adding = {name: rollups.c[name] + inserted.excluded[name] for name in names[5:]}
    statement = inserted.on_conflict_do_update(index_elements=names[:5], set_=adding)
    return prepare(dialect, statement, *names) + KEYS_DIFFER


def _places(cell: Cell) -> Iterable[tuple[int, int, int, str, int]]:
    quarter, values, shard = cell
    for kind, value in enumerate(values):
        if quarter is None:
            yield kind, SPANS[-1], UNDATED, value, shard
            continue
        for span in SPANS_OF_VALUES if kind else SPANS:
            yield kind, span, quarter // span * span, value, shard
