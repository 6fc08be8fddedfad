"""A subagent lives as long as the entry that called it."""

from __future__ import annotations

import pytest

from tests.support.transcripts import Transcript
from tests.time.conftest import KEY, output
from turnlog import Log
from turnlog.domain.keys import SessionKey

TASK = {"description": "Find callers", "prompt": "Who calls it?", "subagent_type": "Explore"}


@pytest.fixture
def agent(log: Log, s: Transcript) -> SessionKey:
    """A session whose second prompt calls a subagent."""
    s.prompt("one?")
    s.answer("One.", usage={"output_tokens": 1})
    s.prompt("two?")
    task = s.answer(tools=[("Task", TASK)], usage={"output_tokens": 2})
    agent = s.subagent(task.tools[0])
    agent.answer("Two files call it.", usage={"output_tokens": 4})
    s.subagent_result(agent, "Two files call it.")
    s.answer("Two.", usage={"output_tokens": 8})
    key = SessionKey(*KEY[:2], f"subagents/agent-{agent.agent_id}")
    log.append(KEY, s.entries)
    log.append(key, [{"type": "agent_metadata", **agent.meta}, *agent.entries])
    return key


def test_a_subagent_rolls_up_to_its_session(log: Log, agent: SessionKey) -> None:
    assert log.subkeys(KEY) == [agent]
    assert output(log) == (15, 15)


def test_a_subagent_is_gone_when_its_call_is_undone(log: Log, agent: SessionKey) -> None:
    log.rewind(KEY, "prompt:1")
    assert log.subkeys(KEY) == []
    assert log.load(agent) is None
    log.rewind(KEY, "checkpoint:prompt-2")
    assert log.subkeys(KEY) == [agent]


def test_what_an_undone_subagent_spent_is_not_live(log: Log, agent: SessionKey) -> None:
    """Live totals must never count a subagent whose call was undone."""
    log.rewind(KEY, "prompt:1")
    assert output(log) == (15, 1)


def test_deleting_a_session_deletes_its_subagents(log: Log, agent: SessionKey) -> None:
    assert set(log.delete(KEY)) == {KEY, agent}
    assert log.load(agent) is None
    assert set(log.undelete(KEY)) == {KEY, agent}
    assert log.load(agent) is not None


def test_a_new_life_does_not_bring_old_subagents_back(
    log: Log, s: Transcript, agent: SessionKey
) -> None:
    log.delete(KEY)
    log.append(KEY, s.entries)
    assert log.subkeys(KEY) == []
    assert log.load(agent) is None
