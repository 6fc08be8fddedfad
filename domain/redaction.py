"""Taking texts out of entries and events, so that what is left is still what it was.

An entry keeps what makes it a link of its transcript (``type``, ``uuid``, ``parentUuid`` and the
ids of messages and tools), so that the CLI resumes it. What cannot hold another text becomes a
text: thinking, which is signed, and images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

REDACTED = "[redacted]"
Replace = Callable[[str], str]
"""What becomes of a text; the same text where nothing is to be taken out."""

_LINK = frozenset(
    (
        *("type", "subtype", "uuid", "parentUuid", "logicalParentUuid", "sessionId", "timestamp"),
        *("requestId", "promptId", "messageId", "leafUuid", "agentId", "version", "userType"),
        *("toolUseID", "parentToolUseID", "toolUseId", "sourceToolAssistantUUID", "entrypoint"),
        *("forkedFrom", "level", "operation", "permissionMode"),
    )
)
"""Members of an entry that are no text."""
_PLACES = frozenset(("cwd", "gitBranch", "slug"))
"""Where it was written. Without it the CLI shows nothing, so it goes only where it is named."""
_MESSAGE = frozenset(
    ("id", "type", "role", "model", "stop_reason", "stop_sequence", "usage", "container")
)
_BLOCK = frozenset(("type", "id", "tool_use_id", "name", "is_error", "cache_control", "caller"))
_SIGNED = ("thinking", "redacted_thinking")
_SEEN = ("image", "document")


def everything(text: str) -> str:
    """Take the whole text out."""
    return REDACTED if text else text


def entry_without(entry: Mapping[str, Any], replace: Replace) -> dict[str, Any]:
    """An entry with its texts replaced; equal to the entry where nothing was to be taken out.

    Of one that is nested too deep to be looked through, nothing is left but what it hangs on.
    """
    try:
        return _without(entry, replace)
    except RecursionError:
        kept = {name: value for name, value in entry.items() if name in _LINK}
        message = entry.get("message")
        if isinstance(message, Mapping):
            linked = {n: v for n, v in message.items() if n in _MESSAGE and isinstance(v, str)}
            kept["message"] = {**linked, "content": REDACTED}
        return kept


def _without(entry: Mapping[str, Any], replace: Replace) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in entry.items():
        if name in _LINK or (name in _PLACES and replace is everything):
            told[name] = value
        elif name == "message" and isinstance(value, Mapping):
            told[name] = _members(value, _MESSAGE, replace)
        else:
            told[_name(name, replace)] = value_without(value, replace)
    return told


def value_without(value: Any, replace: Replace) -> Any:
    """Any JSON value with its texts replaced, names that are no identifiers included."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {
            _name(name, replace): value_without(inner, replace) for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(value_without(inner, replace) for inner in value)
    return value


def _name(name: Any, replace: Replace) -> Any:
    return replace(name) if isinstance(name, str) and not name.isidentifier() else name


def _members(found: Mapping[str, Any], kept: frozenset[str], replace: Replace) -> dict[str, Any]:
    """A message or a block; ``kept`` are its members that are no text."""
    told: dict[str, Any] = {}
    for name, value in found.items():
        if name in kept:
            told[name] = value
        elif name == "content":
            told[name] = _content(value, replace)
        else:
            told[name] = value_without(value, replace)
    return told


def _content(content: Any, replace: Replace) -> Any:
    if isinstance(content, list):
        return [_block(b, replace) if isinstance(b, Mapping) else b for b in content]
    return value_without(content, replace)


def _block(block: Mapping[str, Any], replace: Replace) -> dict[str, Any]:
    kind = block.get("type")
    if kind in _SIGNED:
        said = block.get("thinking")
        text = replace(said) if isinstance(said, str) else replace(str(block.get("data", "")))
        if text != said and (isinstance(said, str) or text == REDACTED):
            return {"type": "text", "text": text}
        return dict(block)
    if kind in _SEEN:
        source = block.get("source")
        data = source.get("data") if isinstance(source, Mapping) else None
        whole = replace(data) if isinstance(data, str) else value_without(source, replace)
        return {"type": "text", "text": REDACTED} if whole == REDACTED else dict(block)
    return _members(block, _BLOCK, replace)


def texts_in(before: Any, after: Any) -> list[str]:
    """The texts of a value that are no more in it, as they were."""
    if before == after:
        return []
    if isinstance(before, str):
        return [before]
    if isinstance(before, Mapping):
        mapped = after if isinstance(after, Mapping) else {}
        names = [name for name in before if name not in mapped and not name.isidentifier()]
        inner = (texts_in(value, mapped.get(name)) for name, value in before.items())
        return [*names, *(text for found in inner for text in found)]
    if isinstance(before, list | tuple):
        listed = after if isinstance(after, list | tuple) else ()
        padded = [*listed, *[None] * (len(before) - len(listed))]
        pairs = zip(before, padded, strict=False)
        return [text for one, other in pairs for text in texts_in(one, other)]
    return []


SHORTEST = 8
"""Characters of the shortest text that is taken for a repetition of a part of another."""


def repetitions_of(texts: list[str]) -> Replace:
    """Takes out what repeats some texts, or a good part of one: titles, prompts, notes.

    Args:
        texts: those that were taken out elsewhere.
    """
    wanted = sorted({text.strip() for text in texts if text.strip()}, key=len, reverse=True)

    def replace(text: str) -> str:
        part = text.strip().removesuffix("…").strip()
        if part in wanted or (len(part) >= SHORTEST and any(part in one for one in wanted)):
            return REDACTED
        for one in wanted:
            if len(one) >= SHORTEST:
                text = text.replace(one, REDACTED)
        return text

    return replace
