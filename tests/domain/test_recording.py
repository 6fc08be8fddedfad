"""What follows when the entries of a transcript arrive."""

import pytest

from tests.domain.scenario import KEY, Like, Scenario, given, when
from tests.support.transcripts import Transcript
from turnlog.domain import events as e
from turnlog.domain.details import rename, retag
from turnlog.domain.entry import identity_of
from turnlog.domain.keys import SessionKey
from turnlog.domain.usage import Usage

TURN = e.TurnRecorded
USED = e.UsageRecorded


@pytest.fixture
def s() -> Transcript:
    return Transcript(KEY.session_id, cwd="/home/ada/shop")


def answered(s: Transcript, prompts: int = 1) -> Transcript:
    for number in range(1, prompts + 1):
        s.prompt(f"Question {number}?")
        s.answer(f"Answer {number}.", usage={"output_tokens": 10 * number})
    return s


# -- how a session begins --------------------------------------------------------------------------


def test_the_first_batch_begins_the_session(s: Transcript) -> None:
    when(answered(s).entries, user_id="ada", source="sdk", machine="analytical").then(
        Like(
            e.SessionStarted,
            project_key=KEY.project_key,
            session_id=KEY.session_id,
            source="sdk",
            user_id="ada",
            machine="analytical",
            working_dir="/home/ada/shop",
            prompt="Question 1?",
            model=s.model,
        ),
        TURN,
        Like(e.CheckpointCreated, checkpoint_id="prompt-1"),
        Like(TURN, role="assistant", turn=1, prompt=1),
        Like(USED, turn=1),
        Like(e.StatusChanged, status="complete", stop_reason="end_turn"),
    )


def test_an_empty_batch_is_nothing() -> None:
    when([]).then()


def test_the_directory_is_found_when_the_first_entries_did_not_tell(s: Transcript) -> None:
    s.mode()
    past = given(s.entries)
    s.prompt("?")
    past.when(s.entries[1:])
    assert past.of(e.SessionLocated) == [Like(e.SessionLocated, working_dir="/home/ada/shop")]
    assert past.state.working_dir == "/home/ada/shop"


def test_the_branch_that_is_checked_out_is_known_before_the_entry(s: Transcript) -> None:
    """What an entry used must never be put down to the branch that was left before it."""
    s.prompt("?")
    s.answer("!")
    past = given(s.entries)
    assert past.state.git_branch == "main"
    assert past.of(e.WorkspaceChanged) == []
    s.branch = "fix"
    s.prompt("And now?")
    s.mode()
    s.answer("Now.")
    past.when(s.entries[2:])
    assert past.of(e.WorkspaceChanged) == [Like(e.WorkspaceChanged, git_branch="fix")]
    first = next(i for i, x in enumerate(past.new) if isinstance(x, e.WorkspaceChanged))
    assert isinstance(past.new[first + 1], e.TurnRecorded)
    assert past.state.git_branch == "fix"


def test_what_a_subagent_used_is_told_by_its_session(s: Transcript) -> None:
    """It must never be added to what the session's own responses used."""
    s.prompt("?")
    task = s.answer(tools=[("Task", {"prompt": "Who?"})], usage={"output_tokens": 2})
    agent = s.subagent(task.tools[0])
    answer = agent.answer("Two files.", usage={"output_tokens": 4}).entries[-1]
    told = {
        "type": "progress",
        "uuid": "5e550000-0000-4000-8000-0000000000aa",
        "parentUuid": s.leaf,
        "parentToolUseID": task.tools[0],
        "data": {
            "type": "agent_progress",
            "agentId": agent.agent_id,
            "message": {"message": answer["message"], "requestId": answer["requestId"]},
        },
    }
    past = given([*s.entries, told])
    assert past.state.billed.output_tokens == 2
    past.when([told | {"uuid": "5e550000-0000-4000-8000-0000000000ab"}])
    assert past.of(e.UsageRecorded) == [], "the same counters again tell nothing"


