"""Time: where a point lies, and the state there."""

from __future__ import annotations

from bisect import bisect_right

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.batch import Known
from ..domain.entry import CHECKPOINT, identity_of
from ..domain.errors import PointNotFound
from ..domain.lineage import FIRST, Lineage, Segment, among_both, lineage
from ..domain.points import RECORDED, Head, Place, Point, anchor_end, behind, load_order, resolve
from ..domain.session import SessionState
from .lineages import event_at, heads_of, in_base, owner_of, with_derived
from .replaying import past_at, state_at

_BEFORE_ALL = Place(0, FIRST)


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


def find_place(reader: Reader, stream: Stream, point: Point) -> Place:
    """Where a point lies in a stream.

    Raises:
        PointNotFound: the session has no such point; the message says what it has.
    """
    if point.kind in ("prompt", "turn"):
        line = stream.state.lineage
        place = resolve(point, heads_of(reader, stream, line), _BEFORE_ALL)
        return _whole(reader, stream, _within(line, place))
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


def _within(line: Lineage, place: Place) -> Place:
    """A place on a lineage, which may itself end within the late entries that stand there."""
    for s in line:
        if (s.branch, s.stream, s.late_upto) == (place.branch, place.stream, place.late_upto):
            return place._replace(among=among_both(s.among, place.among))
    return place


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
        key=lambda version: event_at(reader, stream, version, "none").position,
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
    place = place or Place(created.anchor, created.branch)
    return _whole(reader, stream, _within(line, place))


def find_checkpoint(reader: Reader, stream: Stream, name: str) -> e.CheckpointCreated | None:
    """The checkpoint of that name: the newest on the live branch, else the newest."""
    identity = CHECKPOINT + name.encode("utf-8", "surrogatepass")
    found: e.CheckpointCreated | None = None
    for version in reader.versions(stream, identity):
        if version <= stream.state.life:
            continue
        event = event_at(reader, stream, version).event
        if isinstance(event, e.CheckpointCreated):
            live = stream.state.is_live(event.branch, event.anchor)
            if live or found is None or not stream.state.is_live(found.branch, found.anchor):
                found = event
    return found


def _message(reader: Reader, stream: Stream, point: Point) -> Place:
    identity = identity_of(point.value)
    known = reader.known(stream, [identity]).get(identity)
    if known is not None:
        return _at(reader, stream, known, None)
    for name, known in in_base(reader, stream, [identity]).values():
        return _at(reader, stream, known, name)
    raise PointNotFound(f"{point!s:.100}: no entry of this session has that uuid")


def _at(reader: Reader, stream: Stream, known: Known, name: str | None) -> Place:
    if not known.late:
        return Place(known.version, known.branch, None, name)
    owner = owner_of(reader, stream, Segment(known.branch, None, name))
    there = (known.branch, known.place)
    late = [head for head in reader.late_heads(owner) if (head.branch, head.place) == there]
    order = list(load_order([Head(known.place, known.branch, None, None, 0, None, None)], late))
    last = next(i for i, head in enumerate(order) if head.version == known.version)
    return behind(order, last)._replace(stream=name)
