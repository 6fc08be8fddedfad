"""Figures as people read them: money, tokens, times, sizes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from ...domain.usage import Usage
from ...projections.sessions import Spent

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


def iso(milliseconds: int | None) -> str | None:
    """A time as ISO 8601 in UTC."""
    if milliseconds is None:
        return None
    try:
        told = datetime.fromtimestamp(milliseconds // 1000, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
    return f"{told.isoformat()}.{milliseconds % 1000:03d}Z"  # strftime writes the year 1 as "1"


def dollars(nano: int) -> str:
    """Nano-dollars as a decimal text of dollars, exact."""
    text = f"{Decimal(nano).scaleb(-9):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usage_json(usage: Usage) -> dict[str, Any]:
    """Token counters in the SDK's spelling."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_creation_input_tokens": usage.cache_creation_input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_creation_5m,
            "ephemeral_1h_input_tokens": usage.cache_creation_1h,
        },
        "web_search_requests": usage.web_search_requests,
    }


def spent_json(spent: Spent) -> dict[str, Any]:
    """Counters and cost; the cost as a decimal text."""
    return {
        **usage_json(spent.usage),
        "cost_usd": dollars(spent.cost_nano_usd),
        "unpriced_responses": spent.unpriced,
        "responses": spent.responses,
        "placeholder_responses": spent.placeholders,
        "placeholder_output_tokens": spent.placeholder_output_tokens,
        "estimated_output_tokens": spent.estimated_output_tokens,
    }
