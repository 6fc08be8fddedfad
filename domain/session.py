"""A session's state, and how each event changes it.

The state stays small however long the session is: it knows the head, the lineage, the counts and
the titles. What a decision must know of a long past is looked up and passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from . import events as e
from .entry import Mark, is_anonymous
from .headers import EntryHeader, Header, TurnHeader
from .keys import SessionKey
from .lineage import BASE, FIRST, Cut, Lineage, is_live, lineage
from .usage import NOTHING, Response, Usage

GONE = ("deleted", "erased")
"""What is appended to a session that is gone begins a new life of it."""
TITLES = ("custom", "ai", "last-prompt", "summary", "prompt")
"""The kinds of title, the best first."""


@dataclass
class SessionState:
    """What is true of a session (or of a subagent's stream) at one version."""

    key: SessionKey
    version: int = 0
    presence: str = "absent"
    """absent, present, archived, deleted or erased."""
    life: int = 0
    """The version after which its present life began; identities count within a life."""
    source: str = "api"
    user_id: str | None = None
    working_dir: str | None = None
    git_branch: str | None = None
    machine: str | None = None
    called_by: str | None = None
    forked_from: e.Origin | None = None
    status: str = "active"
    announced: str = "active"
    """The status that the last StatusChanged gave."""
    stop_reason: str | None = None
    titles: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    cli_tag: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    first_at: int | None = None
    last_at: int | None = None

    branch: int = FIRST
    branches: dict[int, Cut] = field(default_factory=dict)
    base: Lineage = ()
    leaf: bytes | None = None
    """The entry that a next one would hang on."""
    leaf_version: int = 0

    live: e.Figures = e.NO_FIGURES
    billed: Usage = NOTHING
    entries: int = 0
    """All entries ever recorded, on every branch."""
    remembered: int = 0
    """Prompts known from the CLI's history alone."""
    late: int = 0
    gaps: int = 0
    turns_seen: int = 0
    """Turns on every branch; each keeps the number it was given on arrival."""
    message_id: str | None = None
    response: Response | None = None
    """What is known of the response ``message_id``, the one recorded last."""
    cli_version: str | None = None
    """The release of the CLI that wrote the newest response."""
    cost_counter: str | None = None
    continuations: int = 0

    @property
    def title(self) -> str | None:
        """The best title there is."""
        return next((self.titles[kind] for kind in TITLES if self.titles.get(kind)), None)

    @property
    def lineage(self) -> Lineage:
        """The segments that lead to the head."""
        return lineage(self.branches, self.base, self.branch)

    def is_live(self, branch: int, place: int, late: bool = False) -> bool:
        """Whether what lies there is on the live branch."""
        return branch == self.branch or is_live(self.lineage, branch, place, late)


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
    state = copy(state)
    state.titles = dict(state.titles)
    state.branches = dict(state.branches)
    return state


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
    state.user_id = event.user_id or state.user_id
    state.working_dir = event.working_dir or state.working_dir
    state.machine = event.machine or state.machine
    state.git_branch = event.git_branch or state.git_branch
    state.called_by = event.called_by
    state.forked_from = event.forked_from
    state.metadata = event.metadata
    state.base = event.base
    state.live = event.figures
    if event.leaf:
        state.leaf = bytes.fromhex(event.leaf)
    if event.prompt:
        state.titles["prompt"] = event.prompt
    if event.model and event.model not in state.models:
        state.models = (*state.models, event.model)


@_when(e.SessionDescribed)
def _described(state: SessionState, event: e.SessionDescribed) -> None:
    state.user_id = event.user_id or state.user_id
    state.working_dir = event.working_dir or state.working_dir
    if event.prompt:
        state.titles["prompt"] = event.prompt
    if event.model and event.model not in state.models:
        state.models = (*state.models, event.model)


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
    at = event.occurred_at
    if at is not None and (state.last_at is None or at > state.last_at):
        state.last_at = at
    if at is not None and (state.first_at is None or at < state.first_at):
        state.first_at = at
    turn = event.turn or 0
    new_turn = turn > state.turns_seen
    if new_turn:
        state.turns_seen = turn
    if event.branch != state.branch and not (
        late and state.is_live(event.branch, event.place or 0, late)
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
        state.status = _status(marks)


def _status(marks: int) -> str:
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
    if event.model and event.model not in state.models:
        state.models = (*state.models, event.model)
    late = event.place is not None
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
        state.branches[state.version] = Cut(event.target_branch, event.target, event.target_late)
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
    late = event.place is not None and state.is_live(event.branch, event.place, True)
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
