"""Figures as people read them: money, tokens, times, sizes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from ..projections.sessions import Spent

_CENT = Decimal("0.01")


def money(spent: Spent) -> str:
    """Dollars; a plus where the cost of some responses is unknown, a question mark where of all."""
    cost = spent.cost_usd
    if spent.unpriced and not cost:
        return "?"
    more = "+" if spent.unpriced else ""
    if not cost:
        return "-"
    if cost < _CENT:
        return f"<$0.01{more}"
    return f"${cost.quantize(_CENT, ROUND_HALF_EVEN):,}{more}"


def tokens(count: int) -> str:
    """A number of tokens in three or four characters."""
    for size, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if count >= size:
            value = count / size
            return f"{value:.1f}{unit}" if value < 99.95 else f"{value:.0f}{unit}"
    return str(count)


def size(count: int) -> str:
    """A number of bytes."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return f"{count} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def number(count: int, singular: str, plural: str | None = None) -> str:
    """A number with its word."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def moment(milliseconds: int | None) -> str:
    """A time in the machine's time zone."""
    if milliseconds is None:
        return "-"
    try:
        local = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
    return local.isoformat(" ", "minutes")[:16]


def day(milliseconds: int | None) -> str:
    """A day in the machine's time zone; of today, the time."""
    told = moment(milliseconds)
    return f"{told[11:]} today" if told[:10] == today() else told[:10]


def today() -> str:
    """The day it is."""
    return datetime.now().astimezone().strftime("%Y-%m-%d")
