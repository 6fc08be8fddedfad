"""A transcript counted as one would by hand, from the entries alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from turnlog.domain.usage import NOTHING, Usage

from .entries import Entry


@dataclass
class Figures:
    """What some entries add up to."""

    prompts: int = 0
    turns: int = 0
    entries: int = 0
    usage: Usage = NOTHING
    titles: dict[str, str] = field(default_factory=dict)
    status: str = "active"


def add_up(entries: Iterable[Entry]) -> Figures:
    """Count the entries of a ``Transcript``, as far as the machine lets agents write them."""
    found = Figures()
    responses: dict[str, Usage] = {}
    for entry in entries:
        found.entries += 1
        match entry["type"]:
            case "user":
                found.status = "active"
                if is_prompt(entry):
                    found.prompts += 1
                    found.titles.setdefault("prompt", entry["message"]["content"])
            case "assistant":
                message = entry["message"]
                best = responses.get(message["id"], NOTHING)
                responses[message["id"]] = best.best(usage_of(entry))
                found.status = _status(message)
            case "ai-title":
                found.titles["ai"] = entry["aiTitle"]
    found.turns = len(responses)
    for usage in responses.values():
        found.usage = found.usage.plus(usage)
    return found


def is_prompt(entry: Entry) -> bool:
    """Whether somebody asked something; what tools answer is no text but a list."""
    return entry["type"] == "user" and isinstance(entry["message"]["content"], str)


def _status(message: dict[str, Any]) -> str:
    if message["stop_reason"] == "end_turn":
        return "complete"
    calls = any(block["type"] == "tool_use" for block in message["content"])
    return "incomplete" if calls else "active"


def usage_of(entry: Entry) -> Usage:
    """The counters of an assistant's entry."""
    told: dict[str, Any] = entry["message"]["usage"]
    created = told["cache_creation"]
    return Usage(
        told["input_tokens"],
        told["output_tokens"],
        told["cache_read_input_tokens"],
        created["ephemeral_5m_input_tokens"],
        created["ephemeral_1h_input_tokens"],
        told.get("server_tool_use", {}).get("web_search_requests", 0),
    )
