"""The branches of a session: what each holds, and how one comes back to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.encoding.blocks import read_entry
from ..domain.entry import Mark
from ..domain.events import EntryRecorded, SessionRewound, SessionStarted, TurnRecorded
from ..domain.lineage import BASE, FIRST
from ..domain.points import Head
from ..domain.recorded import Recorded
from ..reading.finding import tables_in
from .lineages import event_at


class PromptOf(NamedTuple):
    """A prompt of a branch, with what its answers took."""

    number: int
    """On the lineage of its own branch."""
    version: int
    turns: int
    cost_nano_usd: int
    unpriced: int
    live: bool
    occurred_at: int | None
    entry: Any
    """The prompt itself."""


class Branch(NamedTuple):
    """The entries between two changes of the head."""

    number: int
    parent: int | None
    """The branch it left; None for the first."""
    prompts_before: int
    """How many prompts it took over: it begins after ``prompt:N``."""
    prompts: tuple[PromptOf, ...]
    entries: int
    last: int
    """Its last version: ``version:N`` leads back to its end."""
    is_head: bool
    left_by: int | None
    """The branch whose beginning left this one, the last time; None for the head."""
    began_at: int | None
    """When it began by the store's clock, milliseconds since 1970 UTC."""
    reason: str | None = None
    actor: str | None = None
    to: str | None = None
    """The checkpoint it goes on from, where it was named."""


def branches_of(reader: Reader, stream: Stream) -> list[Branch]:
    """Every branch of a stream, in the order they began."""
    entries: dict[int, list[Head]] = {FIRST: []}
    for number in stream.state.branches:
        entries[number] = []
    for head in reader.all_heads(stream):
        entries.setdefault(head.branch, []).append(head)
    costs: dict[int, list[tuple[int, int | None]]] = {}
    responses = tables_in(reader).responses
    rows = reader.query(
        select(responses.c.branch, responses.c.place, responses.c.cost)
        .where(responses.c.stream == stream.id, responses.c.billed == 1)
        .order_by(responses.c.place)
    )
    for branch, place, cost in rows:
        costs.setdefault(branch, []).append((place, cost))
    beginnings = {number: _beginning(reader, stream, number) for number in sorted(entries)}
    left = {
        _left(reader, stream, begun): number
        for number, begun in beginnings.items()
        if number != FIRST
    }
    return [
        _branch(reader, stream, begun, number, left, entries[number], costs.get(number, []))
        for number, begun in beginnings.items()
    ]


def _beginning(reader: Reader, stream: Stream, number: int) -> Recorded:
    """The event that a branch began with: the rewind, or the beginning of a life."""
    version = max(number, 1)
    return event_at(reader, stream, version)


def _left(reader: Reader, stream: Stream, begun: Recorded) -> int:
    """The head before a branch began. A new life begins on its own, right after a deletion."""
    if not isinstance(begun.event, SessionStarted):
        return begun.event.branch
    version = begun.version - 1
    return event_at(reader, stream, version, "none").event.branch


def _branch(
    reader: Reader,
    stream: Stream,
    begun: Recorded,
    number: int,
    left: Mapping[int, int],
    heads: list[Head],
    costs: list[tuple[int, int | None]],
) -> Branch:
    state = stream.state
    event = begun.event
    before, reason, actor, to = 0, None, None, None
    if isinstance(event, SessionRewound | SessionStarted):
        before = event.figures.prompts
    if isinstance(event, SessionRewound):
        reason, actor, to = event.reason, event.actor, event.checkpoint_id
    heads.sort(key=lambda head: head.place or head.version)
    cut = state.branches.get(number)
    return Branch(
        number,
        None if cut is None or cut.parent == BASE else cut.parent,
        before,
        tuple(_prompts(reader, stream, number, heads, costs, before)),
        len(heads),
        left[number] - 1 if number in left else state.version,
        number == state.branch,
        left.get(number) if number != state.branch else None,
        begun.recorded_at,
        reason,
        actor,
        to,
    )


def _prompts(
    reader: Reader,
    stream: Stream,
    number: int,
    heads: list[Head],
    costs: list[tuple[int, int | None]],
    before: int,
) -> list[PromptOf]:
    asked = [(i, head) for i, head in enumerate(heads) if head.marks & Mark.PROMPT]
    starts = [head.version for _, head in asked]
    spent = [0] * len(asked)
    unpriced = [0] * len(asked)
    for place, cost in costs:
        which = max(bisect_right(starts, place) - 1, 0)
        if asked:
            spent[which] += cost or 0
            unpriced[which] += cost is None
    prompts = []
    for n, (i, head) in enumerate(asked):
        end = asked[n + 1][0] if n + 1 < len(asked) else len(heads)
        part = heads[i:end]
        prompts.append(
            PromptOf(
                before + n + 1,
                head.version,
                len({h.turn for h in part if h.turn is not None}),
                spent[n],
                unpriced[n],
                stream.state.is_live(number, head.place or head.version, head.late),
                head.occurred_at,
                _entry(reader, stream, head),
            )
        )
    return prompts


def _entry(reader: Reader, stream: Stream, head: Head) -> Any:
    event = event_at(reader, stream, head.version).event
    if not isinstance(event, TurnRecorded | EntryRecorded) or not event.body:
        return None  # erased, or no entry
    return read_entry(Body.of(head.version, event))
