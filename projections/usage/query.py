"""Asking the rollups: any period as the few rows that cover it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, union_all

from ..sessions.tables import KINDS, SPANS, SUMS, UNDATED, SessionTables

WIDEST = SPANS[-1]
_COLUMNS = tuple(f"{of}_{name}" for of in ("billed", "undone") for name in SUMS)


class Piece(NamedTuple):
    """Rows of one span: from ``begin`` up to ``end``, left out, in quarters of an hour."""

    span: int
    begin: int
    end: int


def pieces(begin: int, end: int, spans: Sequence[int] = SPANS) -> Iterator[Piece]:
    """The rows that cover a period: the widest in the middle, narrower ones at both ends.

    Args:
        begin: quarters of an hour since 1970 UTC.
        end: the first that is left out.
        spans: ascending, each a multiple of the one before it.
    """
    if begin >= end:
        return
    narrow, wide = spans[0], spans[1] if len(spans) > 1 else None
    if wide is None:
        yield Piece(narrow, begin, end)
        return
    first, last = -(-begin // wide) * wide, end // wide * wide
    if first >= last:
        yield Piece(narrow, begin, end)
        return
    if begin < first:
        yield Piece(narrow, begin, first)
    yield from pieces(first, last, spans[1:])
    if last < end:
        yield Piece(narrow, last, end)


def by_value(
    tables: SessionTables, kind: str, begin: int | None = None, end: int | None = None
) -> Select[Any]:
    """The sums of each model, user, project, branch or thread.

    Args:
        begin, end: quarters of an hour since 1970 UTC; without either, all there is, undated
            responses included.
    """
    r = tables.rollups.c
    of_kind = r.kind == KINDS.index(kind)
    sums = [func.sum(r[name]).label(name) for name in _COLUMNS]
    if begin is None and end is None:
        asked = select(r.value, *sums).where(of_kind, r.span == WIDEST)
        return asked.group_by(r.value).order_by(r.value)
    # What covers a half-open period is bounded by what a quarter can be.
    found = [
        select(r.value, *(r[name] for name in _COLUMNS)).where(
            of_kind, r.span == piece.span, r.start >= piece.begin, r.start < piece.end
        )
        for piece in pieces(begin if begin is not None else -_FAR, end if end is not None else _FAR)
    ]
    rows = union_all(*found).subquery() if found else None
    if rows is None:
        return select(r.value, *sums).where(literal(False)).group_by(r.value)
    added = [func.sum(rows.c[name]).label(name) for name in _COLUMNS]
    return select(rows.c.value, *added).group_by(rows.c.value).order_by(rows.c.value)


_FAR = WIDEST * 100_000  # some 8,700 years


def days_with_data(
    tables: SessionTables, begin: int | None = None, end: int | None = None
) -> Select[Any]:
    """The UTC days in which something was spent, as quarters of an hour since 1970."""
    r = tables.rollups.c
    where = [r.kind == 0, r.span == 96, r.start > UNDATED]
    if begin is not None:
        where.append(r.start > begin - 96)
    if end is not None:
        where.append(r.start < end)
    return select(r.start).where(*where).distinct().order_by(r.start)


def by_day(
    tables: SessionTables, span: int, offset: int, begin: int, end: int, only: tuple[str, str]
) -> Select[Any]:
    """The sums of local days that all have one offset.

    Args:
        span: of the rows to add up.
        offset: of local time, in quarters of an hour; a multiple of the span.
        begin, end: the period.
        only: a kind, and the value of which days are asked; empty for all values.

    Returns:
        The day, counted from 1970 in local time, and the sums.
    """
    r = tables.rollups.c
    kind, value = only
    where = [
        r.kind == KINDS.index(kind),
        r.span == span,
        r.start >= begin,
        r.start < end,
    ]
    if value:
        where.append(r.value == value)
    day = _floored(r.start + (offset + _FAR))
    sums = [func.sum(r[name]) for name in _COLUMNS]
    return select(day.label("day"), *sums).where(*where).group_by(day).order_by(day)


def _floored(quarters: Any) -> Any:
    # Both databases cut integer quotients towards zero; far enough from it that is the floor.
    return quarters.op("/")(96) - _FAR // 96


def undated(tables: SessionTables, kind: str, value: str) -> Select[Any]:
    """The sums of responses without a time."""
    r = tables.rollups.c
    where = [r.kind == KINDS.index(kind), r.span == WIDEST, r.start == UNDATED]
    if value:
        where.append(r.value == value)
    return select(literal(0), *(func.sum(r[name]) for name in _COLUMNS)).where(*where)
