"""Going back, branching off and naming points: what each would change, and the change itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..domain import commands
from ..domain.errors import PointNotFound, Refused, UnknownSession
from ..domain.events import Figures, Origin, SessionEvent, SessionForked
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.lineage import Lineage, Segment
from ..domain.points import Place, Point
from ..domain.session import THERE, SessionState
from .lineages import event_at, lineage_to
from .replaying import past_at
from .travelling import find_checkpoint, find_place


class Rewound(NamedTuple):
    """What a rewind did, or would do."""

    key: SessionKey
    point: str
    version: int
    """The last version kept; 0 for the empty session."""
    before: Figures
    after: Figures
    title: str | None
    done: bool


class Forked(NamedTuple):
    """What a fork did, or would do."""

    origin: SessionKey
    child: SessionKey
    point: str
    version: int
    figures: Figures
    done: bool


class Checkpoint(NamedTuple):
    """A checkpoint that was set, or would be."""

    key: SessionKey
    name: str
    version: int
    figures: Figures
    done: bool


def found(reader: Reader, key: SessionKey) -> Stream:
    """A stream that must be there.

    Raises:
        UnknownSession: it is not.
    """
    stream = reader.find(key)
    if stream is None:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    return stream


def rewind(
    transaction: Transaction,
    key: SessionKey,
    point: Point,
    reason: str | None,
    actor: str | None,
    dry_run: bool,
) -> Rewound:
    """Make an earlier point the head; what came after it stays on its own branch."""
    stream = _opened(transaction, key)
    # What came late after the point was read stands in the transcript all the same.
    place = _in_this_life(stream, point, find_place(transaction, stream, point))
    place = place._replace(seen=None)
    past = past_at(transaction, stream, place)
    base = None
    if place.stream is not None or place.version == 0:
        base = lineage_to(stream, place)
    name = point.value if point.kind == "checkpoint" else None
    events = commands.rewind(stream.state, place, past, base, name, reason, actor)
    before = stream.state.live
    if not dry_run:
        _record(transaction, stream, events)
    return Rewound(key, str(point), place.version, before, past.live, past.title, not dry_run)


def fork(
    transaction: Transaction,
    key: SessionKey,
    point: Point | None,
    child: SessionKey | None,
    reason: str | None,
    actor: str | None,
    dry_run: bool,
) -> Forked:
    """Begin a session from a point of another. No entry is copied."""
    if key.subpath is not None:
        raise Refused("a subagent's stream cannot be forked; fork its session")
    origin = _opened(transaction, key)
    state = origin.state
    if state.presence not in THERE:
        raise Refused(f"session {key.session_id!r} is {state.presence} and cannot be forked")
    child = child or SessionKey(key.project_key, str(uuid4()))
    place, line = _cut(transaction, origin, point)
    past = past_at(transaction, origin, place) if point is not None else state
    version = place.version or origin.version
    at = Origin(key.stream_id, place.version, _chain_at(transaction, origin, place))
    base = tuple(s if s.stream else _handed_over(s, origin) for s in line)
    told = str(point) if point is not None else f"version:{version}"
    if dry_run:
        return Forked(key, child, told, place.version, past.live, False)
    stream = transaction.open(child)
    events = commands.start_fork(stream.state, state, at, base, past)
    _record(transaction, stream, events)
    happened = SessionForked(
        branch=state.branch,
        child=child.stream_id,
        version=place.version,
        reason=reason,
        actor=actor,
    )
    _record(transaction, origin, [happened])
    return Forked(key, child, told, place.version, past.live, True)


def _in_this_life(stream: Stream, point: Point, place: Place) -> Place:
    """Only what was not deleted can be the head again."""
    if place.stream is None and 0 < place.version <= stream.state.life:
        raise PointNotFound(
            f"{point} lies before the session was deleted; "
            f"what is there now begins at version:{stream.state.life + 1}"
        )
    return place


def _handed_over(segment: Segment, origin: Stream) -> Segment:
    """A segment of the origin for its fork, which what comes late from now on does not reach."""
    seen = segment.seen if segment.seen is not None else origin.version
    return segment._replace(stream=origin.key.stream_id, seen=seen)


def _cut(reader: Reader, origin: Stream, point: Point | None) -> tuple[Place, Lineage]:
    state = origin.state
    if point is not None:
        place = _in_this_life(origin, point, find_place(reader, origin, point))
        return place, lineage_to(origin, place)
    line = state.lineage
    last = line[-1]._replace(upto=origin.version)
    return Place(origin.version, state.branch), (*line[:-1], last)


def _chain_at(reader: Reader, origin: Stream, place: Place) -> str:
    if place.stream is not None or place.version == 0:
        return ""
    return event_at(reader, origin, place.version, "none").chain.hex()


def checkpoint(
    transaction: Transaction,
    key: SessionKey,
    name: str,
    label: str | None,
    actor: str | None,
    dry_run: bool,
) -> Checkpoint:
    """Name the head."""
    stream = _opened(transaction, key)
    existing = find_checkpoint(transaction, stream, name)
    live = existing is not None and stream.state.is_live(existing.branch, existing.anchor)
    events = commands.checkpoint(stream.state, name, live, label, actor)
    version, figures = stream.version, stream.state.live
    if not dry_run:
        _record(transaction, stream, events)
    return Checkpoint(key, name, version, figures, not dry_run)


def _opened(transaction: Transaction, key: SessionKey) -> Stream:
    found(transaction, key)
    return transaction.open(key)


def _record(
    transaction: Transaction, stream: Stream, events: Sequence[SessionEvent]
) -> SessionState:
    state = fold(stream.state, events)
    if events:
        transaction.record(stream, events, state)
    return state
