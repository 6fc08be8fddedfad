"""How each event changes a session's state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from . import events as e
from .entry import Mark, is_anonymous
from .headers import EntryHeader, Header, TurnHeader
from .lineage import BASE, Cut, is_among
from .session import GONE, SessionState
from .usage import Response


def evolve(state: SessionState, event: e.SessionEvent) -> SessionState:
    """The state after one more event."""
    return fold(state, (event,))


def fold(state: SessionState, happened: Iterable[e.SessionEvent]) -> SessionState:
    """The state after several events. The given state is left as it is."""
    state = branch_off(state)
    changes = _CHANGES
    for event in happened:  # as `apply`
        state.version += 1
        if (change := changes.get(type(event))) is not None:
            change(state, event)
    return state


def branch_off(state: SessionState) -> SessionState:
    """A copy that ``apply`` may change."""
    branched = object.__new__(SessionState)  # `copy` takes three times as long
    branched.__dict__.update(state.__dict__)
    branched.titles = dict(state.titles)
    branched.branches = dict(state.branches)
    return branched


def apply(state: SessionState, event: e.SessionEvent) -> None:
    """Change a state in place: the one rule of how an event is understood."""
    state.version += 1
    change = _CHANGES.get(type(event))
    if change is not None:
        change(state, event)


_CHANGES: dict[type[Any], Callable[[SessionState, Any], None]] = {}


_Change = TypeVar("_Change", bound=Callable[[SessionState, Any], None])


def _when(*kinds: type[Any]) -> Callable[[_Change], _Change]:
    def register(change: _Change) -> _Change:
        for kind in kinds:
            _CHANGES[kind] = change
        return change

    return register


@_when(e.SessionStarted)
def _started(state: SessionState, event: e.SessionStarted) -> None:
    if state.presence in GONE:
        _begin_new_life(state)
    state.presence = "present"
    state.source = event.source
    state.machine = event.machine or state.machine
    state.git_branch = event.git_branch or state.git_branch
    state.called_by = event.called_by
    state.forked_from = event.forked_from
    state.metadata = event.metadata
    state.base = event.base
    state.live = event.figures
    if event.leaf:
        state.leaf = bytes.fromhex(event.leaf)
    _described(state, event)


@_when(e.SessionDescribed)
def _described(state: SessionState, event: e.SessionDescribed | e.SessionStarted) -> None:
    state.user_id = event.user_id or state.user_id
    state.working_dir = event.working_dir or state.working_dir
    if event.prompt:
        state.titles["prompt"] = event.prompt
    _answered_by(state, event.model)


def _answered_by(state: SessionState, model: str | None) -> None:
    if model and model not in state.models:
        state.models = (*state.models, model)


def _begin_new_life(state: SessionState) -> None:
    state.life = state.version - 1
    state.branch = state.version
    state.branches[state.branch] = Cut(BASE, 0)
    state.leaf = None
    state.titles = {}
    state.tags = ()
    state.cli_tag = state.message_id = state.response = None
    state.status = state.announced = "active"
    state.stop_reason = None
    state.continuations = 0
    state.late = state.gaps = state.remembered = 0


@_when(e.SessionLocated)
def _located(state: SessionState, event: e.SessionLocated) -> None:
    state.working_dir = event.working_dir


@_when(e.WorkspaceChanged)
def _moved(state: SessionState, event: e.WorkspaceChanged) -> None:
    state.git_branch = event.git_branch or None


@_when(e.PromptRemembered)
def _remembered(state: SessionState, event: e.PromptRemembered) -> None:
    state.remembered += 1
    _saw(state, event.occurred_at)


@_when(e.TurnRecorded, e.EntryRecorded, TurnHeader, EntryHeader)
def _recorded(state: SessionState, event: e.TurnRecorded | e.EntryRecorded | Header) -> None:
    marks = event.marks or 0
    late = event.place is not None
    state.entries += 1
    state.late += late
    _saw(state, event.occurred_at)
    turn = event.turn or 0
    new_turn = turn > state.turns_seen
    if new_turn:
        state.turns_seen = turn
    if late:
        _stand_among(state, event)
    if event.branch != state.branch and not (
        late and state.is_live(event.branch, event.place or 0, state.version)
    ):
        return
    prompts, turns, entries, usage = state.live
    prompts += marks & Mark.PROMPT != 0
    state.live = e.Figures(prompts, turns + new_turn, entries + 1, usage)
    if late:
        return
    if not is_anonymous(event.identity):
        state.leaf, state.leaf_version = event.identity, state.version
    if marks & (Mark.ASSISTANT | Mark.USER):
        state.status = status_of(marks)


def _stand_among(state: SessionState, event: e.TurnRecorded | e.EntryRecorded | Header) -> None:
    """Where a branch was cut within what came late, more of it goes with what it stands before."""
    for branch, cut in state.branches.items():
        if cut.among and (cut.parent, cut.late_upto) == (event.branch, event.place):
            kept = event.before != event.place and is_among(cut.among, event.before or 0)
            if kept != is_among(cut.among, state.version):
                state.branches[branch] = cut._replace(among=(*cut.among, state.version))


def status_of(marks: int) -> str:
    """Where a session stands that ends with an entry of these marks."""
    if marks & Mark.ERROR:
        return "error"
    if marks & Mark.ENDED:
        return "complete"
    if marks & (Mark.CALLS_TOOL | Mark.TRUNCATED):
        return "incomplete"
    return "active"


def _saw(state: SessionState, at: int | None) -> None:
    if at is not None:
        if state.first_at is None or at < state.first_at:
            state.first_at = at
        if state.last_at is None or at > state.last_at:
            state.last_at = at


@_when(e.UsageRecorded)
def _used(state: SessionState, event: e.UsageRecorded) -> None:
    state.cli_version = event.cli_version or state.cli_version
    if event.source != "response":
        # What a subagent used adds up in its own stream, or in the read model that looks for one.
        state.cost_counter = event.total_cost_usd or state.cost_counter
        return
    gained = event.gained
    state.billed = state.billed.plus(gained)
    state.message_id = event.message_id
    state.response = Response(
        event.turn or 0,
        event.counters.best(event.counted),
        event.finished,
        event.quality == "placeholder",
        event.characters,
    )
    _answered_by(state, event.model)
    late = state.version if event.place is not None else 0
    if state.is_live(event.branch, event.place or state.version, late):
        state.live = state.live._replace(usage=state.live.usage.plus(gained))


@_when(e.StatusChanged)
def _status_changed(state: SessionState, event: e.StatusChanged) -> None:
    if event.branch == state.branch:
        state.status = state.announced = event.status
        state.stop_reason = event.stop_reason


@_when(e.SessionRewound)
def _rewound(state: SessionState, event: e.SessionRewound) -> None:
    if event.target_base is not None:
        state.branches[state.version] = Cut(BASE, 0, None, event.target_base)
    else:
        state.branches[state.version] = Cut(
            event.target_branch, event.target, event.target_late, (), event.target_among
        )
    state.branch = state.version
    state.leaf = bytes.fromhex(event.leaf) if event.leaf else None
    state.leaf_version = event.leaf_version
    state.live = event.figures
    kept = {"custom": state.titles["custom"]} if "custom" in state.titles else {}
    state.titles = {**event.titles, **kept}
    state.status = state.announced = event.status
    state.stop_reason = event.stop_reason


@_when(e.TranscriptForked)
def _transcript_forked(state: SessionState, event: e.TranscriptForked) -> None:
    # Entries stay in load, so their number is kept; what was said and spent there is not live.
    entries = state.live.entries
    state.live = event.figures._replace(entries=entries)


@_when(e.SessionRenamed)
def _renamed(state: SessionState, event: e.SessionRenamed) -> None:
    late = event.place is not None and state.is_live(event.branch, event.place, state.version)
    if event.source == "api" or event.branch == state.branch or late:
        state.titles[event.kind] = event.title


@_when(e.SessionTagged)
def _tagged(state: SessionState, event: e.SessionTagged) -> None:
    if event.source == "transcript":
        added = [tag for tag in event.tags if tag not in state.tags]
        state.cli_tag = added[0] if added else None
    state.tags = event.tags


@_when(e.MetadataChanged)
def _metadata_changed(state: SessionState, event: e.MetadataChanged) -> None:
    state.metadata = event.metadata


@_when(e.ContinuationAttempted)
def _continuation_attempted(state: SessionState, event: e.ContinuationAttempted) -> None:
    state.continuations = event.attempt


@_when(e.GapDetected)
def _gap_detected(state: SessionState, event: e.GapDetected) -> None:
    state.gaps += 1


@_when(e.GapFilled)
def _gap_filled(state: SessionState, event: e.GapFilled) -> None:
    state.gaps -= 1


@_when(e.SubagentLinked)
def _linked(state: SessionState, event: e.SubagentLinked) -> None:
    state.called_by = event.tool_use_id


@_when(e.SessionArchived)
def _archived(state: SessionState, event: e.SessionArchived) -> None:
    state.presence = "archived"


@_when(e.SessionDeleted)
def _deleted(state: SessionState, event: e.SessionDeleted) -> None:
    state.presence = "deleted"


@_when(e.SessionRestored)
def _restored(state: SessionState, event: e.SessionRestored) -> None:
    state.presence = "present"


@_when(e.SessionErased)
def _erased(state: SessionState, event: e.SessionErased) -> None:
    state.presence = "erased"
    state.titles, state.tags, state.metadata = {}, (), {}
    state.working_dir = state.user_id = state.machine = state.cli_tag = None
    state.git_branch = None
