"""Messages of any agent as transcript entries, in the form that Claude Code gives its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import NAMESPACE_URL, uuid4, uuid5

from ...domain.entry import LONGEST_SPELLING
from ...domain.errors import Refused
from ...domain.keys import SessionKey

Role = Literal["user", "assistant", "system", "tool"]
ROLES: tuple[Role, ...] = get_args(Role)
Content = str | list[dict[str, Any]]
"""A text, or blocks as Anthropic's Messages API has them: ``{"type": "text", "text": …}``."""

COUNTERS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_OURS = uuid5(NAMESPACE_URL, "turnlog:messages")
_MOST_TOKENS = 1 << 53
_MOMENT = "%Y-%m-%dT%H:%M:%S."
SUMMARIZED = "compact_boundary"


class Given(NamedTuple):
    """A message as it is handed over."""

    role: Role
    content: Content
    id: str | None = None
    tokens: int | None = None
    model: str | None = None
    usage: Mapping[str, Any] | None = None
    stop_reason: str | None = None
    tool_use_id: str | None = None
    is_error: bool = False
    response: str | None = None
    """By what copies of a model's response are known to be one; else the message's own id."""
    also: Mapping[str, Any] | None = None
    """Further fields of the entry."""


def checked(given: Given) -> Given:
    """The same message, after all that can be wrong with it.

    Raises:
        Refused: an unknown role, no content, a number of tokens that none has, an id too long.
    """
    if given.role not in ROLES:
        raise Refused(f"{given.role!r:.40} is no role; there are {', '.join(ROLES)}")
    _check_content(given.content)
    check_id(given.id)
    if given.tokens is not None:
        _check_count("tokens", given.tokens)
    if given.usage is not None:
        if given.role != "assistant":
            raise Refused("usage is an assistant's; of other messages tell the tokens")
        if not isinstance(given.usage, Mapping):
            raise Refused(f"usage is a mapping of counters, got {given.usage!r:.60}")
        for name in COUNTERS:
            if given.usage.get(name) is not None:
                _check_count(f"usage[{name!r}]", given.usage[name])
    if given.tool_use_id is not None and given.role != "tool":
        raise Refused("tool_use_id belongs to a tool's message: what it answers")
    return given


def check_id(message_id: object) -> None:
    """A message's id, where it has one of its own.

    Raises:
        Refused: it is empty, too long, or no text.
    """
    if message_id is None:
        return
    if not isinstance(message_id, str) or not message_id:
        raise Refused(f"a message's id is a text, got {message_id!r:.60}")
    if len(message_id.encode("utf-8", "surrogatepass")) > LONGEST_SPELLING:
        raise Refused(f"a message's id has at most {LONGEST_SPELLING} bytes: {message_id[:40]!r}…")


def _check_content(content: object) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise Refused(f"content is a text or a list of blocks, got {content!r:.60}")
    for block in content:
        if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
            raise Refused(f"a block of content is an object with a type, got {block!r:.60}")


def _check_count(name: str, count: object) -> None:
    if type(count) is not int or not 0 <= count < _MOST_TOKENS:
        raise Refused(f"{name} is a whole number from 0, got {count!r:.40}")


def entry_of(
    given: Given, key: SessionKey, uuid: str, parent: str | None, at: int, cwd: str | None = None
) -> dict[str, Any]:
    """A message as a transcript entry.

    Args:
        uuid: the entry's own.
        parent: that of the message before it.
        at: when, in milliseconds since 1970 UTC.
        cwd: the working directory.
    """
    kind, message = _MESSAGES[given.role](given, key, uuid)
    entry = _head(kind, key, uuid, parent, at, cwd)
    entry["message"] = message
    if kind == "system":
        entry |= {"subtype": "message", "level": "info"}
    if given.tokens is not None:
        entry["tokens"] = given.tokens
    return {**entry, **(given.also or {})}


