"""What a list of the SDK's messages says: which session it is of, what it cost, how many turns.

Fields are looked up by name, so that it makes no difference which release of the SDK the messages
are of, or whether they are the CLI's own ``stream-json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ...domain.errors import Refused
from .counting import count_or_none, spelled


class MessageFigures(NamedTuple):
    """What some messages say."""

    session_id: str | None
    """Of the last message that names one; None where none does."""
    cost_usd: Decimal | None
    """Dollars, by the counters of their results; None without any."""
    turns: int
    """Responses of the model, subagents' left out."""
    num_turns: int | None
    """The SDK's own figure, of the last result: it counts results of tools too."""


def field(message: object, name: str) -> Any:
    """A field of a message, or of an object of the CLI's; None where it has none."""
    if isinstance(message, Mapping):
        return message.get(name)
    return getattr(message, name, None)


def figures_of(messages: Iterable[object]) -> MessageFigures:
    """What a list of messages says, as ``query()`` or ``receive_response()`` gave them.

    Args:
        messages: in their order; what has none of the fields says nothing.

    Raises:
        Refused: it is no list of messages.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise Refused(f"figures_of takes a list of messages, not one {type(messages).__name__}")
    listed = list(messages)
    names = [name for message in listed if (name := _session_of(message)) is not None]
    results = [message for message in listed if field(message, "total_cost_usd") is not None]
    told = [field(message, "num_turns") for message in listed]
    counted = [n for n in map(count_or_none, told) if n is not None]
    return MessageFigures(
        names[-1] if names else None,
        _cost(results),
        _turns(listed),
        counted[-1] if counted else None,
    )


def _session_of(message: object) -> str | None:
    name = field(message, "session_id")
    if name is None:
        data = field(message, "data")  # a SystemMessage holds the CLI's object
        name = data.get("session_id") if isinstance(data, Mapping) else None
    return name if isinstance(name, str) and name else None


def _cost(results: Iterable[object]) -> Decimal | None:
    """Running totals: one that is smaller than the one before, in money or time, began at zero."""
    found, last, last_ms = None, Decimal(0), 0
    for result in results:
        total = Decimal(spelled(field(result, "total_cost_usd")) or "nan")
        if not total.is_finite() or total < 0:
            continue
        milliseconds = count_or_none(field(result, "duration_api_ms")) or 0
        found = found or Decimal(0)
        if not total:  # an error's: no reset
            continue
        began = total < last or milliseconds < last_ms
        found += total if began else total - last
        last, last_ms = total, milliseconds
    return found


def _turns(messages: Iterable[object]) -> int:
    """Responses come block by block; those of one are known by their ``message_id``."""
    named, unnamed = set(), 0
    for message in messages:
        inner = field(message, "message")  # of stream-json
        response = inner if isinstance(inner, Mapping) else message
        model = field(response, "model")
        if not isinstance(model, str) or model == "<synthetic>":
            continue
        if field(message, "parent_tool_use_id") is not None:
            continue
        name = field(message, "message_id") or field(response, "id")
        if isinstance(name, str):
            named.add(name)
        else:
            unnamed += 1
    return len(named) + unnamed
