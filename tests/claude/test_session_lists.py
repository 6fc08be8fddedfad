"""What the SDK lists of a log: sessions, and its own summaries of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import claude_agent_sdk as sdk
import pytest

from tests.support.conversations import Entries, conversation
from tests.support.transcripts import Transcript
from turnlog import Log, MissingExtra, StorageError

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])

ONE = "11111111-0000-4000-8000-000000000001"
TWO = "22222222-0000-4000-8000-000000000002"


@pytest.fixture
def project(tmp_path: Path) -> str:
    """The SDK's name of a directory in which nobody has worked yet."""
    return sdk.project_key_for_directory(tmp_path)


def session(project: str, session_id: str = ONE) -> Any:
    return {"project_key": project, "session_id": session_id}


async def listed(log: Log, directory: Path) -> dict[str, sdk.SDKSessionInfo]:
    """What the SDK lists, without reading a single session."""
    found = await sdk.list_sessions_from_store(_NeverLoading(log), str(directory))
    return {info.session_id: info for info in found}


class _NeverLoading:
    """The log's store; a summary that is missing or stale would make the SDK call ``load``."""

    def __init__(self, log: Log) -> None:
        self._store = log.session_store()
        self.list_sessions = self._store.list_sessions
        self.list_session_summaries = self._store.list_session_summaries

    async def append(self, key: Any, entries: Any) -> None:
        raise NotImplementedError

    async def load(self, key: Any) -> Any:
        raise AssertionError(f"{key} has no fresh summary")


# -- the list --------------------------------------------------------------------------------------


async def test_sessions_are_listed_that_can_be_resumed(log: Log, project: str) -> None:
    store = log.session_store()
    for project_key in (project, project + "x", project + "/x", project[:-1]):
        await store.append(session(project_key), conversation(1))
    await store.append({**session(project), "subpath": "subagents/a"}, conversation(1))
    await store.append(session(project, "deleted"), conversation(1))
    await store.delete(session(project, "deleted"))
    await store.append(session(project, "only corrupt"), [7])  # type: ignore[list-item]
    fork = log.fork(session(project)).child.session_id
    log.fork(session(project), at="prompt:0")

    sessions = await store.list_sessions(project)

    assert {one["session_id"] for one in sessions} == {ONE, fork}
    for one in sessions:
        assert await store.load(session(project, one["session_id"]))
    assert {one["session_id"] for one in await store.list_session_summaries(project)} == {ONE, fork}


async def test_a_session_is_as_new_as_what_was_recorded_last(log: Log, project: str) -> None:
    """Not the entries' own times count: the SDK compares two clocks to find stale summaries."""
    store = log.session_store()
    await store.append(session(project), conversation(1))
    [before] = await store.list_sessions(project)
    log.rename(session(project), "Boats")

    [after] = await store.list_sessions(project)

    [*_, renamed] = log.events(session(project))
    assert after["mtime"] == renamed.recorded_at >= before["mtime"] > 1e12
    [summary] = await store.list_session_summaries(project)
    assert summary["mtime"] >= after["mtime"]


async def test_a_deleted_session_that_goes_on_is_listed_anew(log: Log, project: str) -> None:
    store, entries = log.session_store(), conversation(2)
    await store.append(session(project), [title("Old"), *entries])
    await store.list_session_summaries(project)
    await store.delete(session(project))
    await store.append(session(project), entries[4:])

    [summary] = await store.list_session_summaries(project)

    assert summary["data"]["first_prompt"] == "Question 1"
    assert "custom_title" not in summary["data"]


# -- summaries -------------------------------------------------------------------------------------


async def agree(log: Log, project: str) -> Any:
    """The summary of the project's one session is what the SDK makes of what is loaded."""
    store = log.session_store()
    [summary] = await store.list_session_summaries(project)
    key = session(project, summary["session_id"])
    entries: Any = await store.load(key)
    expected = sdk.fold_session_summary(None, key, entries)
    assert summary["data"] == expected["data"]
    return summary["data"]


async def test_a_summary_is_what_the_sdk_makes_of_what_is_loaded(log: Log, project: str) -> None:
    """After whatever happened, the list must never tell of entries that a resume would not give."""
    store, key = log.session_store(), session(project)
    entries: Entries = [{"type": "mode", "mode": "plan"}, *conversation(4), summary_line("One")]

    await store.append(key, entries[:6])
    await agree(log, project)
    await store.append(key, entries[6:])
    await agree(log, project)
    log.rewind(key, "prompt:2", reason="summary_hint and what came last are gone")
    data = await agree(log, project)
    assert "summary_hint" not in data
    await store.append(key, [{"type": "ai-title", "aiTitle": "Branch", "sessionId": ONE}])
    data = await agree(log, project)
    assert data["ai_title"] == "Branch"
    log.rewind(key, f"message:{entries[-2]['uuid']}")
    await agree(log, project)
    log.rewind(key, "prompt:0")
    assert "first_prompt" not in await agree(log, project)