def summary_of(
    summary: str,
    key: SessionKey,
    uuid: str,
    parent: str | None,
    at: int,
    cwd: str | None = None,
    tokens: int | None = None,
    replaced: int | None = None,
) -> list[dict[str, Any]]:
    """A summary that stands for what came before it: as the CLI writes a compaction.

    Args:
        tokens: of the summary.
        replaced: tokens of what it stands for.
    """
    boundary = str(uuid5(_OURS, f"{key.stream_id} {uuid} boundary"))
    # It hangs on nothing: the CLI, when it resumes, goes back no further than this.
    begun = _head("system", key, boundary, None, at, cwd)
    begun |= {"subtype": SUMMARIZED, "content": "Conversation compacted", "level": "info"}
    begun["logicalParentUuid"] = parent
    begun["compactMetadata"] = {"trigger": "manual"}
    if replaced is not None:
        begun["compactMetadata"]["preTokens"] = replaced
    told = _head("user", key, uuid, boundary, at, cwd)
    told["message"] = {"role": "user", "content": summary}
    told |= {"isVisibleInTranscriptOnly": True, "isCompactSummary": True}
    if tokens is not None:
        told["tokens"] = tokens
    return [begun, told]


def new_id() -> str:
    """An id for a message that was given none."""
    return str(uuid4())


def moment(at: int) -> str:
    """Milliseconds since 1970 UTC, spelled as the CLI does."""
    seconds, rest = divmod(at, 1000)
    return datetime.fromtimestamp(seconds, UTC).strftime(_MOMENT) + f"{rest:03d}Z"


def _head(
    kind: str, key: SessionKey, uuid: str, parent: str | None, at: int, cwd: str | None
) -> dict[str, Any]:
    head: dict[str, Any] = {"parentUuid": parent, "isSidechain": key.subpath is not None}
    if cwd is not None:
        head["cwd"] = cwd
    return {
        **head,
        "sessionId": key.session_id,
        "type": kind,
        "uuid": uuid,
        "timestamp": moment(at),
    }


def _asked(given: Given, key: SessionKey, uuid: str) -> tuple[str, dict[str, Any]]:
    return "user", {"role": "user", "content": given.content}


def _instructed(given: Given, key: SessionKey, uuid: str) -> tuple[str, dict[str, Any]]:
    return "system", {"role": "system", "content": given.content}


def _returned(given: Given, key: SessionKey, uuid: str) -> tuple[str, dict[str, Any]]:
    blocks = given.content if isinstance(given.content, list) else []
    if any(block["type"] == "tool_result" for block in blocks):
        return "user", {"role": "user", "content": blocks}
    result: dict[str, Any] = {"type": "tool_result", "content": given.content}
    if given.tool_use_id is not None:
        result["tool_use_id"] = given.tool_use_id
    if given.is_error:
        result["is_error"] = True
    return "user", {"role": "user", "content": [result]}


def _answered(given: Given, key: SessionKey, uuid: str) -> tuple[str, dict[str, Any]]:
    content = given.content
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    calls = any(block["type"] == "tool_use" for block in blocks)
    message: dict[str, Any] = {
        # Ids as "1" come again in every session, and a response is billed once in all of them.
        "id": f"msg_{uuid5(_OURS, f'{key.main.stream_id} {given.response or uuid}').hex}",
        "type": "message",
        "role": "assistant",
    }
    if given.model is not None:
        message["model"] = given.model
    message["content"] = blocks
    # What is recorded as a whole message has ended.
    message["stop_reason"] = given.stop_reason or ("tool_use" if calls else "end_turn")
    usage = dict(given.usage) if given.usage is not None else None
    if usage is None and given.tokens is not None:
        usage = {"input_tokens": 0, "output_tokens": given.tokens}
    if usage is not None:
        message["usage"] = usage
    return "assistant", message


_MESSAGES = {"user": _asked, "assistant": _answered, "system": _instructed, "tool": _returned}
