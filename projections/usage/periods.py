"""Local days and months over UTC quarters of an hour.

The offset of local time is asked for where something was spent, and where it changes a day is
parted there: days on which the clock is set last 23 or 25 hours.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...domain.errors import Refused
from ..sessions.tables import QUARTER

DAY = 96
"""Quarters of an hour."""
_EPOCH = date(1970, 1, 1)

Offset = Callable[[int], int]
"""Of local time from UTC at a moment; both in quarters of an hour."""


class Run(NamedTuple):
    """A time through which local time has one offset; all in quarters of an hour."""

    begin: int
    end: int
    offset: int


def offset_in(zone: str | None) -> Offset:
    """How a time zone's clock differs from UTC.

    Args:
        zone: its IANA name, as ``Europe/Berlin``; None for the machine's own.

    Raises:
        Refused: there is no such time zone.
    """
    if zone is None:
        return _of_machine
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused(
            f"{zone!r} is no time zone; write its IANA name, as Europe/Berlin or UTC"
        ) from None

    def offset(quarter: int) -> int:
        try:
            moment = datetime.fromtimestamp(quarter * QUARTER // 1000, UTC)
            told = moment.astimezone(info).utcoffset() or timedelta()
        except (OverflowError, ValueError, OSError):
            return 0
        return int(told.total_seconds()) // (QUARTER // 1000)

    return offset


def _of_machine(quarter: int) -> int:
    try:
        return time.localtime(quarter * QUARTER // 1000).tm_gmtoff // (QUARTER // 1000)
    except (OverflowError, ValueError, OSError):
        return 0


def runs(days: Iterable[int], offset: Offset) -> list[Run]:
    """The times of one offset that hold some UTC days.

    Args:
        days: where each begins, ascending.
    """
    found: list[Run] = []
    for begin in days:
        end = begin + DAY
        first, last = offset(begin), offset(end - 1)
        if first == last:
            parts = [Run(begin, end, first)]
        else:
            change = begin + bisect_left(range(DAY), True, key=lambda n: offset(begin + n) != first)
            parts = [Run(begin, change, first), Run(change, end, offset(change))]
        for part in parts:
            if found and found[-1].offset == part.offset:
                # Nothing was spent between them.
                found[-1] = found[-1]._replace(end=part.end)
            else:
                found.append(part)
    return found


def day_text(day: int) -> str:
    """A day, counted from 1970, as ``2026-01-30``."""
    try:
        return (_EPOCH + timedelta(days=day)).isoformat()
    except OverflowError:
        return f"day {day}"


def span_of(offset: int) -> int:
    """The widest span of which local days are made at an offset."""
    return next(span for span in (DAY, 4, 1) if offset % span == 0)


def quarters(begin_ms: int | None, end_ms: int | None) -> tuple[int | None, int | None]:
    """The quarters of an hour that hold a period."""
    begin = begin_ms // QUARTER if begin_ms is not None else None
    end = -(-end_ms // QUARTER) if end_ms is not None else None
    return begin, end