async def test_entries_that_come_late_are_summed_up_in_their_place(log: Log, project: str) -> None:
    store, key, entries = log.session_store(), session(project), conversation(3)
    await store.append(key, entries[4:])
    assert (await agree(log, project))["first_prompt"] == "Question 1"

    await store.append(key, entries[:4])
    await store.append(key, entries)

    data = await agree(log, project)
    assert (await store.load(key)) == entries
    assert data["first_prompt"] == "Question 0"


async def test_a_fork_is_summed_up_with_what_it_took_over(log: Log, project: str) -> None:
    store = log.session_store()
    await store.append(session(project), [*conversation(2), summary_line("Both")])
    child: Any = log.fork(session(project), at="prompt:1").child._asdict()
    log.delete(session(project))
    assert (await agree(log, project))["first_prompt"] == "Question 0"
    own = Transcript(seed=2)
    own.prompt("Elsewhere")

    await store.append(child, [*own.entries, summary_line("Fork")])

    assert (await agree(log, project))["summary_hint"] == "Fork"


async def test_what_was_summed_up_is_not_summed_up_again(
    log: Log, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing a project of many sessions must never read them all each time."""
    folded: list[str] = []
    fold = sdk.fold_session_summary

    def counting(previous: Any, key: Any, entries: Any) -> Any:
        folded.extend(entry["uuid"] for entry in entries if "uuid" in entry)
        return fold(previous, key, entries)

    monkeypatch.setattr(sdk, "fold_session_summary", counting)
    store, entries = log.session_store(), conversation(2)
    for n in range(5):
        await store.append(session(project, f"session-{n}"), entries)
    await store.list_session_summaries(project)
    assert len(folded) == 5 * len(entries)

    folded.clear()
    await store.list_session_summaries(project)
    assert folded == []
    more = Transcript(seed=2)
    more.prompt("One more")
    await store.append(session(project, "session-3"), more.entries)
    await store.list_session_summaries(project)
    assert folded == [more.entries[0]["uuid"]]

    folded.clear()
    monkeypatch.setattr(sdk, "__version__", "99.0")
    await store.list_session_summaries(project)
    assert len(folded) == 5 * len(entries) + 1, "another SDK makes something else of them"


async def test_a_session_the_sdk_cannot_sum_up_does_not_hide_the_others(
    log: Log, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One odd transcript must never empty the whole list."""
    fold = sdk.fold_session_summary

    def refusing(previous: Any, key: Any, entries: Any) -> Any:
        if key["session_id"] == TWO:
            raise OverflowError("a date before all dates")
        return fold(previous, key, entries)

    monkeypatch.setattr(sdk, "fold_session_summary", refusing)
    store = log.session_store()
    for session_id in (ONE, TWO):
        await store.append(session(project, session_id), conversation(1))

    [summary] = await store.list_session_summaries(project)
    assert summary["session_id"] == ONE
    found = await sdk.list_sessions_from_store(store, str(tmp_path))
    assert {info.session_id: info.summary for info in found} == {
        ONE: "Question 0",
        TWO: "Question 0",
    }


async def test_summaries_that_cannot_be_kept_are_given_all_the_same(
    log: Log, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may only read a log must never be kept from listing it."""
    store = log.session_store()
    await store.append(session(project), conversation(1))

    def refuse(work: Any, alone: bool = False) -> None:
        raise StorageError("read-only")

    monkeypatch.setattr(log.store, "write", refuse)
    await agree(log, project)


async def test_without_the_sdk_it_is_said_how_to_install_it(
    log: Log, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "claude_agent_sdk", None)

    with pytest.raises(MissingExtra, match=r"pip install --upgrade 'turnlog\[claude\]'"):
        await log.session_store().list_session_summaries(project)


# -- names -----------------------------------------------------------------------------------------


async def test_the_sdk_lists_sessions_as_they_are_named_in_turnlog(
    log: Log, project: str, tmp_path: Path
) -> None:
    store, key = log.session_store(), session(project)
    await store.append(key, conversation(2))
    assert (await listed(log, tmp_path))[ONE].summary == "Question 0"

    log.rename(key, "Boats")
    log.tag(key, ["harbour"])

    info = (await listed(log, tmp_path))[ONE]
    assert (info.summary, info.custom_title, info.tag) == ("Boats", "Boats", "harbour")
    assert await store.load(key) == conversation(2), "names are no entries"
    log.rewind(key, "prompt:1")
    info = (await listed(log, tmp_path))[ONE]
    assert (info.summary, info.tag) == ("Boats", "harbour")
    log.tag(key, [])
    assert (await listed(log, tmp_path))[ONE].tag is None


async def test_turnlog_lists_sessions_as_they_are_named_in_the_sdk(
    log: Log, project: str, tmp_path: Path
) -> None:
    """Whoever names a session last names it, on either side."""
    store, key, here = log.session_store(), session(project), str(tmp_path)
    await store.append(key, conversation(1))
    log.rename(key, "Boats")
    log.tag(key, ["harbour", "summer"])

    await sdk.rename_session_via_store(store, ONE, "Ships", here)
    await sdk.tag_session_via_store(store, ONE, "sea", here)

    assert log.state(key).title == "Ships"
    assert log.state(key).tags == ("harbour", "summer", "sea")
    info = (await listed(log, tmp_path))[ONE]
    assert (info.summary, info.tag) == ("Ships", "sea")
    await sdk.tag_session_via_store(store, ONE, None, here)
    assert log.state(key).tags == ("harbour", "summer")
    log.rename(key, "Boats again")
    assert (await listed(log, tmp_path))[ONE].summary == "Boats again"


async def test_the_sdk_takes_away_the_tag_that_it_shows(
    log: Log, project: str, tmp_path: Path
) -> None:
    """Clearing a tag must never leave it on the list, whoever set it."""
    store, key, here = log.session_store(), session(project), str(tmp_path)
    await store.append(key, conversation(1))
    log.tag(key, ["harbour"])

    await sdk.tag_session_via_store(store, ONE, None, here)

    assert (await listed(log, tmp_path))[ONE].tag is None
    assert log.state(key).tags == ()


async def test_the_sdk_tags_with_a_tag_that_is_there(
    log: Log, project: str, tmp_path: Path
) -> None:
    store, key, here = log.session_store(), session(project), str(tmp_path)
    await store.append(key, conversation(1))
    log.tag(key, ["harbour", "summer"])

    await sdk.tag_session_via_store(store, ONE, "harbour", here)

    assert (await listed(log, tmp_path))[ONE].tag == "harbour"
    assert set(log.state(key).tags) == {"harbour", "summer"}


# -- the SDK's other functions ---------------------------------------------------------------------


async def test_the_sdk_reads_the_messages_of_the_live_branch(
    log: Log, project: str, tmp_path: Path
) -> None:
    store, here = log.session_store(), str(tmp_path)
    await store.append(session(project), conversation(3))
    log.rewind(session(project), "prompt:1")

    messages = await sdk.get_session_messages_from_store(store, ONE, here)

    assert [message.uuid for message in messages] == [e["uuid"] for e in conversation(1)]


async def test_the_sdk_forks_a_session(
    new_log: Callable[[], Log], project: str, tmp_path: Path
) -> None:
    """The SDK's copies keep their responses' ids: what they cost must never be billed twice."""
    # In a log of its own: copies are found wherever they are.
    log = new_log()
    store, here, entries = log.session_store(), str(tmp_path), conversation(3, session_id=ONE)
    await store.append(session(project), entries)
    billed = log.session(ONE).billed

    forked = await sdk.fork_session_via_store(store, ONE, here, entries[7]["uuid"], "Elsewhere")

    child = log.session(forked.session_id)
    assert (child.title, child.prompts, child.turns) == ("Elsewhere", 2, 4)
    assert child.live.usage.output_tokens > 0
    assert child.billed.usage.total_tokens == 0
    assert log.session(ONE).billed == billed
    assert (await listed(log, tmp_path))[forked.session_id].summary == "Elsewhere"


async def test_the_sdk_deletes_a_session(
    new_log: Callable[[], Log], project: str, tmp_path: Path
) -> None:
    log = new_log()
    store, here = log.session_store("ada"), str(tmp_path)
    key = session(project)
    await store.append(key, conversation(1))
    await store.append({**key, "subpath": "subagents/agent-a"}, conversation(1))
    billed = log.session(ONE).billed

    await sdk.delete_session_via_store(store, ONE, here)

    assert await listed(log, tmp_path) == {}
    assert await sdk.get_session_messages_from_store(store, ONE, here) == []
    assert await store.list_subkeys(key) == []
    [*_, deleted] = log.events(key)
    assert (deleted.topic, deleted.event.actor) == ("SessionDeleted.v1", "ada")  # type: ignore[attr-defined]
    assert log.stats().billed == billed
    log.undelete(key)
    assert list(await listed(log, tmp_path)) == [ONE]


async def test_the_sdk_reads_a_subagent(log: Log, project: str, tmp_path: Path) -> None:
    store, here, main = log.session_store(), str(tmp_path), Transcript(ONE)
    main.prompt("How many boats?")
    call = main.answer(tools=[("Task", {"prompt": "Count.", "description": "Count boats"})])
    agent = main.subagent(call.tools[0])
    agent.answer("Three.")
    name = f"subagents/agent-{agent.agent_id}"
    meta = {"type": "agent_metadata", **agent.meta}
    await store.append(session(project), main.entries)
    await store.append({**session(project), "subpath": name}, [meta, *agent.entries])

    assert await sdk.list_subagents_from_store(store, ONE, here) == [agent.agent_id]
    messages = await sdk.get_subagent_messages_from_store(store, ONE, str(agent.agent_id), here)
    assert [message.uuid for message in messages] == [e["uuid"] for e in agent.entries]
    assert messages[0].parent_tool_use_id == call.tools[0]


def title(text: str) -> dict[str, Any]:
    return {"type": "custom-title", "customTitle": text, "sessionId": ONE}


def summary_line(text: str) -> dict[str, Any]:
    return {"type": "summary", "summary": text, "leafUuid": ONE}
