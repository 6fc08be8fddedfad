"""Times as they are typed on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ...domain.errors import InvalidPoint

_AGE = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def span(
    since: str | None, until: str | None, zone: str | None = None
) -> tuple[int | None, int | None]:
    """The two ends of a time; None where one is open.

    Args:
        zone: the time zone of what names none; None for the machine's own.

    Raises:
        InvalidPoint: one is no time, or it ends before it begins.
    """
    now = datetime.now(UTC)
    first = milliseconds(since, now, zone) if since else None
    last = milliseconds(until, now, zone) if until else None
    if first is not None and last is not None and first > last:
        raise InvalidPoint(f"--since {since} is later than --until {until}; change them over")
    return first, last


def age(text: str) -> timedelta | None:
    """A length of time as it is typed: ``30m``, ``4h``, ``2d``, ``1w``; None where it is none."""
    found = _AGE.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def milliseconds(text: str, now: datetime | None = None, zone: str | None = None) -> int:
    """A time in milliseconds since 1970 UTC.

    Args:
        text: ISO 8601 (the machine's time zone where it names none), or an age like ``7d``.
        now: what ages count from.
        zone: the time zone of a text that names none; None for the machine's own.

    Raises:
        InvalidPoint: it is neither.
    """
    ago = age(text)
    try:
        if ago is not None:
            moment = (now or datetime.now(UTC)) - ago
        else:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=ZoneInfo(zone)) if zone else moment.astimezone()
    except (ValueError, OverflowError, OSError):
        raise InvalidPoint(
            f"{text!r} is no time; write 2026-01-30, 2026-01-30T14:23Z or an age like 36h, 7d"
        ) from None
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