def test_an_entry_of_a_kind_nobody_knows_is_recorded() -> None:
    when([{"type": "hologram", "uuid": "h"}, {"no": "type"}]).then(
        e.SessionStarted, Like(e.EntryRecorded, kind="hologram"), Like(e.EntryRecorded, kind="")
    )


def test_what_is_no_entry_is_kept_as_corrupt() -> None:
    """A bad entry must never take the rest of its batch with it."""
    bad = [7, {"uuid": "u", "type": "mode"}, {"not": {1, 2}}]
    when(bad).then(  # type: ignore[arg-type]
        e.SessionStarted,
        Like(e.EntryCorrupted, body=b"7"),
        Like(e.EntryRecorded, identity=identity_of("u")),
        e.EntryCorrupted,
    )


# -- turns and usage -------------------------------------------------------------------------------


def test_a_turn_is_a_response_however_many_entries_it_has(s: Transcript) -> None:
    s.prompt("?")
    s.answer("So.", thinking="Hm.", tools=[("Bash", {}), ("Bash", {})])
    past = when(s.entries)
    assert [turn.turn for turn in past.of(TURN)] == [None, 1, 1, 1, 1]
    assert past.state.live.turns == 1


def test_a_response_counts_what_each_entry_adds(s: Transcript) -> None:
    s.prompt("?")
    s.answer("So.", thinking="Hm.", usage={"input_tokens": 3, "output_tokens": 90})
    past = when(s.entries)
    first, last = past.of(USED)
    assert (first.counters.output_tokens, first.counted) == (1, Usage())
    assert (last.counters.output_tokens, last.counted.output_tokens) == (90, 1)
    assert last.gained == Usage(output_tokens=89)
    assert past.state.billed.output_tokens == 90
    assert past.state.live.usage == past.state.billed


def test_the_same_figure_in_every_entry_counts_once(s: Transcript) -> None:
    """Adding up every entry of a response must never happen: it overstates cost 2.2 times."""
    s.prompt("?")
    s.answer("So.", thinking="Hm.", tools=[("Bash", {})], output="repeated")
    past = when(s.entries)
    assert len(past.of(USED)) == 1


def test_entries_of_one_response_that_are_not_adjacent_are_one_turn(s: Transcript) -> None:
    """A response must never be billed twice because another came between its entries."""
    s.prompt("?")
    one = s.answer("So.", thinking="Hm.", usage={"output_tokens": 50}).entries
    two = s.answer("And so.", output="repeated").entries
    past = given(s.entries[:1], one[:1]).when([*two, one[1]])
    assert past.state.live.turns == 2
    assert past.state.billed.output_tokens == 50 + two[0]["message"]["usage"]["output_tokens"]


def test_a_response_continued_after_another_in_the_same_batch_is_known_again(
    s: Transcript,
) -> None:
    """The response recorded last must never be forgotten while a batch is at work on others."""
    s.prompt("?")
    a, b, c = s.answer(
        "So.", thinking="Hm.", tools=[("Bash", {})], output="repeated", usage={"output_tokens": 70}
    ).entries
    two = s.answer("And so.", usage={"output_tokens": 7}).entries
    past = given([s.entries[0], a]).when([b, *two, c])
    assert past.state.live.turns == 2
    assert past.state.billed.output_tokens == 77


def test_placeholders_are_told_from_figures() -> None:
    s = Transcript(KEY.session_id, version="2.1.42")
    s.prompt("?")
    s.answer("A long answer. " * 40)
    past = when(s.entries)
    assert [used.quality for used in past.of(USED)] == ["placeholder"]
    finished = dict(s.entries[-1], uuid="x")
    finished["message"] = {**finished["message"], "stop_reason": "end_turn"}
    past.when([finished])
    assert [used.quality for used in past.of(USED)] == ["exact"]


def test_what_the_cli_writes_in_the_models_place_is_no_turn(s: Transcript) -> None:
    s.prompt("?")
    s.api_error()
    past = when(s.entries)
    assert past.of(USED) == []
    assert past.state.live.turns == 0


