"""A session that was recorded by hand, and the real CLI that goes on with it."""

from __future__ import annotations

import uuid

import pytest

import turnlog
from tests.support.agent import Agent
from tests.support.model import Model


async def test_the_cli_goes_on_with_what_was_recorded(
    agent: Agent, model: Model, sqlite_url: str, anyio_backend_name: str
) -> None:
    """What was recorded must reach the model, and what a summary stands for never again."""
    if anyio_backend_name != "asyncio":
        pytest.skip("once is enough")
    with turnlog.open(sqlite_url) as log:
        session = str(uuid.uuid4())
        key = {"project_key": agent.project_key, "session_id": session}
        talk = log.conversation(key, working_dir=agent.project)
        talk.record("user", "I am Ada.")
        talk.record(
            "assistant", [{"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}]
        )
        talk.record("tool", "a calm sea", tool_use_id="toolu_1")
        talk.record("assistant", "Hello, Ada.")

        model.will_say("You are Ada.")
        await agent.converse("Who am I?", store=log.session_store(), resume=session)
        said = model.requests[-1].said()
        assert [line for line in said if "[Read]" not in line] == [
            *("user: I am Ada.", "user: a calm sea", "assistant: Hello, Ada.", "user: Who am I?"),
        ]
        assert [m.text for m in talk.messages()][-2:] == ["Who am I?", "You are Ada."]

        talk.summarize("The person is called Ada.")
        model.will_say("Ada, still.")
        await agent.converse("And now?", store=log.session_store(), resume=session)
        # Between two messages of the user, the CLI puts an answer of its own.
        said = [line for line in model.requests[-1].said() if "No response requested" not in line]
        assert said == ["user: The person is called Ada.", "user: And now?"]
        shown = [m.text for m in talk.context() if m.text != "No response requested."]
        assert shown == ["The person is called Ada.", "And now?", "Ada, still."]
        assert log.verify().problems == ()
