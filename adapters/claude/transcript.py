"""The meaning of one transcript entry.

The format is the CLI's own and changes without notice: whatever is not understood is taken as it
is, and nothing here ever refuses an entry. Sources: the rules on prompts, turns and titles in
docs/words.md, measured on CLI 1.0 to 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from ...domain.entry import AgentUsage, Entry, Mark, identity_of
from ...domain.points import in_milliseconds
from .counting import count_or_none, placeholder_for, read_usage, spelled

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
_RELEASE = re.compile(r"[0-9A-Za-z.+-]{1,40}")


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
    found = Entry(body if raw is None else body + b"\n" + raw)
    kind = entry.get("type")
    uuid = entry.get("uuid")
    parent = entry.get("parentUuid")
    if careful:
        found.marks = Mark.CAREFUL
    if raw is not None:
        found.marks |= Mark.RAW
    if type(uuid) is str and uuid:
        found.identity = identity_of(uuid)
    if type(parent) is str and parent:
        found.parent = identity_of(parent)
    found.occurred_at = milliseconds(entry.get("timestamp"))
    directory = entry.get("cwd")
    if type(directory) is str:
        found.working_dir = directory
    checked_out = entry.get("gitBranch")
    if type(checked_out) is str and checked_out:
        found.git_branch = checked_out
    if type(kind) is str:
        found.kind = kind
        read = _READERS.get(kind)
        if read is not None:
            read(found, entry, session_id, main)
    return found


def _assistant(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    marks = found.marks | Mark.ASSISTANT
    if entry.get("isApiErrorMessage") is True:
        marks |= Mark.ERROR
    message = entry.get("message")
    if type(message) is not dict:
        found.marks = marks
        return
    content = message.get("content")
    if type(content) is list:
        for block in content:
            if type(block) is dict and block.get("type") == "tool_use":
                marks |= Mark.CALLS_TOOL
                if block.get("name") in _SUBAGENT_TOOLS and type(block.get("id")) is str:
                    found.calls = (*found.calls, block["id"])
    stop = message.get("stop_reason")
    if type(stop) is str:
        if stop in _ENDED:
            marks |= Mark.ENDED
        elif stop == "max_tokens":
            marks |= Mark.TRUNCATED
    found.marks = marks
    name = message.get("id")
    model = message.get("model")
    if type(name) is not str or model == "<synthetic>":
        return  # written by the CLI itself: no response of a model, no turn, no tokens
    found.message_id = name
    found.request_id = _text(entry, "requestId")
    found.cli_version = _release(entry)
    found.native = entry.get("sessionId") == session_id and "forkedFrom" not in entry
    if type(model) is str:
        found.model = model
    if type(stop) is str:
        found.stop_reason = stop
    usage = message.get("usage")
    if type(usage) is dict:
        found.counters = counters = read_usage(usage)
        found.fast = usage.get("speed") == "fast"
        if found.stop_reason is None:
            found.characters = placeholder_for(counters.output_tokens, content)
            found.suspicious = found.characters > 0


def _user(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    found.marks |= Mark.USER
    found.prompt_id = _text(entry, "promptId")
    message = entry.get("message")
    content = message.get("content") if type(message) is dict else None
    if entry.get("isCompactSummary") is True:
        found.marks |= Mark.COMPACTION
    elif type(content) is list and any(
        type(block) is dict and block.get("type") == "tool_result" for block in content
    ):
        found.marks |= Mark.TOOL_RESULT
        result = entry.get("toolUseResult")
        if type(result) is dict and type(result.get("usage")) is dict:
            found.told_of = _result_of_agent(result, content, _origin(entry, session_id))
    elif entry.get("isMeta") is not True and not (main and entry.get("isSidechain") is True):
        text = _said(content)
        if text is not None and not text.startswith(_NOT_ASKED):
            found.marks |= Mark.PROMPT
            if text and not text.startswith(_COMMAND):
                found.prompt_text = text


def _origin(entry: Mapping[str, Any], session_id: str) -> str | None:
    """The session an entry was written in, where that is another one."""
    forked = entry.get("forkedFrom")
    told = _text(forked if type(forked) is dict else entry, "sessionId")
    return told if told != session_id else None


def _result_of_agent(
    result: Mapping[str, Any], content: list[Any], of_session: str | None
) -> AgentUsage:
    """The counters of a subagent's last response, which its result repeats."""
    call = next((_text(b, "tool_use_id") for b in content if type(b) is dict), None)
    usage = result["usage"]
    return AgentUsage(
        "tool-result",
        read_usage(usage),
        agent=_text(result, "agentId"),
        called_by=call,
        of_session=of_session,
        model=_text(result, "model"),
        fast=usage.get("speed") == "fast",
    )


