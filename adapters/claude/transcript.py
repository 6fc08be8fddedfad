"""The meaning of one transcript entry.

The format is the CLI's own and changes without notice: whatever is not understood is taken as it
is, and nothing here ever refuses an entry. Sources: the rules on prompts, turns and titles in
docs/words.md, measured on CLI 1.0 to 2.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from ...domain.entry import Entry, Mark, identity_of
from ...domain.usage import Usage

_SUBAGENT_TOOLS = frozenset(("Task", "Agent"))
# What the CLI writes in the person's name: interrupts, the output of commands, notices.
_NOT_ASKED = (
    "[Request interrupted",
    "<local-command-stdout",
    "<local-command-stderr",
    "<local-command-caveat",
    "<bash-stdout",
    "<bash-stderr",
    "<task-notification",
)
_COMMAND = ("<command-", "<bash-input")
_ENDED = frozenset(("end_turn", "stop_sequence"))
_FEW = 8  # characters per output token; a real tokenizer gives 2 to 5


def understand(
    entry: Mapping[str, Any],
    body: bytes,
    session_id: str,
    careful: bool = False,
    raw: bytes | None = None,
    main: bool = True,
) -> Entry:
    """Read what an entry says of itself.

    Args:
        entry: the decoded entry.
        body: its canonical bytes.
        session_id: of the stream it arrives in.
        careful: whether only the careful decoder reads the bytes back exactly.
        raw: the line as it was found, where it was spelled otherwise.
        main: whether the stream is the session's own, not a subagent's.
    """
    kind = entry.get("type")
    uuid = entry.get("uuid")
    parent = entry.get("parentUuid")
    marks = 0
    if careful:
        marks |= Mark.CAREFUL
    if raw is not None:
        marks |= Mark.RAW
    common = (
        body if raw is None else body + b"\n" + raw,
        sha256(body).digest(),
        kind if type(kind) is str else "",
        marks,
        identity_of(uuid) if type(uuid) is str and uuid else None,
        identity_of(parent) if type(parent) is str and parent else None,
        milliseconds(entry.get("timestamp")),
    )
    read = _READERS.get(kind) if type(kind) is str else None
    plain = Entry._make(common + _REST)
    if read is None:
        return _located(plain, entry)
    return read(plain, entry, session_id, main)


_REST = tuple(Entry._field_defaults[name] for name in Entry._fields[7:])


def _located(entry: Entry, found: Mapping[str, Any]) -> Entry:
    directory = found.get("cwd")
    return entry._replace(working_dir=directory) if type(directory) is str else entry


def _assistant(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    marks = entry.marks | Mark.ASSISTANT
    if found.get("isApiErrorMessage") is True:
        marks |= Mark.ERROR
    message = found.get("message")
    if not isinstance(message, dict):
        return entry._replace(marks=marks)
    content = message.get("content")
    calls: tuple[str, ...] = ()
    if type(content) is list:
        for block in content:
            if type(block) is dict and block.get("type") == "tool_use":
                marks |= Mark.CALLS_TOOL
                if block.get("name") in _SUBAGENT_TOOLS and type(block.get("id")) is str:
                    calls = (*calls, block["id"])
    stop = message.get("stop_reason")
    if type(stop) is not str:
        stop = None
    elif stop in _ENDED:
        marks |= Mark.ENDED
    elif stop == "max_tokens":
        marks |= Mark.TRUNCATED
    name = message.get("id")
    model = message.get("model")
    if type(name) is not str or model == "<synthetic>":
        # Written by the CLI itself: no response of a model, no turn, no tokens.
        return entry._replace(marks=marks, calls=calls, working_dir=_text(found, "cwd"))
    usage = message.get("usage")
    counters, fast = read_usage(usage) if type(usage) is dict else (None, False)
    return Entry(
        entry.body,
        entry.digest,
        entry.kind,
        marks,
        entry.identity,
        entry.parent,
        entry.occurred_at,
        name,
        _text(found, "requestId"),
        model if type(model) is str else None,
        counters,
        fast,
        stop,
        stop is None and counters is not None and _too_few(counters.output_tokens, content),
        found.get("sessionId") == session_id and "forkedFrom" not in found,
        calls=calls,
        working_dir=_text(found, "cwd"),
    )


def _user(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    marks = entry.marks | Mark.USER
    prompt_text = None
    message = found.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if found.get("isCompactSummary") is True:
        marks |= Mark.COMPACTION
    elif type(content) is list and any(
        type(block) is dict and block.get("type") == "tool_result" for block in content
    ):
        marks |= Mark.TOOL_RESULT
    elif found.get("isMeta") is not True and not (main and found.get("isSidechain") is True):
        text = _said(content)
        if text is not None and not text.startswith(_NOT_ASKED):
            marks |= Mark.PROMPT
            if text and not text.startswith(_COMMAND):
                prompt_text = text
    return entry._replace(
        marks=marks,
        prompt_id=_text(found, "promptId"),
        prompt_text=prompt_text,
        working_dir=_text(found, "cwd"),
    )


def _system(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    if found.get("subtype") == "compact_boundary":
        details = found.get("compactMetadata")
        trigger = _text(details, "trigger") if isinstance(details, dict) else None
        entry = entry._replace(compaction=trigger or "unknown", marks=entry.marks | Mark.COMPACTION)
    return _located(entry, found)


def _titled(kind: str, field: str) -> Callable[..., Entry]:
    def read(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
        title = _text(found, field)
        return entry._replace(title=(kind, title)) if title else entry

    return read


def _tag(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    return entry._replace(tag=_text(found, "tag") or "")


def _cost(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    total = found.get("totalCostUSD")
    if type(total) in (int, float):
        return entry._replace(cost_counter=repr(total))
    return entry


def _agent(entry: Entry, found: Mapping[str, Any], session_id: str, main: bool) -> Entry:
    return entry._replace(called_by=_text(found, "toolUseId"))


_READERS: dict[str, Callable[..., Entry]] = {
    "assistant": _assistant,
    "user": _user,
    "system": _system,
    "custom-title": _titled("custom", "customTitle"),
    "ai-title": _titled("ai", "aiTitle"),
    "last-prompt": _titled("last-prompt", "lastPrompt"),
    "summary": _titled("summary", "summary"),
    "tag": _tag,
    "cost-state": _cost,
    "agent_metadata": _agent,
}


def read_usage(usage: Mapping[str, Any]) -> tuple[Usage, bool]:
    """The counters of a response in the API's spelling, and whether it ran in fast mode.

    Cache writes without a lifetime are 5-minute ones, the API's default. Source: Anthropic's
    Messages API, ``usage``.
    """
    written = _count(usage.get("cache_creation_input_tokens"))
    detail = usage.get("cache_creation")
    hour = 0
    if type(detail) is dict:
        hour = _count(detail.get("ephemeral_1h_input_tokens"))
        short = _count(detail.get("ephemeral_5m_input_tokens"))
        if not written:
            written = hour + short
    tools = usage.get("server_tool_use")
    searches = _count(tools.get("web_search_requests")) if type(tools) is dict else 0
    counters = Usage(
        _count(usage.get("input_tokens")),
        _count(usage.get("output_tokens")),
        _count(usage.get("cache_read_input_tokens")),
        max(0, written - hour),
        min(hour, written),
        searches,
    )
    return counters, usage.get("speed") == "fast"


def _count(value: object) -> int:
    # A counter of a kind or size that no response has is not counted; the entry keeps it.
    return value if type(value) is int and 0 <= value < 1 << 53 else 0


def _text(found: Mapping[str, Any], field: str) -> str | None:
    value = found.get(field)
    return value if type(value) is str else None


def _said(content: object) -> str | None:
    """The text of a user's message; None where there is nothing a person could have said."""
    if type(content) is str:
        return content.strip()
    if type(content) is not list or not content:
        return None
    for block in content:
        if type(block) is dict and block.get("type") == "text" and type(block.get("text")) is str:
            return str(block["text"]).strip()
    return ""


def _too_few(output_tokens: int, content: object) -> bool:
    """Whether the text is far longer than so many tokens can be."""
    if type(content) is not list:
        return False
    size = 0
    for block in content:
        if type(block) is dict:
            for field in ("text", "thinking"):
                if type(block.get(field)) is str:
                    size += len(block[field])
            if type(block.get("input")) is dict:
                size += sum(len(v) for v in block["input"].values() if type(v) is str)
    return size > _FEW * (output_tokens + 4)


def milliseconds(timestamp: object) -> int | None:
    """An entry's timestamp in milliseconds since 1970 UTC; None where there is none to read."""
    if type(timestamp) is not str:
        return None
    if len(timestamp) == 24 and timestamp[23] == "Z":
        try:
            return _minute(timestamp[:17]) + int(timestamp[17:19]) * 1000 + int(timestamp[20:23])
        except (ValueError, OverflowError):
            return None
    try:
        moment = datetime.fromisoformat(timestamp)
        return int(moment.timestamp() * 1000) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text + "00+00:00").timestamp()) * 1000
