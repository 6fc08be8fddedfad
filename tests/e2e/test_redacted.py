"""The real agent goes on with what was redacted, and never sees what was taken out."""

from __future__ import annotations

import json

import pytest

import turnlog
from tests.support.agent import Agent, results
from tests.support.model import Model, ToolUse

SECRET = "xylophone-7731"


@pytest.fixture(autouse=True)
def one_event_loop(anyio_backend_name: str) -> None:
    if anyio_backend_name != "asyncio":
        pytest.skip("once is enough")


async def test_a_redacted_session_is_resumed(agent: Agent, model: Model, sqlite_url: str) -> None:
    """Redacting must never leave a transcript that the CLI cannot go on with."""
    note = agent.project / "note.txt"
    note.write_text(f"the password is {SECRET}")
    calls = ToolUse("Read", {"file_path": str(note)})
    model.will_say("Hello.", calls, f"It is {SECRET}.", "Bye.")
    with turnlog.open(sqlite_url) as log:
        asked = (f"Remember {SECRET}.", "What does note.txt say?", "That is all.")
        messages = await agent.converse(*asked, store=log.session_store())
        session = str(results(messages)[0].session_id)
        key = {"project_key": agent.project_key, "session_id": session}
        shape = [entry["type"] for entry in log.load(key) or []]

        log.redact(key, texts=[SECRET])
        result = next(
            entry["uuid"] for entry in log.load(key) or [] if "tool_result" in json.dumps(entry)
        )
        log.redact(key, result)  # every text of it

        assert [entry["type"] for entry in log.load(key) or []] == shape
        model.will_say("Nothing any more.")
        await agent.converse("What do you know?", store=log.session_store(), resume=session)
        request = json.dumps(model.requests[-1].body)
        assert SECRET not in request
        assert "Remember [redacted]." in request
        assert "That is all." in request
        assert log.session(session).prompts == 4
        assert SECRET not in str([recorded.event for recorded in log.events(key)])
        assert log.verify().holds
