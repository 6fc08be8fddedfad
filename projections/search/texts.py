"""What of a session is searched: its prompts, answers, tool inputs, tool results and titles.

Never thinking, signatures, images and other base64, the tools' structured results beside what the
model was told, notices that the CLI writes in the person's name, or anything else there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from ...domain import events as e
from ...domain.entry import Mark

Decode = Callable[[bytes, bool], Any]
"""Reads an entry's canonical JSON; the flag tells that only a careful decoder may."""


class Field:
    """Where a text stands. Plain integers, because they are part of the index's keys."""

    RESULT: Final = 0
    INPUT: Final = 1
    ANSWER: Final = 2
    PROMPT: Final = 3
    TITLE: Final = 4


ONE = ("result", "input", "answer", "prompt", "title")
"""A field's name for one of its texts, by the field's number."""
GROUPS: dict[str, tuple[int, ...]] = {
    "titles": (Field.TITLE,),
    "prompts": (Field.PROMPT,),
    "answers": (Field.ANSWER,),
    "inputs": (Field.INPUT,),
    "results": (Field.RESULT,),
    "tools": (Field.INPUT, Field.RESULT),
}
"""What one may search in, by name."""
FIELDS = (Field.TITLE, Field.PROMPT, Field.ANSWER, Field.INPUT, Field.RESULT)
"""Every field, the most telling first."""

LONGEST_SAID = 1_000_000
"""Characters that are searched of a prompt or an answer."""
LONGEST_TOOL = 32_768
"""Characters that are searched of a tool's input, or of its result."""
TITLES = ("custom", "ai", "summary")
"""The kinds of title that are searched; the others repeat a prompt."""
TOPICS = frozenset(
    kind.TOPIC for kind in (e.SessionStarted, e.TurnRecorded, e.PromptRemembered, e.SessionRenamed)
)
"""The events that hold them, and the one that begins a fork."""

_DEEPEST = 12
_LONGEST_WORD = 160
_BASE64 = re.compile(rf"[A-Za-z0-9+/]{{{_LONGEST_WORD},}}+={{0,2}}")
_REMINDER = re.compile(r"<system-reminder>.*?(?:</system-reminder>|\Z)", re.DOTALL)
# Around what was typed after a slash or an exclamation mark, and around what was pasted.
_TAG = re.compile(r"</?(?:command-(?:name|message|args|contents)|bash-input)>")
# Before each line of a file, as the Read tool shows it.
_LINE_NUMBER = re.compile(r"^ *\d+(?:→|\t)", re.MULTILINE)


def title_hash(kind: str, title: str) -> int:
    """By what a title is known again."""
    text = f"{kind}\0{title}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)


class Text(NamedTuple):
    """A text that is searched."""

    field: int
    text: str


def texts_of(event: e.SessionEvent, decode: Decode) -> list[Text]:
    """The texts of an event; none where its content is erased."""
    if isinstance(event, e.TurnRecorded):
        if not event.body:
            return []
        careful = event.marks & (Mark.CAREFUL | Mark.RAW) != 0
        # Behind the canonical JSON stands the line as it was found, if that was spelled otherwise.
        body = event.body.partition(b"\n")[0] if careful else event.body
        return _joined(_said(decode(body, careful), event.marks))
    if isinstance(event, e.PromptRemembered):
        pasted = (p.get("content") for p in event.pasted.values() if isinstance(p, Mapping))
        said = [event.prompt, *(text for text in pasted if isinstance(text, str))]
        return _joined(Text(Field.PROMPT, text) for text in said if text)
    if isinstance(event, e.SessionRenamed) and event.kind in TITLES and event.title:
        return _joined((Text(Field.TITLE, event.title),))
    return []


def text_in(entry: Any, field: int) -> str:
    """The text of one field of an entry that is known to have it."""
    if isinstance(entry, dict) and entry.get("type") == "assistant":
        marks = Mark.ASSISTANT | (Mark.ERROR if entry.get("isApiErrorMessage") is True else 0)
    else:
        marks = Mark.PROMPT if field == Field.PROMPT else Mark.TOOL_RESULT
    return next((t.text for t in _joined(_said(entry, marks)) if t.field == field), "")


def _joined(found: Iterator[Text] | tuple[Text, ...]) -> list[Text]:
    """One text a field, as long as is searched."""
    by_field: dict[int, list[str]] = {}
    for field, text in found:
        by_field.setdefault(field, []).append(text)
    return [Text(field, _cleaned(field, "\n".join(parts))) for field, parts in by_field.items()]


def _cleaned(field: int, text: str) -> str:
    tool = field in (Field.INPUT, Field.RESULT)
    text = text[: LONGEST_TOOL if tool else LONGEST_SAID]
    if field == Field.RESULT:
        text = _LINE_NUMBER.sub("", text)
    elif field == Field.PROMPT and "<" in text:
        text = _TAG.sub(" ", text)
    if "<system-reminder>" in text and field in (Field.RESULT, Field.PROMPT):
        text = _REMINDER.sub(" ", text)
    # The pattern alone would try every character of the text.
    if max(map(len, text.split()), default=0) >= _LONGEST_WORD:
        text = _BASE64.sub(" … ", text)
    return text


def _said(entry: Any, marks: int) -> Iterator[Text]:
    message = entry.get("message") if isinstance(entry, dict) else None
    if not isinstance(message, dict):
        return
    content = message.get("content")
    if marks & Mark.ASSISTANT:
        written_by_cli = message.get("model") == "<synthetic>" and not marks & Mark.ERROR
        if not written_by_cli:
            yield from _answered(content)
    elif marks & Mark.PROMPT:
        yield from _plain(Field.PROMPT, content)
    elif marks & Mark.TOOL_RESULT and isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and block.get("type") == "tool_result":
                yield from _plain(Field.RESULT, block.get("content"))


def _answered(content: Any) -> Iterator[Text]:
    yield from _plain(Field.ANSWER, content)
    if not isinstance(content, list):
        return
    for block in content:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
            name = block.get("name")
            told = [name] if isinstance(name, str) else []
            yield Text(Field.INPUT, "\n".join([*told, *_strings(block.get("input"), _DEEPEST)]))
        elif kind == "web_search_tool_result" and isinstance(block.get("content"), list):
            for found in block["content"]:
                if isinstance(found, dict):
                    named = (found.get("title"), found.get("url"))
                    yield from (Text(Field.RESULT, text) for text in named if isinstance(text, str))
        elif kind == "mcp_tool_result":
            yield from _plain(Field.RESULT, block.get("content"))


def _plain(field: int, content: Any) -> Iterator[Text]:
    """The text blocks of a content, whatever else it holds."""
    if isinstance(content, str):
        yield Text(field, content)
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and block.get("type") == "text":
                text = block.get("text")
                if isinstance(text, str):
                    yield Text(field, text)


def _strings(value: Any, deeper: int) -> Iterator[str]:
    """The texts that a tool was given, wherever they lie in its input."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and deeper:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner, deeper - 1)