def test_the_counter_of_the_cli_is_a_fact_beside_the_responses(s: Transcript) -> None:
    past = given(answered(s).entries)
    billed = past.state.billed
    past.when([s.cost_state({s.model: 0.25})])
    past.then(e.EntryRecorded, Like(USED, source="cost-state", total_cost_usd="0.25"))
    assert past.state.cost_counter == "0.25"
    assert past.state.billed == billed


# -- prompts and checkpoints -----------------------------------------------------------------------


def test_every_prompt_sets_a_checkpoint(s: Transcript) -> None:
    past = when(answered(s, 3).entries)
    points = past.of(e.CheckpointCreated)
    assert [point.checkpoint_id for point in points] == ["prompt-1", "prompt-2", "prompt-3"]
    assert [point.anchor for point in points] == [past.version_of(entry) for entry, _ in s.prompts]
    assert [point.turn for point in points] == [0, 1, 2]


@pytest.mark.parametrize(("every", "names"), [(5, ["turn-5"]), (2, ["turn-2", "turn-4"]), (0, [])])
def test_turns_set_a_checkpoint_now_and_then(s: Transcript, every: int, names: list[str]) -> None:
    s.prompt("?")
    for n in range(5):
        s.run("Bash", {"command": "ls"}, str(n))
    past = when(s.entries, checkpoint_every=every)
    assert [x.checkpoint_id for x in past.of(e.CheckpointCreated)] == ["prompt-1", *names]


def test_a_checkpoint_comes_once_a_turn_whatever_the_batches(s: Transcript) -> None:
    s.prompt("?")
    for n in range(5):
        s.run("Bash", {"command": "ls"}, str(n), thinking="Hm.", text="So.")
    past = Scenario()
    for entry in s.entries:
        past.when([entry])
    assert [x.checkpoint_id for x in past.all_of(e.CheckpointCreated)] == ["prompt-1", "turn-5"]


def test_entries_that_share_a_prompt_id_are_one_prompt(s: Transcript) -> None:
    s.prompt("Look at this:", prompt_id="p1")
    s.user("and at that.", promptId="p1")
    s.answer("Seen.")
    s.prompt("And now?", prompt_id="p2")
    past = Scenario()
    for entry in s.entries:
        past.when([entry])
    assert past.state.live.prompts == 2
    assert len(past.all_of(e.CheckpointCreated)) == 2


def test_commands_are_prompts_and_their_output_is_not(s: Transcript) -> None:
    s.command("model", "opus", output="Set model to opus")
    s.command("review", expands_to="Review the diff.")
    s.answer("Reviewed.")
    s.interrupt()
    assert when(s.entries).state.live.prompts == 2


def test_subagents_have_no_checkpoints(s: Transcript) -> None:
    s.prompt("?")
    task = s.answer(tools=[("Task", {"prompt": "Who calls it?"})])
    agent = s.subagent(task.tools[0])
    agent.answer("Two files.")
    past = Scenario(SessionKey(*KEY[:2], "subagents/agent-1")).when(agent.entries)
    assert past.of(e.CheckpointCreated) == []
    assert past.state.live[:2] == (1, 1)


# -- titles and tags -------------------------------------------------------------------------------


def test_the_first_prompt_is_the_title_until_there_is_a_better_one(s: Transcript) -> None:
    shown = []
    past = Scenario()
    for entry in (
        s.mode(),
        s.prompt("Why?"),
        s.prompt("And?"),
        s.summary("A summary"),
        s.last_prompt("And?"),
        s.title("Its title"),
        s.title("My title", kind="custom"),
        s.title("Its next title"),
    ):
        shown.append(past.when([entry]).state.title)
    assert shown == [None, "Why?", "Why?", "A summary", "And?", "Its title", *["My title"] * 2]


def test_the_same_title_again_renames_nothing(s: Transcript) -> None:
    past = given([s.title("One"), s.title("Two")]).when([s.title("Two"), s.prompt("?")])
    assert [x.kind for x in past.of(e.SessionRenamed)] == ["prompt"]


