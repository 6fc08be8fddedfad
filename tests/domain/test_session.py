"""How each event changes a session's state."""

from copy import deepcopy
from dataclasses import fields
from typing import Any, NamedTuple

import pytest

from tests.domain.samples import BASE, SAMPLES, UUID
from tests.domain.scenario import KEY
from turnlog.domain import events as e
from turnlog.domain.entry import ANONYMOUS, Mark
from turnlog.domain.evolving import evolve, fold
from turnlog.domain.lineage import BASE as ORIGIN
from turnlog.domain.lineage import Cut
from turnlog.domain.session import SessionState
from turnlog.domain.usage import Response, Usage

STARTED = e.SessionStarted(project_key="p", session_id="s")
PROMPT = e.TurnRecorded(
    identity=UUID, body=b"{}", kind="user", marks=Mark.USER | Mark.PROMPT, occurred_at=1_000
)
OTHER = bytes(reversed(UUID))
ANSWER = e.TurnRecorded(
    identity=OTHER, body=b"{}", kind="assistant", marks=Mark.ASSISTANT | Mark.ENDED, turn=1
)
USED = e.UsageRecorded(message_id="msg_1", turn=1, model="claude", counters=Usage(3, 5))
ASKED = (STARTED, PROMPT)
SAID = (*ASKED, ANSWER, USED)
REWOUND = e.SessionRewound(target=2, figures=e.Figures(1, 0, 1), leaf=UUID.hex(), leaf_version=2)


class Case(NamedTuple):
    """What an event changes."""

    name: str
    given: tuple[e.SessionEvent, ...]
    event: e.SessionEvent
    then: dict[str, Any]


