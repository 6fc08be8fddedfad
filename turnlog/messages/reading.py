"""The messages of a session, and which of them the model is shown next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.entry import TRIM, Mark
from ..domain.events import ContextTrimmed
from ..domain.lineage import Lineage, keeps
from ..time.lineages import event_at, heads_of, owner_of
from ..time.transcribing import Line, Numbering, transcript_of

_SAID = Mark.ASSISTANT | Mark.USER | Mark.INSTRUCTION


class Message(NamedTuple):
    """A message as it is recorded: one entry of the conversation.

    The CLI writes a response as an entry for each of its blocks; these share ``response``.
    """

    id: str | None
    """The entry's uuid."""
    role: str
    """user, assistant, system or tool."""
    content: Any
    """A text, or blocks as Anthropic's Messages API has them."""
    tokens: int | None
    occurred_at: int | None
    """Milliseconds since 1970 UTC, by the entry's own account."""
    version: int
    """Of the event that recorded it; of one that a fork took over, in its origin."""
    prompt: int
    """How many prompts there are up to it."""
    turn: int
    response: str | None
    """The ``message.id`` of an assistant's."""
    is_summary: bool
    in_context: bool
    """Whether the model is shown it next: no summary stands for it, and it was not trimmed."""

    @property
    def text(self) -> str:
        """Its text; of blocks, those of text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(_texts(self.content))


class _Cut(NamedTuple):
    """A fact about the context and its place on the lineage: the segment, and the version in it."""

    segment: int
    version: int


class _Said(NamedTuple):
    cut: _Cut
    line: Line
    entry: Mapping[str, Any]

    @property
    def is_summary(self) -> bool:
        return bool(self.line.marks & Mark.COMPACTION)


def messages_of(reader: Reader, stream: Stream, line: Lineage) -> list[Message]:
    """The messages of a lineage in load order.

    Raises:
        DamagedEvent: one cannot be read.
    """
    said = list(_said(reader, stream, line))
    summary = max((i for i, one in enumerate(said) if one.is_summary), default=None)
    start = _start(reader, stream, line, said, summary)
    return [
        _message(
            one,
            in_context=i == summary or (i >= start and not one.is_summary),
        )
        for i, one in enumerate(said)
    ]


def context_of(messages: list[Message]) -> list[Message]:
    """What the model is shown next: the summary, then the messages that it does not stand for."""
    shown = [message for message in messages if message.in_context]
    return sorted(shown, key=lambda message: not message.is_summary)


def count_of(reader: Reader, stream: Stream, line: Lineage) -> int:
    """How many messages a lineage has. Reads no content."""
    return sum(is_message(head.marks) for head in heads_of(reader, stream, line))


def is_message(marks: int) -> bool:
    """Whether an entry is a message of the conversation."""
    return marks & _SAID != 0


def last_trim(reader: Reader, stream: Stream, line: Lineage) -> tuple[_Cut, str] | None:
    """The last trim on a lineage: where it lies, and the uuid of the first message it left."""
    for i in reversed(range(len(line))):
        owner = owner_of(reader, stream, line[i])
        for version in reversed(reader.versions(owner, TRIM)):
            event = _trim_at(reader, owner, version)
            if event.branch == line[i].branch and keeps(line[i], version):
                return _Cut(i, version), event.first_kept
    return None


def _trim_at(reader: Reader, owner: Stream, version: int) -> ContextTrimmed:
    event = event_at(reader, owner, version, "none").event
    assert isinstance(event, ContextTrimmed), "nothing else has this identity"
    return event


def _said(reader: Reader, stream: Stream, line: Lineage) -> Iterator[_Said]:
    numbers = Numbering()
    for i, segment in enumerate(line):
        for one in transcript_of(reader, stream, (segment,), numbers):
            if is_message(one.marks):
                # What came late stands where it stands, but says nothing of what came after it.
                yield _Said(_Cut(i, 0 if one.late else one.version), one, one.entry)


def _start(
    reader: Reader, stream: Stream, line: Lineage, said: list[_Said], summary: int | None
) -> int:
    """Where the context begins: at the last summary, or where a later trim says."""
    trim = last_trim(reader, stream, line)
    if trim is not None and (summary is None or trim[0] > said[summary].cut):
        for i, one in enumerate(said):
            if one.entry.get("uuid") == trim[1]:
                return i
    return summary or 0


def _message(said: _Said, in_context: bool) -> Message:
    line, entry = said.line, said.entry
    message = entry.get("message")
    message = message if isinstance(message, Mapping) else {}
    if line.marks & Mark.ASSISTANT:
        role = "assistant"
    elif line.marks & Mark.INSTRUCTION:
        role = "system"
    else:
        role = "tool" if line.marks & Mark.TOOL_RESULT else "user"
    return Message(
        _text(entry.get("uuid")),
        role,
        message.get("content"),
        _tokens(entry, message),
        line.occurred_at,
        line.version,
        line.prompt,
        line.turn,
        _text(message.get("id")),
        said.is_summary,
        in_context,
    )


def _tokens(entry: Mapping[str, Any], message: Mapping[str, Any]) -> int | None:
    usage = message.get("usage")
    told = entry.get("tokens")
    if told is None and isinstance(usage, Mapping):
        told = usage.get("output_tokens")
    return told if type(told) is int else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(content: object) -> Iterator[str]:
    for block in content if isinstance(content, list) else []:
        if isinstance(block, Mapping):
            if isinstance(block.get("text"), str):
                yield block["text"]
            elif block.get("type") == "tool_result":
                inner = block.get("content")
                yield from [inner] if isinstance(inner, str) else _texts(inner)
