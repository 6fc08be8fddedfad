"""What happened on a part of a session: asked, called, touched, spent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.encoding.blocks import read_entry
from ..domain.entry import Mark
from ..domain.events import TurnRecorded
from ..domain.lineage import Segment
from ..domain.points import Head
from ..projections.sessions import Session, Spent
from ..projections.sessions.query import subagents_of
from ..projections.sessions.response import Response
from ..reading.finding import tables_in
from .lineages import owner_of

FIRST_WORDS = 400
"""Characters that are kept of a prompt."""
_FILES = {
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
    "Read": "file_path",
    "Write": "file_path",
}
"""Tools that touch a file, and which input names it."""
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")


class Asked(NamedTuple):
    """A prompt, with its first words."""

    number: int | None
    """``prompt:N`` on the lineage it is on; None on none of those compared."""
    version: int
    occurred_at: int | None
    """Milliseconds since 1970 UTC."""
    text: str


class Called(NamedTuple):
    """How often a tool was called, and how many of the calls failed."""

    calls: int
    failed: int


class Stretch(NamedTuple):
    """What a part of a session holds."""

    entries: int = 0
    turns: int = 0
    prompts: tuple[Asked, ...] = ()
    tools: Mapping[str, Called] = {}
    """By name, in the order of their first calls."""
    files: Mapping[str, Mapping[str, int]] = {}
    """Paths as the tools were given them, with how often each tool did what it was asked."""
    commands: tuple[str, ...] = ()
    """What Bash was given, in order."""
    models: tuple[str, ...] = ()
    spent: Spent = Spent()
    """What its responses took, each counted whole."""
    billed: Spent = Spent()
    """What of it is billed here, and not in the session that a copy comes from."""
    subagents: int = 0
    """Streams that its tool calls started."""
    by_subagents: Spent = Spent()
    billed_by_subagents: Spent = Spent()

    @property
    def all_spent(self) -> Spent:
        """Its own responses' and its subagents'."""
        return self.spent.plus(self.by_subagents)

    @property
    def all_billed(self) -> Spent:
        """What is billed for it, subagents included."""
        return self.billed.plus(self.billed_by_subagents)


Named = tuple[str | None, int]
"""An entry: whose stream it lies in (None: the session's own), and its version."""


def named(head: Head) -> Named:
    """Which entry a head is of."""
    return head.stream, head.version


def turns_of(heads: Iterable[Head]) -> set[Named]:
    """The responses that some entries belong to."""
    return {(head.stream, head.turn) for head in heads if head.turn is not None}


def stretch_of(
    reader: Reader,
    stream: Stream,
    heads: Sequence[Head],
    numbers: Mapping[Named, int],
    elsewhere: Collection[Named] = (),
) -> Stretch:
    """Read a part of a session.

    Args:
        heads: its entries, in load order.
        numbers: the prompts' numbers.
        elsewhere: responses that are counted at another part, because they began there.

    Raises:
        DamagedEvent: an entry cannot be read.
    """
    read = _Read()
    found = Stretch(entries=len(heads))
    for owner, own in _by_owner(reader, stream, heads):
        entries = {head.version: head for head in own}
        prompts = {}
        for version, entry in _entries(reader, owner, entries):
            read.take(entry)
            if entries[version].marks & Mark.PROMPT:
                prompts[version] = _text(entry)[:FIRST_WORDS]
        asked = tuple(
            Asked(numbers.get(named(head)), head.version, head.occurred_at, prompts[head.version])
            for head in own
            if head.version in prompts
        )
        turns = {turn for _, turn in turns_of(own) - set(elsewhere)}
        found = found._replace(prompts=found.prompts + asked, turns=found.turns + len(turns))
        found = _spending(reader, owner, turns, found)
        found = _subagents(reader, owner, read.calls, found)
    return found._replace(
        tools=read.tools(), files=read.files(), commands=tuple(read.commands.values())
    )


def _by_owner(
    reader: Reader, stream: Stream, heads: Sequence[Head]
) -> Iterator[tuple[Stream, list[Head]]]:
    grouped: dict[str | None, list[Head]] = {}
    for head in heads:
        grouped.setdefault(head.stream, []).append(head)
    for name, own in grouped.items():
        yield owner_of(reader, stream, Segment(0, None, name)), own


def _entries(reader: Reader, stream: Stream, wanted: Collection[int]) -> Iterator[tuple[int, Any]]:
    for recorded in reader.events(stream, min(wanted) - 1, max(wanted)):
        event = recorded.event
        if recorded.version in wanted and isinstance(event, TurnRecorded):
            body = Body.of(recorded.version, event)
            # What was erased is still an entry, with nothing to read.
            yield recorded.version, read_entry(body) if event.body else None


def _spending(reader: Reader, stream: Stream, turns: Collection[int], found: Stretch) -> Stretch:
    if not turns:
        return found
    responses = tables_in(reader).responses
    r = responses.c
    rows = reader.query(
        select(responses)
        .where(r.stream == stream.id, r.turn >= min(turns), r.turn <= max(turns))
        .order_by(r.turn)
    )
    models = dict.fromkeys(found.models)
    spent, billed = found.spent, found.billed
    for response in map(Response.of, rows):
        if response.turn not in turns:
            continue
        took = Spent.of(response.sums())
        spent = spent.plus(took)
        billed = billed.plus(took) if response.billed else billed
        if response.model is not None:
            models[response.model] = None
    return found._replace(models=tuple(models), spent=spent, billed=billed)


def _subagents(reader: Reader, stream: Stream, calls: Collection[str], found: Stretch) -> Stretch:
    if not calls or stream.key.subpath is not None:
        return found
    for row in reader.query(subagents_of(tables_in(reader), [stream.key.stream_id])):
        agent = Session.of(row)
        if agent.called_by in calls:
            found = found._replace(
                subagents=found.subagents + 1,
                by_subagents=found.by_subagents.plus(agent.live),
                billed_by_subagents=found.billed_by_subagents.plus(agent.billed),
            )
    return found


class _Read:
    """What entries say of tools. Nothing in them can be relied on."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[str, str | None]] = {}
        """The tool, and the file it was given, by the call's id."""
        self.commands: dict[str, str] = {}
        self._failed: set[str] = set()

    def take(self, entry: Any) -> None:
        """Take an entry in."""
        for block in _blocks(entry):
            if block.get("type") in _CALLS:
                self._called(block)
            elif block.get("type") == "tool_result" and block.get("is_error") is True:
                self._failed.add(str(block.get("tool_use_id")))

    def _called(self, block: Mapping[str, Any]) -> None:
        name, given = str(block.get("name")), block.get("input")
        given = given if isinstance(given, Mapping) else {}
        call = block.get("id")
        call = call if isinstance(call, str) else f"?{len(self.calls)}"
        path = given.get(_FILES[name]) if name in _FILES else None
        self.calls[call] = name, path if isinstance(path, str) else None
        if name == "Bash" and isinstance(given.get("command"), str):
            self.commands[call] = given["command"]

    def tools(self) -> dict[str, Called]:
        """How often each tool was called."""
        found: dict[str, Called] = {}
        for call, (name, _) in self.calls.items():
            calls, failed = found.get(name, Called(0, 0))
            found[name] = Called(calls + 1, failed + (call in self._failed))
        return found

    def files(self) -> dict[str, dict[str, int]]:
        """Which files were touched, by calls that did not fail."""
        found: dict[str, dict[str, int]] = {}
        for call, (name, path) in self.calls.items():
            if path is not None and call not in self._failed:
                tools = found.setdefault(path, {})
                tools[name] = tools.get(name, 0) + 1
        return found


def _message(entry: Any) -> Any:
    message = entry.get("message") if isinstance(entry, Mapping) else None
    return message.get("content") if isinstance(message, Mapping) else None


def _blocks(entry: Any) -> list[Mapping[str, Any]]:
    content = _message(entry)
    return [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []


def _text(entry: Any) -> str:
    content = _message(entry)
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in _blocks(entry))
    return "\n".join(text for text in texts if isinstance(text, str))
