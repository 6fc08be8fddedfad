"""Time: the state at a version, where a point lies, and what a lineage adds up to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.batch import Known
from ..domain.entry import CHECKPOINT, GAP, identity_of, is_anonymous
from ..domain.errors import PointNotFound
from ..domain.evolving import apply, branch_off, fold
from ..domain.keys import SessionKey
from ..domain.lineage import FIRST, Lineage, Segment, keeps, lineage, saw
from ..domain.points import RECORDED, Head, Place, Point, anchor_end, load_order, resolve
from ..domain.recorded import Recorded
from ..domain.session import SessionState

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
_LINES_BEFORE = 64
"""Versions to look back for the lines without uuid before an entry."""
_BEFORE_ALL = Place(0, FIRST)


def state_at(reader: Reader, stream: Stream, version: int) -> SessionState:
    """The state at a version: the same for ever. Replays from the nearest snapshot."""
    if version == stream.version:
        return stream.state
    state = reader.snapshot(stream, version) or SessionState(stream.key)
    rest = reader.events(stream, state.version, version, "notes")
    return fold(state, (recorded.event for recorded in rest))


def state_of(reader: Reader, stream: Stream, point: Point) -> SessionState:
    """The state at a point.

    Raises:
        PointNotFound: the session has no such point.
    """
    place = find_place(reader, stream, point)
    if point.kind in RECORDED:
        return state_at(reader, stream, place.version)
    if place.stream is not None or stream.state.late or place.version == 0:
        return past_at(reader, stream, place)
    return state_at(reader, stream, with_derived(reader, stream, place.version))


def with_derived(reader: Reader, stream: Stream, version: int) -> int:
    """The last version that belongs to the entry at ``version``."""
    for recorded in reader.events(stream, version, version + 64, "none"):
        if not isinstance(recorded.event, _DERIVED):
            break
        version = recorded.version
    return version


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
        if head.branch == segment.branch
        and keeps(segment, head.place or 0, late=True)
        and saw(segment, head.version, late=True)
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
    last = line[-1]._replace(upto=place.version, late_upto=place.late_upto)
    line = (*line[:-1], last)
    if place.seen is None:
        return line
    return tuple(s if s.stream is not None else s._replace(seen=place.seen) for s in line)


def _base_to(base: Lineage, place: Place) -> Lineage:
    kept: list[Segment] = []
    for segment in base:
        if segment.stream == place.stream and segment.branch == place.branch:
            kept.append(segment._replace(upto=place.version, late_upto=place.late_upto))
            break
        kept.append(segment)
    return tuple(kept)


def find_place(reader: Reader, stream: Stream, point: Point) -> Place:
    """Where a point lies in a stream.

    Raises:
        PointNotFound: the session has no such point; the message says what it has.
    """
    if point.kind in ("prompt", "turn"):
        heads = heads_of(reader, stream, stream.state.lineage)
        return _whole(reader, stream, resolve(point, heads, _BEFORE_ALL))
    if point.kind == "checkpoint":
        return _checkpoint(reader, stream, point)
    if point.kind == "message":
        return _whole(reader, stream, _message(reader, stream, point))
    if point.kind == "version":
        version = point.number
        if version > stream.version:
            raise PointNotFound(f"{point}: the session is at version {stream.version}")
    elif point.kind == "recorded":
        version = reader.version_at(stream, point.number)
    elif point.kind == "position":
        newest = reader.last_position()
        if point.number > newest:
            raise PointNotFound(f"{point}: the log ends at position {newest}")
        version = version_at_position(reader, stream, point.number)
    else:
        version = _version_at(reader, stream, point.number)
    if version == 0:
        return _BEFORE_ALL
    return Place(version, state_at(reader, stream, version).branch, seen=version)


def _whole(reader: Reader, stream: Stream, place: Place) -> Place:
    """The place with all that was derived from the last entry kept: its usage, its titles."""
    if place.version == 0:
        return place
    owner = owner_of(reader, stream, Segment(place.branch, None, place.stream))
    return place._replace(version=with_derived(reader, owner, place.version))


def _version_at(reader: Reader, stream: Stream, time: int) -> int:
    """The last version whose running maximum of entry times is not after ``time``."""
    begun = False
    for head in reader.all_heads(stream):
        if head.occurred_at is not None and head.occurred_at > time:
            return head.version - 1 if begun else 0
        begun = True
    return stream.version


def version_at_position(reader: Reader, stream: Stream, position: int) -> int:
    """The last version not after a position of the log; found by halving, as both only grow."""
    return bisect_right(
        range(1, stream.version + 1),
        position,
        key=lambda version: (
            next(iter(reader.events(stream, version - 1, version, "none"))).position
        ),
    )


def _checkpoint(reader: Reader, stream: Stream, point: Point) -> Place:
    created = find_checkpoint(reader, stream, point.value)
    if created is None:
        raise PointNotFound(
            f"{point!s:.100}: this session has no such checkpoint; "
            "see `turnlog checkpoint ID --list` for those it has"
        )
    if created.kind == "version":
        # The head as it was: what was done by hand right behind it is not part of it.
        return Place(created.anchor, created.branch)
    state = stream.state
    line = state.lineage
    if not state.is_live(created.branch, created.anchor):
        line = lineage(state.branches, state.base, created.branch)
    place = anchor_end(heads_of(reader, stream, line), created.anchor, created.kind)
    return _whole(reader, stream, place or Place(created.anchor, created.branch))


def find_checkpoint(reader: Reader, stream: Stream, name: str) -> e.CheckpointCreated | None:
    """The checkpoint of that name: the newest on the live branch, else the newest."""
    identity = CHECKPOINT + name.encode("utf-8", "surrogatepass")
    found: e.CheckpointCreated | None = None
    for version in reader.versions(stream, identity):
        if version <= stream.state.life:
            continue
        event = next(iter(reader.events(stream, version - 1, version))).event
        if isinstance(event, e.CheckpointCreated):
            live = stream.state.is_live(event.branch, event.anchor)
            if live or found is None or not stream.state.is_live(found.branch, found.anchor):
                found = event
    return found


def _message(reader: Reader, stream: Stream, point: Point) -> Place:
    identity = identity_of(point.value)
    known = reader.known(stream, [identity]).get(identity)
    if known is not None:
        return _at(known, None)
    for name, known in _in_base(reader, stream, [identity]).values():
        return _at(known, name)
    raise PointNotFound(f"{point!s:.100}: no entry of this session has that uuid")


def _at(known: Known, name: str | None) -> Place:
    if known.late:
        return Place(known.place - 1, known.branch, known.place, name)
    return Place(known.version, known.branch, None, name)


def past_at(reader: Reader, stream: Stream, place: Place) -> SessionState:
    """What the entries kept up to a place add up to, late ones included."""
    return add_up(reader, stream, lineage_to(stream, place))


def add_up(reader: Reader, stream: Stream, line: Lineage) -> SessionState:
    """Fold what lies on a lineage as if nothing else had ever happened."""
    state = branch_off(SessionState(stream.key))
    owners: list[tuple[Stream, list[Segment]]] = []
    for segment in line:
        owner = owner_of(reader, stream, segment)
        if not owners or owners[-1][0].id != owner.id:
            owners.append((owner, []))
        owners[-1][1].append(segment)
    for owner, segments in owners:
        begun: set[int | None] = set()
        state.turns_seen = 0  # each stream counts its own from 1
        for recorded in reader.events(owner, content="notes"):
            event = recorded.event
            used = event if isinstance(event, e.UsageRecorded) and event.turn is not None else None
            if _counts(recorded, segments):
                _take(state, recorded)
                if used is not None:
                    begun.add(used.turn)
            elif used is not None and used.turn in begun:
                _spend(state, used)
    return state


def _counts(recorded: Recorded, segments: list[Segment]) -> bool:
    event = recorded.event
    if isinstance(event, e.SessionRewound | e.SessionDeleted | e.SessionRestored):
        return False
    late = event.place is not None
    place = event.place if event.place is not None else recorded.version
    return any(
        s.branch == event.branch and keeps(s, place, late) and saw(s, recorded.version, late)
        for s in segments
    )


def _take(state: SessionState, recorded: Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.SessionStarted) and state.entries:
        # What a fork took over is added up from its origin itself.
        event = event.model_copy(update={"figures": state.live, "base": ()})
    state.branch = event.branch
    state.version = recorded.version - 1
    apply(state, event)


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
        if not is_anonymous(_event(reader, stream, head.version).identity):
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


def _event(reader: Reader, stream: Stream, version: int) -> e.SessionEvent:
    return next(iter(reader.events(stream, version - 1, version, "none"))).event


def _spend(state: SessionState, event: e.UsageRecorded) -> None:
    """A response that the line cuts in two is live as a whole: it was answered, and is paid for."""
    live = state.live
    state.live = live._replace(usage=live.usage.plus(event.gained))
    state.billed = state.billed.plus(event.gained)


def taken_over(reader: Reader, stream: Stream, identities: Iterable[bytes]) -> dict[bytes, Known]:
    """Which identities lie in what a fork took over from its origin."""
    return dict.fromkeys(_in_base(reader, stream, list(identities)), Known(0, FIRST, 0))


def _in_base(
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
                kept = keeps(segment, known.place, known.late)
                if same and kept and saw(segment, known.version, known.late):
                    found[identity] = name, known
    return found
