"""Asking the rollups: any period as the few rows that cover it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
)

from ..printable import printable
from ..sessions.response import Told
from ..sessions.rollups import named
from ..sessions.tables import COUNTERS, KINDS, SPANS, SPANS_OF_VALUES, SUMS, UNDATED, SessionTables

WIDEST = SPANS[-1]
_COLUMNS = ", ".join(f"{of}_{name}" for of in ("billed", "undone") for name in SUMS)
# One element in place of two dozen: putting the statement together would take longer than it does.
_EACH: Any = literal_column(_COLUMNS)
_ADDED: Any = literal_column(", ".join(f"sum({name})" for name in _COLUMNS.split(", ")))


class Only(NamedTuple):
    """One model, user, project or branch, of which alone figures are asked for."""

    kind: str
    value: str
    """Of a project, any part of its name; else the whole name, empty for none."""


def _of(tables: SessionTables, only: Only | None) -> list[ColumnElement[bool]]:
    """The rows to add up: those of threads, which hold everything, or those of one value."""
    r = tables.rollups.c
    if only is None:
        return [r.kind == 0]
    value = printable(only.value) or ""
    is_it = r.value == named(value)
    if only.kind == "project":
        is_it = r.value.contains(value, autoescape=True)
    return [r.kind == KINDS.index(only.kind), is_it]


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
    if begin is None and end is None:
        asked = select(r.value, _ADDED).where(of_kind, r.span == WIDEST)
        return asked.group_by(r.value).order_by(r.value)
    # What covers a half-open period is bounded by what a quarter can be.
    found = [
        select(r.value, _EACH).where(
            of_kind, r.span == piece.span, r.start >= piece.begin, r.start < piece.end
        )
        for piece in pieces(
            begin if begin is not None else -_FAR,
            end if end is not None else _FAR,
            SPANS_OF_VALUES if KINDS.index(kind) else SPANS,
        )
    ]
    rows = union_all(*found).subquery() if found else None
    if rows is None:
        return select(r.value, _ADDED).where(literal(False)).group_by(r.value)
    return select(rows.c.value, _ADDED).group_by(rows.c.value).order_by(rows.c.value)


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
    tables: SessionTables, piece: Piece, offset: int, only: Only | None = None
) -> Select[Any]:
    """The sums of local days that all have one offset, the sessions' own and their subagents'.

    Args:
        piece: the rows to add up.
        offset: of local time, in quarters of an hour; a multiple of the rows' span.

    Returns:
        The day, counted from 1970 in local time, the thread (or the one value), and the sums.
    """
    r = tables.rollups.c
    day = _floored(r.start + (offset + _FAR))
    return (
        select(day.label("day"), r.value, _ADDED)
        .where(
            *_of(tables, only),
            r.span == piece.span,
            r.start >= piece.begin,
            r.start < piece.end,
        )
        .group_by(text("1"), r.value)  # PostgreSQL takes two parameters for two expressions
    )


def by_quarter(tables: SessionTables, begin: int | None, end: int | None) -> Select[Any]:
    """The sums of each quarter of an hour in which something was spent."""
    r = tables.rollups.c
    where = [r.kind == 0, r.span == 1]
    where += [r.start >= begin] if begin is not None else []
    where += [r.start < end] if end is not None else []
    return select(r.start, _ADDED).where(*where).group_by(r.start).order_by(r.start)


def _floored(quarters: Any) -> Any:
    # Both databases cut integer quotients towards zero; far enough from it that is the floor.
    return quarters // 96 - _FAR // 96


def undated(tables: SessionTables, only: Only | None = None) -> Select[Any]:
    """The sums of responses without a time, by thread, or of one value."""
    r = tables.rollups.c
    where = (*_of(tables, only), r.span == WIDEST, r.start == UNDATED)
    return select(r.value, _ADDED).where(*where).group_by(r.value)


def of_streams(
    tables: SessionTables, streams: Sequence[int], begin: int | None, end: int | None
) -> Select[Any]:
    """The sums of some streams' responses, apart by what they are to their stream.

    Args:
        begin, end: the period, in milliseconds since 1970 UTC.

    Returns:
        The stream, whether it is billed for them, whether they are live, whether they are a
        subagent's that its session tells of, and the sums.
    """
    r = tables.responses.c
    doubtful = r.placeholder == 1
    estimate = (r.characters * 2 + 6) // 7  # as domain.usage.estimated_tokens
    best = case((estimate > r.output_tokens, estimate), else_=r.output_tokens)
    told = r.told.in_((Told.PROGRESS, Told.RESULT)).label("told")
    where = [r.stream.in_(streams), r.told != Told.CLAIM]
    where += [r.at >= begin] if begin is not None else []
    where += [r.at < end] if end is not None else []
    return (
        select(
            r.stream,
            r.billed,
            r.live,
            told,
            *(func.sum(r[name]) for name in COUNTERS),
            func.sum(r.cost),
            func.count() - func.count(r.cost),
            func.count(),
            func.sum(r.placeholder),
            func.sum(case((doubtful, r.output_tokens), else_=0)),
            func.sum(case((doubtful, best), else_=0)),
        )
        .where(*where)
        .group_by(r.stream, r.billed, r.live, text("4"))
    )
