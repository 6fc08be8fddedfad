"""The synthetic transcripts that all other tests stand on have the shapes of real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.config_dir import encode_line
from tests.support.entries import HAIKU, OPUS, Entry
from tests.support.transcripts import Transcript

CHAINED = {"user", "assistant", "system", "attachment", "progress"}
TASK = {
    "description": "Find callers",
    "prompt": "Who calls total()?",
    "subagent_type": "Explore",
}


def conversation(seed: int = 1) -> Transcript:
    """One of everything."""
    s = Transcript("5e550000-0000-4000-8000-000000000001", seed=seed)
    s.permission_mode("acceptEdits")
    s.mode()
    s.attachment("hook_success", hookName="SessionStart:startup", content="", exitCode=0)
    s.prompt("Why is the checkout slow?")
    s.snapshot({"cart.py": 2})
    s.run("Read", {"file_path": "/home/ada/shop/cart.py"}, "def total(cart):\n    ...")
    task = s.answer("I ask around.", thinking="Who calls it?", tools=[("Task", TASK)])
    agent = s.subagent(task.tools[0], model=HAIKU)
    agent.run("Grep", {"pattern": "total("}, "cart.py\ncheckout.py")
    agent.answer("Two files call it.")
    s.subagent_result(agent, "Two files call it.")
    bash = s.answer(tools=[("Bash", {"command": "pytest -q"})], usage={"output_tokens": 300})
    s.progress("bash_progress", bash.tools[0], output="...", elapsedTimeSeconds=2)
    s.tool_result(bash.tools[0], "1 failed", is_error=True)
    s.queue_operation("enqueue", "and add a test")
    s.queue_operation("dequeue")
    s.answer("It is slow because of the loop.", model=OPUS)
    s.title("Slow checkout")
    s.title("checkout", kind="custom")
    s.tag("performance")
    s.system("turn_duration", durationMs=12_000)
    s.command("model", "opus", output="Set model to opus")
    s.command("review", expands_to="Review the diff.")
    s.interrupt()
    s.compact("What happened so far: …")
    s.prompt("Go on")
    s.api_error()
    s.last_prompt()
    s.summary("The slow checkout")
    s.cost_state({OPUS: 0.25, HAIKU: 0.5})
    return s


def test_the_same_seed_gives_the_same_bytes() -> None:
    def written(s: Transcript) -> list[bytes]:
        entries = [*s.entries, *s.subagents[0].entries]
        return [encode_line(entry) for entry in entries]

    assert written(conversation(1)) == written(conversation(1))
    assert written(conversation(1)) != written(conversation(2))


def test_every_entry_survives_json() -> None:
    for entry in conversation().entries:
        assert json.loads(encode_line(entry)) == entry


def test_only_the_conversation_is_chained() -> None:
    """Each chained entry hangs on one that was written before it; the others carry no uuid."""
    s = conversation()
    seen: set[str | None] = {None}
    for entry in s.entries:
        assert ("uuid" in entry) == (entry["type"] in CHAINED)
        if "uuid" in entry:
            assert entry["parentUuid"] in seen
            assert entry["uuid"] not in seen
            seen.add(entry["uuid"])
    assert s.leaf == s.entries[[e["type"] for e in s.entries].index("last-prompt")]["leafUuid"]


def test_time_runs_forward_in_one_transcript() -> None:
    times = [entry["timestamp"] for entry in conversation().entries if "timestamp" in entry]
    assert times == sorted(times)


def test_a_response_is_one_entry_for_each_block() -> None:
    s = Transcript()
    s.prompt("?")
    answer = s.answer("So.", thinking="Hm.", tools=[("Bash", {}), ("Bash", {})])
    assert [kinds(entry) for entry in answer.entries] == [
        ["thinking"],
        ["text"],
        ["tool_use"],
        ["tool_use"],
    ]
    assert {entry["message"]["id"] for entry in answer.entries} == {answer.message_id}
    assert len({entry["requestId"] for entry in answer.entries}) == 1
    assert [call["message"]["content"][0]["id"] for call in answer.entries[2:]] == [*answer.tools]


@pytest.mark.parametrize(
    ("output", "tokens", "finished"),
    [
        ("grows", [1, 2, 500], [False, False, True]),
        ("repeated", [500, 500, 500], [True, True, True]),
        ("placeholder", [1, 2, 3], [False, False, False]),
    ],
)
def test_output_tokens_are_counted_as_clis_count_them(
    output: Any, tokens: list[int], finished: list[bool]
) -> None:
    answer = Transcript().answer(
        "So.", thinking="Hm.", tools=[("Bash", {})], usage={"output_tokens": 500}, output=output
    )
    messages = [entry["message"] for entry in answer.entries]
    assert [message["usage"]["output_tokens"] for message in messages] == tokens
    assert [message["stop_reason"] is not None for message in messages] == finished
    assert len({message["usage"]["cache_creation_input_tokens"] for message in messages}) == 1


def test_the_cache_holds_what_was_said_before() -> None:
    s = Transcript()
    s.prompt("a" * 4_000)
    first = s.answer("b" * 4_000).entries[-1]["message"]["usage"]
    second = s.answer("c").entries[-1]["message"]["usage"]
    assert first["cache_read_input_tokens"] == 0
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] == first["output_tokens"] > 1_000


def test_results_of_parallel_calls_hang_on_their_own_call() -> None:
    s = Transcript()
    answer = s.answer(tools=[("Bash", {"command": "a"}), ("Bash", {"command": "b"})])
    second = s.tool_result(answer.tools[1], "2")
    first = s.tool_result(answer.tools[0], "1")
    assert first["parentUuid"] == answer.entries[0]["uuid"]
    assert second["parentUuid"] == answer.entries[1]["uuid"]
    assert s.answer("Both are done.").entries[0]["parentUuid"] == first["uuid"]


def test_old_clis_know_no_prompt_ids() -> None:
    s = Transcript(version="2.1.42")
    assert "promptId" not in s.prompt("?")
    message = s.answer("So.").entries[0]["message"]
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == (None, 1)
    assert "promptId" in Transcript(version="2.1.43").prompt("?")


def test_a_compaction_cuts_the_chain() -> None:
    s = Transcript()
    before = s.prompt("?")
    boundary, summary = s.compact("So far: …", trigger="manual")
    assert boundary["parentUuid"] is None
    assert boundary["logicalParentUuid"] == before["uuid"]
    assert boundary["compactMetadata"]["trigger"] == "manual"
    assert summary["isCompactSummary"]
    assert summary["parentUuid"] == boundary["uuid"]


def test_a_subagent_has_the_session_of_its_parent() -> None:
    s = conversation()
    (agent,) = s.subagents
    assert all(entry["isSidechain"] for entry in agent.entries)
    assert {entry["sessionId"] for entry in agent.entries} == {s.session_id}
    assert {entry["agentId"] for entry in agent.entries} == {agent.agent_id}
    assert agent.meta["toolUseId"] in s.calls
    result = next(e for e in s.entries if "agentId" in str(e.get("toolUseResult")))
    assert result["toolUseResult"]["agentId"] == agent.agent_id
    assert result["timestamp"] >= agent.entries[-1]["timestamp"]


def test_the_cli_forks_by_copying_rows() -> None:
    s = conversation()
    at = next(e["uuid"] for e in s.entries if e["type"] == "assistant")
    child = s.fork(at)
    assert child.session_id != s.session_id
    assert child.entries == s.entries[: len(child.entries)]
    reply = child.prompt("Something else")
    assert (reply["parentUuid"], reply["sessionId"]) == (at, child.session_id)
    assert reply["uuid"] not in {entry.get("uuid") for entry in s.entries}


def test_a_session_branches_within_its_own_tree() -> None:
    s = Transcript()
    first = s.prompt("?")
    s.answer("One way.")
    s.leaf = first["uuid"]
    assert s.answer("Another.").entries[0]["parentUuid"] == first["uuid"]


def test_a_configuration_directory_has_the_layout_of_the_cli(tmp_path: Path) -> None:
    s = conversation()
    (agent,) = s.subagents
    s.write(tmp_path)
    project = "projects/-home-ada-shop"
    assert sorted(str(path.relative_to(tmp_path)) for path in files(tmp_path)) == [
        "history.jsonl",
        f"{project}/{s.session_id}.jsonl",
        f"{project}/{s.session_id}/subagents/agent-{agent.agent_id}.jsonl",
        f"{project}/{s.session_id}/subagents/agent-{agent.agent_id}.meta.json",
    ]
    history = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["display"] for line in history] == [
        "Why is the checkout slow?",
        "/model opus",
        "/review",
        "Go on",
    ]


def test_older_subagents_lie_beside_their_session(tmp_path: Path) -> None:
    s = conversation()
    s.write(tmp_path, flat_subagents=True, history=False)
    names = {path.name for path in files(tmp_path)}
    assert names == {f"{s.session_id}.jsonl", f"agent-{s.subagents[0].agent_id}.jsonl"}


def test_a_lone_surrogate_is_written_as_the_cli_writes_it() -> None:
    assert encode_line({"text": "\ud800é"}) == b'{"text":"\\ud800\xc3\xa9"}\n'


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SDK, reading and writing a configuration directory of its own."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    return pytest.importorskip("claude_agent_sdk")


def test_the_sdk_reads_what_we_write(sdk: Any, tmp_path: Path) -> None:
    s = conversation()
    s.write(tmp_path)
    info = sdk.get_session_info(s.session_id, directory=s.cwd)
    assert (info.custom_title, info.tag, info.cwd) == ("checkout", "performance", s.cwd)
    assert info.first_prompt == "Why is the checkout slow?"
    texts = [str(m.message) for m in sdk.get_session_messages(s.session_id, directory=s.cwd)]
    assert "Go on" in texts[-2]


def test_the_sdk_forks_as_we_do(sdk: Any, tmp_path: Path) -> None:
    s = conversation()
    path = s.write(tmp_path)
    at = next(e["uuid"] for e in s.entries if "turn_duration" in e.get("subtype", ""))
    ours = s.fork(at, by="sdk")
    forked = sdk.fork_session(s.session_id, directory=s.cwd, up_to_message_id=at)
    lines = path.with_name(f"{forked.session_id}.jsonl").read_text().splitlines()
    theirs = [json.loads(line) for line in lines]
    assert [shape(entry) for entry in ours.entries] == [shape(entry) for entry in theirs]
    assert chain(ours.entries) == chain(theirs)
    assert ours.entries[-1]["customTitle"] == theirs[-1]["customTitle"] == "checkout (fork)"


def shape(entry: Entry) -> tuple[str, list[str]]:
    return entry["type"], sorted(entry)


def chain(entries: list[Entry]) -> list[int | None]:
    """The place of each entry's parent."""
    places: dict[Any, int] = {entry["uuid"]: n for n, entry in enumerate(entries)}
    return [places.get(entry.get("parentUuid")) for entry in entries]


def kinds(entry: Entry) -> list[str]:
    return [block["type"] for block in entry["message"]["content"]]


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]
