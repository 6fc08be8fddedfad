"""The SDK's ``ResultMessage``, or the same line of the CLI's own output: what it counts."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from ...domain.entry import RESULT
from ...domain.errors import Refused
from ...domain.results import Result
from ..storage.encoding.json_bytes import encode
from .counting import count_or_none, spelled
from .sdk_messages import field

LONGEST = 10_000
"""Bytes of the counters by model; no session has met so many models."""
_TOLD = ("uuid", "session_id", "total_cost_usd", "duration_ms", "duration_api_ms", "num_turns")


def read_result(message: object, occurred_at: int | None = None) -> Result | None:
    """What a result counts; None where it tells no cost.

    Args:
        message: a ``ResultMessage``, or an object of the CLI's ``stream-json``.
        occurred_at: when it came, milliseconds since 1970 UTC.

    Raises:
        Refused: it is no result.
    """
    told = _told(message)
    counter = spelled(told["total_cost_usd"])
    if counter is None:
        return None
    return Result(
        _identity(told),
        counter,
        count_or_none(told["duration_api_ms"]),
        _by_model(told["model_usage"]),
        occurred_at,
    )


def session_of(message: object) -> str:
    """The id of the session that a result is of.

    Raises:
        Refused: it is no result, or names no session.
    """
    name = _told(message)["session_id"]
    if not isinstance(name, str) or not name:
        raise Refused(f"this result names no session ({name!r:.80}); give its key")
    return name


def _told(message: object) -> dict[str, Any]:
    told = {name: field(message, name) for name in (*_TOLD, "model_usage")}
    if isinstance(message, Mapping):
        told["model_usage"] = message.get("modelUsage", told["model_usage"])
        is_result = message.get("type", "result") == "result" and "total_cost_usd" in message
    else:
        is_result = hasattr(message, "total_cost_usd")
    if not is_result:
        raise Refused(
            f"{message!r:.80} is no result: give the ResultMessage that ends an answer of the SDK"
        )
    return told


def _identity(told: Mapping[str, Any]) -> bytes:
    """A result is known by its uuid, else by its figures."""
    uuid = told["uuid"]
    parts = [uuid] if isinstance(uuid, str) and uuid else [repr(told[name]) for name in _TOLD]
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return RESULT + blake2b(text, digest_size=12).digest()


def _by_model(usage: object) -> str | None:
    """Names of models with their numbers; what else stands there is none of a counter's."""
    if not isinstance(usage, Mapping):
        return None
    kept = {
        model: {
            name: value
            for name, value in counters.items()
            if isinstance(name, str) and type(value) in (int, float)
        }
        for model, counters in usage.items()
        if isinstance(model, str) and isinstance(counters, Mapping)
    }
    data, careful = encode(kept)
    return data.decode("utf-8") if kept and not careful and len(data) <= LONGEST else None