CASES = [
    Case(
        "a session begins",
        (),
        e.SessionStarted(
            project_key="p",
            session_id="s",
            source="sdk",
            user_id="ada",
            working_dir="/home/ada",
            machine="analytical",
            prompt="Why?",
            metadata={"ticket": 7},
        ),
        {
            "presence": "present",
            "source": "sdk",
            "user_id": "ada",
            "working_dir": "/home/ada",
            "machine": "analytical",
            "titles": {"prompt": "Why?"},
            "metadata": {"ticket": 7},
        },
    ),
    Case(
        "a fork begins with what it takes over",
        (),
        e.SessionStarted(
            project_key="p",
            session_id="s",
            forked_from=e.Origin("p/origin", 9, "c0ffee"),
            base=BASE,
            figures=e.Figures(2, 3, 9, Usage(1, 2)),
            leaf=UUID.hex(),
        ),
        {
            "presence": "present",
            "forked_from": e.Origin("p/origin", 9, "c0ffee"),
            "base": BASE,
            "live": e.Figures(2, 3, 9, Usage(1, 2)),
            "leaf": UUID,
        },
    ),
    Case(
        "a subagent begins",
        (),
        e.SessionStarted(project_key="p", session_id="s", called_by="toolu_1"),
        {"presence": "present", "called_by": "toolu_1"},
    ),
    Case(
        "a deleted session begins a new life",
        (*SAID, e.SessionRenamed(title="Checkout"), e.SessionDeleted()),
        STARTED,
        {
            "presence": "present",
            "life": 6,
            "branch": 7,
            "branches": {7: Cut(ORIGIN, 0)},
            "leaf": None,
            "live": e.Figures(),
            "titles": {},
            "message_id": None,
            "response": None,
            "status": "active",
        },
    ),
    Case(
        "a new life is tried, and ended, for its own reasons",
        (
            *(STARTED, e.ContinuationAttempted(attempt=2), e.SessionDeleted()),
            e.StatusChanged(status="complete", stop_reason="end_turn"),
        ),
        STARTED,
        {
            "presence": "present",
            "life": 4,
            "branch": 5,
            "branches": {5: Cut(ORIGIN, 0)},
            "status": "active",
            "announced": "active",
            "stop_reason": None,
            "continuations": 0,
        },
    ),
    Case(
        "more is told of it",
        (STARTED,),
        e.SessionDescribed(user_id="grace", working_dir="/srv", prompt="How?", model="claude"),
        {
            "user_id": "grace",
            "working_dir": "/srv",
            "titles": {"prompt": "How?"},
            "models": ("claude",),
        },
    ),
    Case("nothing new", (STARTED,), e.SessionDescribed(), {}),
    Case(
        "a working directory is found",
        (STARTED,),
        e.SessionLocated(working_dir="/home/ada"),
        {"working_dir": "/home/ada"},
    ),
    Case(
        "another branch is checked out",
        (STARTED,),
        e.WorkspaceChanged(git_branch="fix/checkout", working_dir="/home/ada/shop"),
        {"git_branch": "fix/checkout"},
    ),
    Case(
        "history remembers a prompt",
        (),
        e.PromptRemembered(prompt="Why?", occurred_at=500),
        {"remembered": 1, "first_at": 500, "last_at": 500},
    ),
    Case(
        "a prompt",
        (STARTED,),
        PROMPT,
        {
            "entries": 1,
            "live": e.Figures(1, 0, 1),
            "leaf": UUID,
            "leaf_version": 2,
            "first_at": 1_000,
            "last_at": 1_000,
        },
    ),
    Case(
        "an answer",
        ASKED,
        ANSWER,
        {
            "entries": 2,
            "live": e.Figures(1, 1, 2),
            "turns_seen": 1,
            "leaf": OTHER,
            "leaf_version": 3,
            "status": "complete",
        },
    ),
    Case(
        "an answer on an abandoned branch",
        (*ASKED, REWOUND),
        ANSWER,
        {"entries": 2, "turns_seen": 1},
    ),
    Case(
        "an entry that came late",
        SAID,
        e.TurnRecorded(
            identity=b"\0late",
            body=b"{}",
            kind="user",
            marks=Mark.USER | Mark.PROMPT,
            before=3,
            place=3,
            occurred_at=900,
        ),
        {"entries": 3, "late": 1, "live": e.Figures(2, 1, 3, Usage(3, 5)), "first_at": 900},
    ),
    Case(
        "an entry without uuid",
        SAID,
        e.EntryRecorded(identity=ANONYMOUS + bytes(12), body=b"{}", kind="mode"),
        {"entries": 3, "live": e.Figures(1, 1, 3, Usage(3, 5))},
    ),
    Case(
        "counters of a response",
        (*ASKED, ANSWER),
        USED,
        {
            "billed": Usage(3, 5),
            "live": e.Figures(1, 1, 2, Usage(3, 5)),
            "message_id": "msg_1",
            "response": Response(1, Usage(3, 5)),
            "models": ("claude",),
        },
    ),
    Case(
        "more of the same response",
        SAID,
        USED.model_copy(update={"counters": Usage(2, 90), "counted": Usage(3, 5)}),
        {
            "billed": Usage(3, 90),
            "live": e.Figures(1, 1, 2, Usage(3, 90)),
            "response": Response(1, Usage(3, 90)),
        },
    ),
    Case(
        "counters on an abandoned branch",
        (*ASKED, REWOUND, ANSWER),
        USED,
        {
            "billed": Usage(3, 5),
            "message_id": "msg_1",
            "response": Response(1, Usage(3, 5)),
            "models": ("claude",),
        },
    ),
    Case(
        "the counter of the CLI",
        SAID,
        e.UsageRecorded(source="cost-state", total_cost_usd="0.25"),
        {"cost_counter": "0.25"},
    ),
    Case(
        "another status",
        ASKED,
        e.StatusChanged(status="abandoned", stop_reason="max_tokens"),
        {"status": "abandoned", "announced": "abandoned", "stop_reason": "max_tokens"},
    ),
    Case(
        "a rewind",
        (*SAID, e.SessionRenamed(title="Mine"), e.SessionRenamed(title="Its", kind="ai")),
        REWOUND,
        {
            "branch": 7,
            "branches": {7: Cut(0, 2)},
            "leaf": UUID,
            "leaf_version": 2,
            "live": e.Figures(1, 0, 1),
            "status": "active",
            "titles": {"custom": "Mine"},
        },
    ),
    Case(
        "a rewind to the empty session",
        ASKED,
        e.SessionRewound(target=0, target_base=()),
        {
            "branch": 3,
            "branches": {3: Cut(ORIGIN, 0)},
            "leaf": None,
            "leaf_version": 0,
            "live": e.Figures(),
        },
    ),
    Case(
        "the CLI went back in its own tree",
        SAID,
        e.TranscriptForked(at=2, child=6, figures=e.Figures(1, 0, 1)),
        {"live": e.Figures(1, 0, 2)},
    ),
    Case(
        "a better title",
        (STARTED, e.SessionRenamed(title="Its", kind="ai")),
        e.SessionRenamed(title="Mine"),
        {"titles": {"ai": "Its", "custom": "Mine"}},
    ),
    Case(
        "a title on an abandoned branch",
        (*ASKED, REWOUND),
        e.SessionRenamed(title="Its", kind="ai", source="transcript"),
        {},
    ),
    Case(
        "tags",
        (STARTED, e.SessionTagged(tags=("old",))),
        e.SessionTagged(tags=("slow", "shop")),
        {"tags": ("slow", "shop")},
    ),
    Case(
        "the CLI's tag beside others",
        (STARTED, e.SessionTagged(tags=("mine",))),
        e.SessionTagged(tags=("mine", "its"), source="transcript"),
        {"tags": ("mine", "its"), "cli_tag": "its"},
    ),
    Case("metadata", (STARTED,), e.MetadataChanged(metadata={"a": 1}), {"metadata": {"a": 1}}),
    Case(
        "a title that is taken away",
        (*ASKED, e.SessionRenamed(title="Mine")),
        e.SessionRenamed(title=""),
        {"titles": {"custom": ""}},
    ),
    Case("an attempt", ASKED, e.ContinuationAttempted(attempt=2), {"continuations": 2}),
    Case("a gap", ASKED, e.GapDetected(missing="a", of=2), {"gaps": 1}),
    Case(
        "a gap is filled",
        (*ASKED, e.GapDetected(missing="a", of=2)),
        e.GapFilled(missing="a", of=4),
        {"gaps": 0},
    ),
    Case("the call", ASKED, e.SubagentLinked(tool_use_id="toolu_1"), {"called_by": "toolu_1"}),
    Case("archiving", ASKED, e.SessionArchived(), {"presence": "archived"}),
    Case("deleting", ASKED, e.SessionDeleted(), {"presence": "deleted"}),
    Case(
        "taking a deletion back",
        (*ASKED, e.SessionDeleted()),
        e.SessionRestored(),
        {"presence": "present"},
    ),
    Case(
        "erasing",
        (*SAID, e.SessionRenamed(title="Mine"), e.SessionLocated(working_dir="/home/ada")),
        e.SessionErased(bodies=2),
        {"presence": "erased", "titles": {}, "working_dir": None},
    ),
]

