"""What arrives after a rewind, and what the CLI does in its own tree."""

from tests.domain.scenario import KEY, Like, Scenario, given
from tests.support.transcripts import Transcript
from turnlog.domain import events as e

ENTRIES = (e.TurnRecorded, e.EntryRecorded)


def session(prompts: int = 3) -> tuple[Transcript, Scenario]:
    s = Transcript(KEY.session_id)
    for n in range(1, prompts + 1):
        s.prompt(f"Question {n}?")
        s.answer(f"Answer {n}.")
    return s, given(s.entries)


def go_back(s: Transcript, past: Scenario, prompts: int) -> int:
    """Rewind to the end of a prompt; what comes next hangs there."""
    kept = s.entries[: 2 * prompts]
    s.leaf = kept[-1]["uuid"] if kept else None
    version = past.version_of(kept[-1]) + 1 if kept else 0
    past.rewind(version)
    return past.state.branch


def add(s: Transcript, text: str) -> list[dict[str, object]]:
    first = len(s.entries)
    s.prompt(text)
    s.answer(f"{text}!")
    return s.entries[first:]


# -- after a rewind --------------------------------------------------------------------------------


def test_what_hangs_on_the_kept_leaf_lies_on_the_new_branch() -> None:
    s, past = session()
    branch = go_back(s, past, 1)
    past.when(add(s, "Another way?"))
    assert {event.branch for event in past.new} == {branch}
    assert past.of(e.GapDetected, e.TranscriptForked) == []
    assert past.state.live[:3] == (2, 2, 4)
    assert [x.checkpoint_id for x in past.of(e.CheckpointCreated)] == ["prompt-2"]


def test_a_rewind_takes_back_what_is_live_and_never_what_was_billed() -> None:
    """Money must never be un-spent."""
    s, past = session()
    billed = past.state.billed
    first = past.at(past.version_of(s.entries[1]) + 1)
    go_back(s, past, 1)
    assert past.state.billed == billed
    assert past.state.live == first.live
    assert past.state.status == "complete"


def test_a_late_entry_of_an_abandoned_branch_stays_on_it() -> None:
    """What was undone must never come back by itself."""
    s, past = session()
    late = add(s, "Still on my way?")
    branch = go_back(s, past, 1)
    live = past.state.live
    past.when(late)
    assert {event.branch for event in past.of(*ENTRIES)} == {0}
    assert past.state.live == live
    assert past.state.branch == branch
    assert past.state.leaf is not None
    assert past.state.status == "complete"
    assert past.of(e.StatusChanged) == []


def test_a_line_without_uuid_lies_where_the_entry_before_it_lies() -> None:
    s, past = session()
    late = [*add(s, "Still on my way?"), {"type": "ai-title", "aiTitle": "Undone"}]
    branch = go_back(s, past, 1)
    past.when(late)
    assert past.of(e.EntryRecorded) == [Like(e.EntryRecorded, branch=0)]
    assert past.state.title == "Question 1?"
    past.when([{"type": "ai-title", "aiTitle": "Kept"}])
    assert past.of(e.EntryRecorded) == [Like(e.EntryRecorded, branch=branch)]
    assert past.state.title == "Kept"


def test_a_title_of_the_abandoned_branch_is_written_again() -> None:
    """A line must never be dropped for repeating one that was undone."""
    s, past = session(1)
    version = past.state.version
    past.when([s.title("Checkout")])
    past.rewind(version)
    assert past.state.title == "Question 1?"
    past.when([s.title("Checkout"), *add(s, "And?")])
    assert past.state.title == "Checkout"


def test_a_rewind_of_a_rewind() -> None:
    s, past = session()
    head = past.state
    go_back(s, past, 1)
    past.when(add(s, "Another way?"))
    past.rewind(head.version)
    assert past.state.live == head.live
    assert past.state.leaf == head.leaf
    s.leaf = s.entries[5]["uuid"]
    past.when(add(s, "On with it?"))
    assert past.state.live[:3] == (4, 4, 8)


def test_back_to_the_empty_session() -> None:
    s, past = session()
    go_back(s, past, 0)
    assert past.state.live == e.Figures()
    past.when(add(s, "From the beginning?"))
    assert past.of(e.GapDetected) == []
    assert past.state.live[:3] == (1, 1, 2)


def test_numbers_of_turns_are_never_used_twice() -> None:
    s, past = session()
    go_back(s, past, 1)
    past.when(add(s, "Another way?"))
    turns = [event.turn for event in past.all_of(e.UsageRecorded)]
    assert turns == [1, 2, 3, 4]


# -- the CLI's own tree ----------------------------------------------------------------------------


def test_a_prompt_on_an_older_entry_forks_the_transcript() -> None:
    s, past = session()
    at = s.entries[1]
    first = past.at(past.version_of(at) + 2)
    s.leaf = at["uuid"]
    past.when(add(s, "Another way?"))
    assert past.new[0] == Like(
        e.TranscriptForked, at=past.version_of(at), child=past.version_of(s.entries[-2])
    )
    assert past.state.live.entries == 8, "all of it stays in load"
    assert past.state.live[:2] == (2, 2)
    assert past.state.live.usage == first.live.usage.plus(past.of(e.UsageRecorded)[0].gained)


def test_a_fork_in_the_transcript_does_not_depend_on_the_batches() -> None:
    s, _ = session()
    s.leaf = s.entries[1]["uuid"]
    add(s, "Another way?")
    once, one_by_one = given(s.entries), Scenario()
    for entry in s.entries:
        one_by_one.when([entry])
    assert once.state.live == one_by_one.state.live
    assert len(one_by_one.all_of(e.TranscriptForked)) == 1


def test_a_prompt_on_the_entry_before_a_fork_does_not_depend_on_the_batches() -> None:
    """What a fork takes back must never be taken back from the entry that came before it."""
    s, _ = session()
    before = s.leaf
    s.leaf = s.entries[1]["uuid"]
    add(s, "Another way?")
    s.leaf = before
    add(s, "The first way after all?")
    once, one_by_one = given(s.entries), Scenario()
    for entry in s.entries:
        one_by_one.when([entry])
    figures = [fork.figures for fork in one_by_one.all_of(e.TranscriptForked)]
    assert [(live.prompts, live.turns) for live in figures] == [(1, 1), (3, 3)]
    assert [fork.figures for fork in once.all_of(e.TranscriptForked)] == figures
    assert once.state.live == one_by_one.state.live


def test_results_of_parallel_tools_fork_nothing() -> None:
    s = Transcript(KEY.session_id)
    s.prompt("?")
    called = s.answer(tools=[("Bash", {"command": "a"}), ("Bash", {"command": "b"})])
    s.tool_result(called.tools[1], "2")
    s.tool_result(called.tools[0], "1")
    s.answer("Both are done.")
    s.prompt("And?")
    assert given(s.entries).all_of(e.TranscriptForked) == []


def test_a_prompt_after_a_note_beside_the_answer_forks_nothing() -> None:
    """A note of the CLI hangs beside the next prompt; nobody went back."""
    s, past = session(1)
    leaf = s.leaf
    note = s.system("turn_duration", durationMs=7)
    s.leaf = leaf
    past.when([note, *add(s, "And?")])
    assert past.of(e.TranscriptForked) == []
