"""The end-to-end proof: the real agent, mirrored to a log, resumed, rewound, and repaired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import SessionStore

import turnlog
from tests.support.agent import Agent, results
from tests.support.model import Model, ToolUse


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def log(url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(url) as log:
        yield log


@pytest.fixture(autouse=True)
def one_event_loop(anyio_backend_name: str) -> None:
    """The store's own tests run under trio too; a CLI start costs a second."""
    if anyio_backend_name != "asyncio":
        pytest.skip("once is enough")


class Forgetful:
    """A store to which the mirror's batches numbered here never come."""

    def __init__(self, store: Any, lost: set[int]) -> None:
        self._store, self._lost, self._count = store, lost, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, key: Any, entries: list[Any]) -> None:
        self._count += 1
        if self._count not in self._lost:
            await self._store.append(key, entries)


async def three_prompts(agent: Agent, model: Model, store: SessionStore, **more: Any) -> str:
    note = agent.project / "note.txt"
    note.write_text("the sea is calm")
    model.will_say("Hello, Ada.", ToolUse("Read", {"file_path": str(note)}), "A calm sea.", "Bye.")
    prompts = ("I am Ada.", "What does note.txt say?", "That is all.")
    messages = await agent.converse(*prompts, store=store, **more)
    return str(results(messages)[0].session_id)


async def test_a_session_is_mirrored_resumed_and_rewound(
    agent: Agent, model: Model, url: str, log: turnlog.Log
) -> None:
    """What was rewound must never reach the model again, and must never be lost or un-spent."""
    session = await three_prompts(agent, model, log.session_store(user_id="ada"))
    key = {"project_key": agent.project_key, "session_id": session}
    everything = model.requests[-1].said()
    row = log.session(session)
    assert (row.prompts, row.turns, row.user_id, row.status) == (3, 4, "ada", "complete")
    assert row.billed == row.live

    # Another process, with an empty home and a connection of its own, goes on.
    model.will_say("You are Ada.")
    with turnlog.open(url) as elsewhere:
        await agent.converse("Who am I?", store=elsewhere.session_store(), resume=session)
    assert model.requests[-1].said() == [*everything, "assistant: Bye.", "user: Who am I?"]
    before = log.session(session)

    done = log.rewind(key, "prompt:1", reason="try again", actor="ada")
    assert (done.before.prompts, done.after.prompts) == (4, 1)
    model.will_say("Still Ada.")
    await agent.converse("And now?", store=log.session_store(), resume=session)

    kept = ["user: I am Ada.", "assistant: Hello, Ada.", "user: And now?"]
    assert model.requests[-1].said() == kept
    after = log.session(session)
    assert (after.prompts, after.turns) == (2, 2)
    assert after.billed.usage.output_tokens > before.billed.usage.output_tokens
    assert after.live.usage.output_tokens < before.live.usage.output_tokens
    assert len(log.branches(key)) > 1
    assert log.at(key, f"version:{before.version}").live.prompts == 4
    assert log.verify().holds


async def test_the_counter_of_the_cli_goes_on_from_the_one_it_was_handed(
    agent: Agent, model: Model, log: turnlog.Log
) -> None:
    """A running total that goes on must never be taken for one that began again at zero."""
    session = await three_prompts(agent, model, log.session_store())
    key = {"project_key": agent.project_key, "session_id": session}
    first = float(log.state(key).cost_counter or 0)
    model.will_say("You are Ada.")
    messages = await agent.converse("Who am I?", store=log.session_store(), resume=session)
    [result] = results(messages)
    assert float(log.state(key).cost_counter or 0) == result.total_cost_usd > first > 0
    assert log.record_result(result)
    assert log.session(session).reported_nano_usd == round((result.total_cost_usd or 0) * 10**9)

    log.rewind(key, "prompt:1")
    model.will_say("Still Ada.")
    messages = await agent.converse("And now?", store=log.session_store(), resume=session)
    [again] = results(messages)
    log.record_result(again)
    spent = (result.total_cost_usd or 0) + (again.total_cost_usd or 0)
    assert log.session(session).reported_nano_usd == round(spent * 10**9)


async def test_a_lost_batch_is_put_in_its_place_by_an_import(
    agent: Agent, model: Model, log: turnlog.Log, tmp_path: Path
) -> None:
    """What the mirror lost and an import repaired must never be missing when the agent goes on."""
    home = tmp_path / "home"
    store = Forgetful(log.session_store(), lost={2})
    session = await three_prompts(agent, model, store, home=home)
    key = {"project_key": agent.project_key, "session_id": session}
    everything = model.requests[-1].said()
    lost = len(log.load(key) or [])

    summary = log.import_claude(home / ".claude", workers=1)

    assert summary.recorded > 0
    loaded = log.load(key) or []
    assert len(loaded) > lost
    said = [e["message"]["content"] for e in loaded if e["type"] == "user"]
    assert [text for text in said if isinstance(text, str)] == [
        "I am Ada.",
        "What does note.txt say?",
        "That is all.",
    ]
    model.will_say("You are Ada.")
    await agent.converse("Who am I?", store=log.session_store(), resume=session)
    assert model.requests[-1].said() == [*everything, "assistant: Bye.", "user: Who am I?"]
    assert log.verify().holds


async def test_a_fork_is_resumed_under_its_own_id(
    agent: Agent, model: Model, log: turnlog.Log
) -> None:
    """A fork must never write into the session it came from."""
    session = await three_prompts(agent, model, log.session_store())
    key = {"project_key": agent.project_key, "session_id": session}
    before = log.load(key)
    child = log.fork(key, "prompt:1").child
    model.will_say("Again, Ada.")
    await agent.converse("Once more?", store=log.session_store(), resume=child.session_id)
    assert model.requests[-1].said() == [
        "user: I am Ada.",
        "assistant: Hello, Ada.",
        "user: Once more?",
    ]
    assert log.load(key) == before
    assert log.session(child.session_id).prompts == 2
