"""What was spent, by day, month, model, user, project, branch, session, prompt or turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import NamedTuple, get_args

from ..adapters.storage.contract.reader import Reader
from ..domain.errors import Refused
from ..projections.sessions import Spent
from ..projections.sessions.tables import SPANS, SPANS_OF_VALUES, SUMS
from ..projections.usage.periods import (
    Offset,
    day_text,
    offset_in,
    quarters,
    runs,
    span_of,
)
from ..projections.usage.query import Only, by_day, by_value, days_with_data, pieces, undated
from ..projections.usage.sums import Sums
from .finding import tables_in
from .usage_of_sessions import Dimension, Period, Spending, by_session, within_session

DIMENSIONS: tuple[str, ...] = get_args(Dimension)
OF_VALUES = ("model", "user", "project", "branch")
WITHIN = ("prompt", "turn")


class Asked(NamedTuple):
    """Which figures are wanted."""

    by: str
    period: Period = Period()
    tz: str | None = None
    session: str | None = None
    """The stream of a session; figures by prompt or turn are always one's."""
    limit: int = 50
    """Of sessions."""
    after: str | None = None
    only: Only | None = None
    """Of one model, user, project or branch alone: figures by day, month or session."""


def only_of(**values: str | None) -> Only | None:
    """The one model, user, project or branch that is named.

    Raises:
        Refused: several are, of which no figures are kept together.
    """
    named = [Only(kind, value) for kind, value in values.items() if value is not None]
    if len(named) > 1:
        kinds = " and ".join(f"one {only.kind}" for only in named)
        raise Refused(f"no figures are kept of {kinds} together; name one of them")
    return named[0] if named else None


def usage(reader: Reader, asked: Asked) -> list[Spending]:
    """What was spent, each response counted once.

    Returns:
        Days and months in their order, sessions the newest first, prompts and turns as the session
        has them, all else the dearest first.

    Raises:
        Refused: there is no such dimension or time zone, the period ends before it begins, the
            dimension needs a session, or has none, or is not kept for one value of another.
    """
    by, period = asked.by, asked.period
    if by not in DIMENSIONS:
        raise Refused(f"{by!r} is nothing to tell figures by; take one of {', '.join(DIMENSIONS)}")
    if period.begin is not None and period.end is not None and period.begin >= period.end:
        raise Refused("the period ends before it begins; --since comes before --until")
    offset = offset_in(asked.tz)
    if asked.only is not None:
        _check_only(by, asked.only.kind)
        if asked.only.kind in ("user", "branch"):
            value = reader.texts.name(asked.only.value) or ""
            asked = asked._replace(only=asked.only._replace(value=value))
    if by in WITHIN:
        if asked.session is None:
            raise Refused(f"figures by {by} are those of one session; name it")
        return within_session(reader, asked.session, by, period)
    if asked.session is not None:
        raise Refused(f"the figures of one session go by prompt or turn, not by {by}")
    if by == "session":
        return by_session(reader, period, asked.limit, asked.after, asked.only)
    if by in ("day", "month"):
        return _by_date(reader, by, period, offset, asked.only)
    return _by_value(reader, by, period)


def _check_only(by: str, kind: str) -> None:
    kept = {"day": OF_VALUES, "month": OF_VALUES, "session": ("user", "project")}
    if kind not in kept.get(by, ()):
        ways = [name for name, kinds in kept.items() if kind in kinds]
        raise Refused(f"the figures of one {kind} go by {' or '.join(ways)}, not by {by}")


def _by_value(reader: Reader, kind: str, period: Period) -> list[Spending]:
    rows = reader.query(by_value(tables_in(reader), kind, *quarters(*period)))
    found = [_spending(row[0] or None, Sums.read(row[1:])) for row in rows]
    return sorted(found, key=lambda s: (-s.billed.cost_nano_usd, -s.tokens, s.key or ""))


def _by_date(
    reader: Reader, by: str, period: Period, offset: Offset, only: Only | None
) -> list[Spending]:
    length = len("2026-01") if by == "month" else None
    found: dict[str | None, dict[str, list[int]]] = {}
    for day, thread, sums in _days(reader, period, offset, only):
        thread = "main" if only is not None else thread
        there = found.setdefault(day[:length] if day is not None else None, {})
        # A day may be parted, and a year has many: what is added is not yet put into words.
        known = there.get(thread)
        there[thread] = list(map(add, known, sums)) if known is not None else sums
    dated = sorted(key for key in found if key is not None)
    return [_of_threads(key, **found[key]) for key in (*dated, *([None] if None in found else []))]


def _of_threads(
    key: str | None, main: Sequence[int] = (), subagents: Sequence[int] = ()
) -> Spending:
    whole = list(map(add, main, subagents)) if main and subagents else main or subagents
    part = Spent.of(subagents[:_SIZE]) if subagents else Spent()
    return _spending(key, Sums.read(whole))._replace(subagents=part)


def _days(
    reader: Reader, period: Period, offset: Offset, only: Only | None
) -> Iterator[tuple[str | None, str, list[int]]]:
    """The local days, each as often as it is parted, by thread."""
    tables = tables_in(reader)
    begin, end = quarters(*period)
    days = [row[0] for row in reader.query(days_with_data(tables, begin, end))]
    for run in runs(days, offset):
        first = run.begin if begin is None else max(begin, run.begin)
        last = run.end if end is None else min(end, run.end)
        widest = span_of(run.offset)
        spans = [span for span in (SPANS if only is None else SPANS_OF_VALUES) if span <= widest]
        for piece in pieces(first, last, spans):
            for day, thread, *sums in reader.query(by_day(tables, piece, run.offset, only)):
                yield day_text(int(day)), thread, sums
    if begin is None and end is None:
        for thread, *sums in reader.query(undated(tables, only)):
            yield None, thread, sums


_SIZE = len(SUMS)


def _spending(key: str | None, sums: Sums) -> Spending:
    return Spending(key, sums.billed, sums.live)


def total(rows: Iterable[Spending]) -> Spending:
    """What some rows add up to."""
    found = Spending(None, Spent(), Spent())
    for row in rows:
        found = Spending(
            None,
            found.billed.plus(row.billed),
            found.live.plus(row.live),
            found.subagents.plus(row.subagents),
            found.inherited.plus(row.inherited),
        )
    return found
