"""Events as rows of an export."""

from __future__ import annotations

import base64
import re
from typing import Any

from ..domain import events as e
from ..domain.entry import Mark, is_anonymous, uuid_text
from ..domain.events.plain import plain
from ..domain.recorded import Recorded
from ..domain.usage import Usage
from ..projections.printable import printable
from .columns import EVENTS, known_time
from .formats import encode

_NAMES = [column.name for column in EVENTS]
_HEADER = frozenset(("branch", "occurred_at", "place", "identity", "body"))
"""Fields that have columns of their own for every event."""
_HALF = re.compile("[\ud800-\udfff]")


def event_row(recorded: Recorded) -> tuple[Any, ...]:
    """An event in the order of the columns."""
    event, key = recorded.event, recorded.key
    row: dict[str, Any] = {
        "position": recorded.position,
        "project_key": printable(key.project_key),
        "gen_ai.conversation.id": printable(key.session_id),
        "subpath": printable(key.subpath),
        "version": recorded.version,
        "event": recorded.topic,
        "recorded_at": recorded.recorded_at,
        "occurred_at": known_time(event.occurred_at),
        "branch": event.branch,
        "place": event.place,
        "fields": json_text(_fields(event)),
    }
    if isinstance(event, e.TurnRecorded | e.EntryRecorded):
        row.update(_entry(event))
    elif isinstance(event, e.UsageRecorded):
        row.update(_usage(event))
    elif isinstance(event, e.StatusChanged):
        row.update(status=event.status, stop_reason=printable(event.stop_reason))
    elif isinstance(event, e.EntryConflicted):
        row["entry"] = _canonical(event.body)
    elif isinstance(event, e.EntryCorrupted) and event.body:
        row["entry"] = json_text({"base64": base64.b64encode(event.body).decode()})
    return tuple(map(row.get, _NAMES))


def happened_at(recorded: Recorded) -> int:
    """When an event happened by its own account, else by the log's clock."""
    occurred_at = known_time(recorded.event.occurred_at)
    return recorded.recorded_at if occurred_at is None else occurred_at


def json_text(value: Any) -> str:
    """JSON without half surrogates and control characters, which texts of a database refuse."""
    return _whole(encode(value))


def token_columns(usage: Usage) -> dict[str, int]:
    """Counters under OpenTelemetry's names and under ours."""
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens + read + written,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "input_tokens": usage.input_tokens,
        "cache_creation_5m": usage.cache_creation_5m,
        "cache_creation_1h": usage.cache_creation_1h,
        "web_search_requests": usage.web_search_requests,
    }


def _entry(event: e.TurnRecorded | e.EntryRecorded) -> dict[str, Any]:
    identity = event.identity
    return {
        "uuid": printable(uuid_text(identity)) if identity and not is_anonymous(identity) else None,
        "kind": printable(event.kind),
        "is_prompt": bool(event.marks & Mark.PROMPT),
        "prompt": event.prompt,
        "turn": event.turn,
        "entry": _canonical(event.body),
    }


def _usage(event: e.UsageRecorded) -> dict[str, Any]:
    row = {
        "turn": event.turn,
        "gen_ai.response.id": printable(event.message_id),
        "request_id": printable(event.request_id),
        "gen_ai.response.model": printable(event.model),
    }
    if event.total_cost_usd is None:
        row.update(token_columns(event.counters), placeholder=event.quality == "placeholder")
    return row


def _canonical(body: bytes) -> str | None:
    if not body:
        return None  # it was not asked for, or was erased
    return _whole(body.partition(b"\n")[0].decode("utf-8", "surrogatepass"))


def _fields(event: e.SessionEvent) -> dict[str, Any]:
    told = {}
    for name, field in type(event).model_fields.items():
        value = getattr(event, name)
        if name not in _HEADER and value is not None and value != field.default:
            told[name] = plain(value)
    return told


def _whole(text: str) -> str:
    # JSON can spell half a surrogate, which no encoding of text holds.
    return text if text.isascii() else _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