def _progress(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    """Up to CLI 2.1 what a subagent does is repeated in its session's transcript."""
    data = entry.get("data")
    if type(data) is not dict or data.get("type") != "agent_progress":
        return
    inner = data.get("message")
    message = inner.get("message") if type(inner) is dict else None
    if type(message) is not dict or message.get("role") != "assistant":
        return
    name, usage = _text(message, "id"), message.get("usage")
    if name is None or type(usage) is not dict or message.get("model") == "<synthetic>":
        return
    counters = read_usage(usage)
    size = 0
    if type(message.get("stop_reason")) is not str:
        size = placeholder_for(counters.output_tokens, message.get("content"))
    found.told_of = AgentUsage(
        "progress",
        counters,
        agent=_text(data, "agentId"),
        called_by=_text(entry, "parentToolUseID"),
        of_session=_origin(entry, session_id),
        message_id=name,
        request_id=_text(inner, "requestId") if type(inner) is dict else None,
        model=_text(message, "model"),
        fast=usage.get("speed") == "fast",
        suspicious=size > 0,
        characters=size,
    )


def _system(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    if entry.get("subtype") == "compact_boundary":
        details = entry.get("compactMetadata")
        trigger = _text(details, "trigger") if type(details) is dict else None
        found.compaction = trigger or "unknown"
        found.marks |= Mark.COMPACTION
    elif type(message := entry.get("message")) is dict and message.get("role") == "system":
        found.marks |= Mark.INSTRUCTION


def _titled(kind: str, field: str) -> Callable[..., None]:
    def read(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
        title = _text(entry, field)
        if title:
            found.title = kind, title

    return read


def _tag(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    found.tag = _text(entry, "tag") or ""


def _cost(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    found.cost_counter = spelled(entry.get("totalCostUSD"))
    found.counting_since = count_or_none(entry.get("startTime"))
    found.api_ms = count_or_none(entry.get("totalAPIDuration"))
    # A fork that the CLI made holds the counter of the session it was copied from.
    found.native = entry.get("sessionId") in (session_id, None)


def _result(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    found.cost_counter = spelled(entry.get("total_cost_usd"))
    found.api_ms = count_or_none(entry.get("duration_api_ms"))
    found.native = entry.get("session_id") in (session_id, None)


def _release(entry: Mapping[str, Any]) -> str | None:
    version = entry.get("version")
    return version if type(version) is str and _RELEASE.fullmatch(version) else None


def _agent(found: Entry, entry: Mapping[str, Any], session_id: str, main: bool) -> None:
    found.called_by = _text(entry, "toolUseId")


_READERS: dict[str, Callable[..., None]] = {
    "assistant": _assistant,
    "user": _user,
    "system": _system,
    "progress": _progress,
    "custom-title": _titled("custom", "customTitle"),
    "ai-title": _titled("ai", "aiTitle"),
    "last-prompt": _titled("last-prompt", "lastPrompt"),
    "summary": _titled("summary", "summary"),
    "tag": _tag,
    "cost-state": _cost,
    "result": _result,
    "agent_metadata": _agent,
}


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
        if moment.tzinfo is None:
            return None
        return in_milliseconds(moment)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def _minute(text: str) -> int:
    return int(datetime.fromisoformat(text + "00+00:00").timestamp()) * 1000
