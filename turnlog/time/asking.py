"""What a decision about arriving entries asks of the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import dropwhile

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.batch import Known
from ..domain.entry import GAP, is_anonymous
from ..domain.lineage import FIRST
from ..domain.points import Head, load_order
from .lineages import event_at, in_base

_LINES_BEFORE = 64
"""Versions to look back for the lines without uuid before an entry."""


def entry_after(reader: Reader, stream: Stream, known: Known | None) -> Known | None:
    """The entry with a uuid that comes next on the same branch, in load order.

    Args:
        known: the entry before it; None asks for the first of the stream's present life.
    """
    start = stream.state.life
    if known is not None:
        start = known.place - 1 if known.late else known.version
    branch = known.branch if known is not None else None
    order = load_order(
        _natural_after(reader, stream, start, branch),
        [head for head in reader.late_heads(stream) if branch in (None, head.branch)]
        if stream.state.late
        else [],
    )
    if known is not None and known.late:
        order = dropwhile(lambda head: head.version != known.version, order)
        next(order, None)
    for head in order:
        if not is_anonymous(event_at(reader, stream, head.version, "none").event.identity):
            return Known(head.version, head.branch, head.place or head.version)
    return None


def _natural_after(
    reader: Reader, stream: Stream, version: int, branch: int | None
) -> Iterator[Head]:
    for recorded in reader.events(stream, version, content="none"):
        event = recorded.event
        if isinstance(event, e.TurnRecorded | e.EntryRecorded) and event.place is None:
            if branch is None:
                branch = event.branch
            if event.branch == branch:
                yield Head(recorded.version, branch, None, None, 0, None, None)


def waiting_from(reader: Reader, stream: Stream, known: Known) -> Known | None:
    """Where what waits begins, if what an entry hangs on is still missing.

    Its GapDetected lies right behind it, or behind the first of the lines without uuid before it.
    """
    after = max(0, known.version - _LINES_BEFORE)
    events = {r.version: r.event for r in reader.events(stream, after, known.version + 1, "none")}
    for version in range(known.version + 1, after, -1):
        event = events.get(version)
        if isinstance(event, e.GapDetected):
            line = events.get(event.of)
            if event.of != known.version and (line is None or not is_anonymous(line.identity)):
                return None  # the entry before waits for this
            missing = (event.identity or b"")[len(GAP) :]
            if missing in reader.known(stream, [missing]):
                return None
            return Known(event.of, event.branch, event.place or event.of)
        if version < known.version and isinstance(event, e.TurnRecorded | e.EntryRecorded):
            if is_anonymous(event.identity):
                continue
            return None
    return None


def taken_over(reader: Reader, stream: Stream, identities: Iterable[bytes]) -> dict[bytes, Known]:
    """Which identities lie in what a fork took over from its origin."""
    return dict.fromkeys(in_base(reader, stream, list(identities)), Known(0, FIRST, 0))
