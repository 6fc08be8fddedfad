"""The real CLI goes on with the files that an export wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.support.agent import Agent, results
from tests.support.model import Model, ToolUse


@pytest.fixture(autouse=True)
def one_event_loop(anyio_backend_name: str) -> None:
    """A CLI start costs a second."""
    if anyio_backend_name != "asyncio":
        pytest.skip("once is enough")


async def test_the_cli_resumes_what_was_exported(
    agent: Agent, model: Model, tmp_path: Path
) -> None:
    """An exported session must reach the model as its live branch, whole and in order."""
    note = agent.project / "note.txt"
    note.write_text("the sea is calm")
    model.will_say("Hello, Ada.", ToolUse("Read", {"file_path": str(note)}), "A calm sea.", "Bye.")
    prompts = ("I am Ada.", "What does note.txt say?", "That is all.")
    home = tmp_path / "home"
    with turnlog.open("memory:") as log:
        told = await agent.converse(*prompts, store=log.session_store())
        session = str(results(told)[0].session_id)
        key = turnlog.SessionKey(agent.project_key, session)
        kept = model.requests[-1].said()[:-1]
        log.rewind(key, "prompt:2")
        child = log.fork(key, "prompt:1").child
        log.export_sessions(home / ".claude", [key, child], "claude")

    model.will_say("Still calm.", "Ada.")
    told = await agent.converse("And now?", store=None, resume=session, home=home)
    assert model.requests[-1].said() == [*kept, "user: And now?"]
    assert results(told)[0].session_id == session

    await agent.converse("Who am I?", store=None, resume=child.session_id, home=home)
    assert model.requests[-1].said() == [*kept[:2], "user: Who am I?"]