CHANGES_NOTHING = {
    e.EntryConflicted: "kept, never loaded",
    e.EntryCorrupted: "kept, never loaded",
    e.CheckpointCreated: "looked up by name when asked for",
    e.SessionForked: "concerns the child",
    e.SubagentCalled: "looked up when a subagent is read",
    e.ContextSummarized: "the summary's own entry says the rest",
    e.ContextTrimmed: "looked up when the live context is asked for",
    e.FileKept: "the file is kept beside the log",
    e.SessionPacked: "nothing reads otherwise",
    e.EntryRedacted: "the events it concerns say the rest",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_an_event_changes(case: Case) -> None:
    before = fold(SessionState(KEY), case.given)
    untouched = deepcopy(before)
    after = evolve(before, case.event)
    assert changes(before, after) == case.then | {"version": len(case.given) + 1}
    assert before == untouched, "a state that was given out never changes"


@pytest.mark.parametrize("kind", CHANGES_NOTHING, ids=lambda kind: kind.__name__)
def test_an_event_only_takes_a_version(kind: type[e.SessionEvent]) -> None:
    before = fold(SessionState(KEY), SAID)
    event = next(sample for sample in SAMPLES if type(sample) is kind)
    assert changes(before, evolve(before, event)) == {"version": 5}


def test_every_kind_of_event_is_understood() -> None:
    """An event must never be added without saying what it does to a session."""
    tested = {type(case.event) for case in CASES} | {*CHANGES_NOTHING}
    assert tested == set(e.EVENTS.values())


def test_one_event_at_a_time_or_all_at_once_is_the_same() -> None:
    state = SessionState(KEY)
    for event in SAMPLES:
        state = evolve(state, event)
    assert state == fold(SessionState(KEY), SAMPLES)


@pytest.mark.parametrize(
    ("titles", "shown"),
    [
        ({}, None),
        ({"prompt": "p"}, "p"),
        ({"prompt": "p", "summary": "s"}, "s"),
        ({"summary": "s", "last-prompt": "l"}, "l"),
        ({"last-prompt": "l", "ai": "a"}, "a"),
        ({"ai": "a", "custom": "c"}, "c"),
        ({"ai": "a", "custom": ""}, "a"),
    ],
)
def test_the_best_title_shows(titles: dict[str, str], shown: str | None) -> None:
    assert SessionState(KEY, titles=titles).title == shown


def test_a_branch_is_live_again_after_the_rewind_of_a_rewind() -> None:
    back = e.SessionRewound(target=3, target_branch=0, branch=5)
    state = fold(SessionState(KEY), (*SAID, REWOUND, ANSWER, back))
    assert state.is_live(0, 3)
    assert not state.is_live(0, 4)
    assert not state.is_live(5, 6)


def changes(before: SessionState, after: SessionState) -> dict[str, Any]:
    return {
        field.name: getattr(after, field.name)
        for field in fields(SessionState)
        if getattr(before, field.name) != getattr(after, field.name)
    }
