"""The state at a version, and what a lineage adds up to."""

from __future__ import annotations

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.entry import Mark, is_anonymous
from ..domain.evolving import apply, branch_off, fold, status_of
from ..domain.lineage import Lineage, Segment, keeps
from ..domain.points import Place
from ..domain.recorded import Recorded
from ..domain.session import SessionState
from .lineages import event_at, heads_of, late_of, lineage_to, owner_of


def state_at(reader: Reader, stream: Stream, version: int) -> SessionState:
    """The state at a version: the same for ever. Replays from the nearest snapshot."""
    if version == stream.version:
        return stream.state
    state = reader.snapshot(stream, version) or SessionState(stream.key)
    rest = reader.events(stream, state.version, version, "notes")
    return fold(state, (recorded.event for recorded in rest))


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
    if line:
        _end_late(reader, owners[-1][0], line[-1], state)
    return state


def _end_late(reader: Reader, owner: Stream, last: Segment, state: SessionState) -> None:
    """Where a line ends with what came late, that is what goes on: not the last to be recorded."""
    if not late_of(reader, owner, last):
        return
    heads = list(heads_of(reader, owner, (last._replace(stream=None),)))
    if not heads[-1].late:
        return
    said = (head.marks for head in reversed(heads) if head.marks & (Mark.ASSISTANT | Mark.USER))
    status = status_of(next(said, 0))
    if status != state.status:
        state.status, state.stop_reason = status, None
    for head in reversed(heads):
        identity = event_at(reader, owner, head.version, "none").event.identity
        if not is_anonymous(identity):
            state.leaf, state.leaf_version = identity, head.version
            break


def _counts(recorded: Recorded, segments: list[Segment]) -> bool:
    event = recorded.event
    if isinstance(event, e.SessionRewound | e.SessionDeleted | e.SessionRestored):
        return False
    late = recorded.version if event.place is not None else 0
    place = event.place if event.place is not None else recorded.version
    return any(s.branch == event.branch and keeps(s, place, late) for s in segments)


def _take(state: SessionState, recorded: Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.SessionStarted) and state.entries:
        # What a fork took over is added up from its origin itself.
        event = event.model_copy(update={"figures": state.live, "base": ()})
    state.branch = event.branch
    state.version = recorded.version - 1
    apply(state, event)


def _spend(state: SessionState, event: e.UsageRecorded) -> None:
    """A response that the line cuts in two is live as a whole: it was answered, and is paid for."""
    live = state.live
    state.live = live._replace(usage=live.usage.plus(event.gained))
    state.billed = state.billed.plus(event.gained)
