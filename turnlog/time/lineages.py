"""What lies on a lineage: its entries, the streams they lie in, and what belongs to an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Content, Stream
from ..domain import events as e
from ..domain.batch import Known
from ..domain.keys import SessionKey
from ..domain.lineage import FIRST, Lineage, Segment, keeps, lineage
from ..domain.points import Head, Place, load_order
from ..domain.recorded import Recorded

_DERIVED = (
    e.UsageRecorded,
    e.CheckpointCreated,
    e.StatusChanged,
    e.SessionRenamed,
    e.SessionTagged,
    e.SessionLocated,
    e.ContextSummarized,
    e.ContextTrimmed,
    e.SubagentCalled,
    e.SubagentLinked,
    e.GapDetected,
    e.GapFilled,
)
"""What an append derives from an entry and records right behind it."""


def heads_of(reader: Reader, stream: Stream, line: Lineage) -> Iterator[Head]:
    """The entries of a lineage in load order."""
    for segment in line:
        owner = owner_of(reader, stream, segment)
        natural: Iterable[Head] = reader.heads(owner, segment)
        late = late_of(reader, owner, segment)
        for head in load_order(natural, late):
            yield head if segment.stream is None else head._replace(stream=segment.stream)


def late_of(reader: Reader, stream: Stream, segment: Segment) -> list[Head]:
    """The late entries that a segment keeps."""
    # A fork may keep late entries of a life that its origin has ended.
    if not stream.state.late and not stream.state.life:
        return []
    return [
        head
        for head in reader.late_heads(stream)
        if head.branch == segment.branch and keeps(segment, head.place or 0, head.late)
    ]


def owner_of(reader: Reader, stream: Stream, segment: Segment) -> Stream:
    """The stream a segment lies in: the fork's own, or its origin's."""
    if segment.stream is None:
        return stream
    owner = reader.find(SessionKey.parse(segment.stream))
    assert owner is not None, "a fork's origin is never removed from the log"
    return owner


def lineage_to(stream: Stream, place: Place) -> Lineage:
    """The segments that lead to a place."""
    state = stream.state
    if place.stream is not None:
        return _base_to(state.base, place)
    if place.version == 0:
        return ()
    line = lineage(state.branches, state.base, place.branch)
    line = (*line[:-1], _cut(line[-1], place))
    if place.seen is None:
        return line
    return tuple(s if s.stream is not None else s._replace(seen=place.seen) for s in line)


def _base_to(base: Lineage, place: Place) -> Lineage:
    kept: list[Segment] = []
    for segment in base:
        if segment.stream == place.stream and segment.branch == place.branch:
            kept.append(_cut(segment, place))
            break
        kept.append(segment)
    return tuple(kept)


def _cut(segment: Segment, place: Place) -> Segment:
    return segment._replace(upto=place.version, late_upto=place.late_upto, among=place.among)


def in_base(
    reader: Reader, stream: Stream, identities: Sequence[bytes]
) -> dict[bytes, tuple[str, Known]]:
    """Where identities lie in what a fork took over: the stream, and the place in it."""
    found: dict[bytes, tuple[str, Known]] = {}
    base = stream.state.base
    for name in dict.fromkeys(segment.stream for segment in base):
        assert name is not None, "what a fork took over lies in another stream"
        origin = owner_of(reader, stream, Segment(FIRST, None, name))
        for identity, known in reader.known(origin, identities, 0).items():
            for segment in base:
                same = segment.stream == name and segment.branch == known.branch
                if same and keeps(segment, known.place, known.late):
                    found[identity] = name, known
    return found


def with_derived(reader: Reader, stream: Stream, version: int) -> int:
    """The last version that belongs to the entry at ``version``."""
    for recorded in reader.events(stream, version, version + 64, "none"):
        if not isinstance(recorded.event, _DERIVED):
            break
        version = recorded.version
    return version


def event_at(reader: Reader, stream: Stream, version: int, content: Content = "all") -> Recorded:
    """The event at a version."""
    return next(iter(reader.events(stream, version - 1, version, content)))
