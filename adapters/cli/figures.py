"""Figures as people read them, and as programs do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ...domain.usage import Usage
from ...projections.sessions import Spent
from ...reading.figures import day as day
from ...reading.figures import moment as moment
from ...reading.figures import money as money
from ...reading.figures import number as number
from ...reading.figures import size as size
from ...reading.figures import tokens as tokens


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


def counters(usage: Usage) -> dict[str, int]:
    """Token counters by the words that people read."""
    return {
        "input": usage.input_tokens,
        "cache write": usage.cache_creation_input_tokens,
        "cache read": usage.cache_read_input_tokens,
        "output": usage.output_tokens,
    }
