"""Counters as transcripts and results hold them: tokens, money, and figures that only hold a place.

What is of a kind or size that no counter has is not counted; the entry keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.usage import Usage

_FEW = 8  # characters per output token; a real tokenizer gives 2 to 5


def spelled(total: object) -> str | None:
    """A sum of money as it came; None for what is none."""
    # Python does not spell integers of thousands of digits, and nobody owes that much.
    if type(total) is float or (type(total) is int and abs(total) < 1 << 53):
        return repr(total)
    return None


def count_or_none(value: object) -> int | None:
    """A counter; None for what is none."""
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """The counters of a response in the API's spelling.

    Cache writes without a lifetime are 5-minute ones, the API's default. Source: Anthropic's
    Messages API, ``usage``.
    """
    written = count(usage.get("cache_creation_input_tokens"))
    detail = usage.get("cache_creation")
    hour = 0
    if type(detail) is dict:
        hour = count(detail.get("ephemeral_1h_input_tokens"))
        if not written:
            written = hour + count(detail.get("ephemeral_5m_input_tokens"))
    tools = usage.get("server_tool_use")
    searches = count(tools.get("web_search_requests")) if type(tools) is dict else 0
    return Usage(
        count(usage.get("input_tokens")),
        count(usage.get("output_tokens")),
        count(usage.get("cache_read_input_tokens")),
        max(0, written - hour),
        min(hour, written),
        searches,
    )


def count(value: object) -> int:
    """A counter; 0 for what is none."""
    return count_or_none(value) or 0


def placeholder_for(output_tokens: int, content: object) -> int:
    """How long the text is, where it is far longer than so many tokens can be; else 0."""
    if type(content) is not list:
        return 0
    size = 0
    for block in content:
        if type(block) is dict:
            for field in ("text", "thinking"):
                if type(block.get(field)) is str:
                    size += len(block[field])
            if type(block.get("input")) is dict:
                size += sum(len(v) for v in block["input"].values() if type(v) is str)
    return size if size > _FEW * (output_tokens + 4) else 0