def test_a_title_given_by_hand_is_replaced_by_a_later_one_of_the_cli(s: Transcript) -> None:
    past = given(answered(s).entries, lambda state: rename(state, "Mine", "ada"), [s.title("Its")])
    assert past.state.title == "Mine"
    assert past.when([s.title("Its own", kind="custom")]).state.title == "Its own"


def test_the_tag_of_the_cli_stands_beside_those_given_by_hand(s: Transcript) -> None:
    past = given(answered(s).entries, lambda state: retag(state, ("mine",)))
    assert past.when([s.tag("slow")]).state.tags == ("mine", "slow")
    assert past.when([s.tag("fast")]).state.tags == ("mine", "fast")
    assert past.when([s.tag("")]).state.tags == ("mine",)


# -- status ----------------------------------------------------------------------------------------


def test_a_session_is_active_while_somebody_waits_for_an_answer(s: Transcript) -> None:
    past = given(answered(s).entries).when([s.prompt("And?")])
    assert past.of(e.StatusChanged) == [Like(e.StatusChanged, status="active", stop_reason=None)]


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("end_turn", "complete"),
        ("stop_sequence", "complete"),
        ("max_tokens", "incomplete"),
        ("refusal", "active"),
    ],
)
def test_how_an_answer_ended_is_the_status(s: Transcript, reason: str, status: str) -> None:
    s.prompt("?")
    s.answer("So.", stop_reason=reason)
    past = when(s.entries)
    assert past.state.status == status
    if status != "active":
        assert past.new[-1] == Like(e.StatusChanged, status=status, stop_reason=reason)


def test_an_error_of_the_api_is_the_status(s: Transcript) -> None:
    s.prompt("?")
    s.api_error()
    past = when(s.entries)
    assert past.of(e.StatusChanged) == [Like(e.StatusChanged, status="error")]


def test_a_call_that_nobody_answered_leaves_the_session_incomplete(s: Transcript) -> None:
    s.prompt("?")
    called = s.answer(tools=[("Bash", {"command": "ls"})])
    past = given(s.entries)
    assert past.state.status == "incomplete"
    assert past.when([s.tool_result(called.tools[0], "cart.py")]).state.status == "active"


def test_the_status_does_not_depend_on_the_batches(s: Transcript) -> None:
    answered(s, 2)
    s.run("Bash", {"command": "ls"}, "cart.py")
    s.title("Listed")
    past = Scenario()
    for entry in s.entries:
        past.when([entry])
    assert past.state.status == when(s.entries).state.status == "active"


# -- compaction and subagents ----------------------------------------------------------------------


def test_a_compaction(s: Transcript) -> None:
    answered(s)
    boundary, _ = s.compact("So far: …", trigger="manual")
    past = when(s.entries)
    (summarized,) = past.of(e.ContextSummarized)
    assert (summarized.of, summarized.trigger) == (past.version_of(boundary), "manual")
    assert past.of(e.GapDetected) == [], "a compaction cuts the chain, nothing is missing"
    assert past.state.live.prompts == 1


def test_a_call_of_a_subagent(s: Transcript) -> None:
    s.prompt("?")
    task = s.answer(tools=[("Task", {"prompt": "Who?"}), ("Bash", {})])
    past = when(s.entries)
    assert past.of(e.SubagentCalled) == [
        Like(
            e.SubagentCalled,
            tool_use_id=task.tools[0],
            of=past.version_of(task.entries[0]),
        )
    ]


def test_a_subagent_learns_which_call_started_it(s: Transcript) -> None:
    s.prompt("?")
    task = s.answer(tools=[("Task", {"prompt": "Who calls it?"})])
    agent = s.subagent(task.tools[0])
    key = SessionKey(*KEY[:2], "subagents/agent-1")
    meta = {"type": "agent_metadata", "toolUseId": "toolu_1"}
    assert Scenario(key).when([meta, *agent.entries]).state.called_by == "toolu_1"
    later = Scenario(key).given(agent.entries).when([meta])
    later.then(e.EntryRecorded, Like(e.SubagentLinked, tool_use_id="toolu_1"))
    assert later.state.called_by == "toolu_1"
