"""Contents of other makers' messages as blocks of Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.errors import NotJson
from ..claude.counting import count
from ..claude.messages import Content
from ..storage.encoding.json_bytes import decode

Block = dict[str, Any]
_TEXTS = ("text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text")


def content_of(content: Any) -> Content:
    """A message's content: a text as it is, parts as blocks. Never empty."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = content if isinstance(content, list) else [content]
    return [block_of(part) for part in parts] or ""


def block_of(part: Any) -> Block:
    """One part of a content. What is not understood stays as it is, with a type."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        return {"type": "part", "value": part}
    kind = part.get("type")
    for name in ("text", "refusal"):
        if kind in (*_TEXTS, None) and isinstance(part.get(name), str):
            return {"type": "text", "text": part[name]}
    if kind in ("image_url", "input_image"):
        url = part.get("image_url")
        return image(url.get("url") if isinstance(url, Mapping) else url)
    return {**part, "type": kind if isinstance(kind, str) and kind else "part"}


def image(url: Any) -> Block:
    """An image by its address, or what a data URL holds."""
    if isinstance(url, str) and url.startswith("data:") and ";base64," in url[:200]:
        media, _, data = url[5:].partition(";base64,")
        return inline(media, data)
    return {"type": "image", "source": {"type": "url", "url": url}}


def inline(media_type: Any, data: Any) -> Block:
    """A picture or a document, in base64."""
    kind = (
        "image" if isinstance(media_type, str) and media_type.startswith("image/") else "document"
    )
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}


def call(call_id: Any, name: Any, given: Any) -> Block:
    """A tool's call."""
    if isinstance(given, str):
        try:
            given = decode(given.encode("utf-8", "surrogatepass"), True)
        except NotJson:
            given = {"arguments": given}
    if not isinstance(given, Mapping):
        given = {} if given is None else {"arguments": given}
    return {"type": "tool_use", "id": _named(call_id), "name": _named(name), "input": dict(given)}


def tool_calls(calls: Any) -> list[Block]:
    """The tool calls of a message in the form of OpenAI's chat API, or of LangChain."""
    found = []
    for one in calls if isinstance(calls, list) else []:
        if isinstance(one, Mapping):
            function = one.get("function")
            told = function if isinstance(function, Mapping) else one
            given = told.get("arguments", told.get("args"))
            found.append(call(one.get("id"), told.get("name"), given))
    return found


def with_calls(content: Any, calls: list[Block]) -> Content:
    """A content and the calls that go with it, those that it has already left out."""
    told = content_of(content)
    if not calls:
        return told
    blocks = [{"type": "text", "text": told}] if isinstance(told, str) and told else []
    blocks = blocks if isinstance(told, str) else list(told)
    there = {block.get("id") for block in blocks if block.get("type") == "tool_use"}
    return [*blocks, *(one for one in calls if one["id"] not in there)]


def counters(
    taken: Any, given: Any, cached: Any = 0, written: Any = 0, of_all: bool = True
) -> dict[str, int]:
    """Counters in the spelling of Anthropic's API, whose input leaves out what is cached.

    Args:
        taken: input tokens.
        given: output tokens.
        cached: those of the input that were read from a cache, ``written`` those put into one.
        of_all: whether ``taken`` counts these too.
    """
    read, wrote = count(cached), count(written)
    fresh = max(0, count(taken) - read - wrote) if of_all else count(taken)
    return {
        "input_tokens": fresh,
        "output_tokens": count(given),
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": wrote,
    }


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, or an empty mapping where it is none."""
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str | None:
    """The value, where it is a text that is not empty."""
    return value if isinstance(value, str) and value else None


def parsed(value: Any) -> Any:
    """What a column of JSON holds.

    Raises:
        NotJson: nothing that is JSON.
    """
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    if not isinstance(value, bytes):
        raise NotJson(f"a column of JSON holds {type(value).__name__}")
    return decode(value, True)


def _named(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
