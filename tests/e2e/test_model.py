"""The loopback model and the real agent do what the end-to-end tests need of them."""

import json
from typing import Any
from urllib.request import Request, urlopen

from claude_agent_sdk import InMemorySessionStore, SessionKey

from tests.support.agent import Agent, results
from tests.support.model import Failure, Model, ToolUse, tokens


class Rewound(InMemorySessionStore):
    """A store whose `load` ends before the given prompt: what a rewind makes of it."""

    before: str | None = None

    async def load(self, key: SessionKey) -> Any:
        entries: Any = await super().load(key)
        if entries is None or self.before is None or key.get("subpath"):
            return entries
        is_prompt = [
            entry["type"] == "user" and entry["message"]["content"] == self.before
            for entry in entries
        ]
        return entries[: is_prompt.index(True)]


def mirrored(store: InMemorySessionStore, agent: Agent, session: str) -> Any:
    return store.get_entries({"project_key": agent.project_key, "session_id": session})


async def test_a_session_is_mirrored_resumed_elsewhere_and_rewound(
    agent: Agent, model: Model
) -> None:
    store = Rewound()
    note = agent.project / "note.txt"
    note.write_text("the sea is calm")
    model.will_say("Hello, Ada.", ToolUse("Read", {"file_path": str(note)}), "A calm sea.", "Bye.")

    messages = await agent.converse(
        "I am Ada.", "What does note.txt say?", "That is all.", store=store
    )

    assert [result.result for result in results(messages)] == ["Hello, Ada.", "A calm sea.", "Bye."]
    session = results(messages)[0].session_id
    entries = mirrored(store, agent, session)
    answered = [entry["message"]["id"] for entry in entries if entry["type"] == "assistant"]
    assert answered == [answer.message_id for answer in model.answers]
    assert any("the sea is calm" in line for line in model.requests[-1].said())
    assert entries[-1]["type"] == "cost-state"
    everything = model.requests[-1].said()

    model.will_say("You are Ada.")
    await agent.converse("Who am I?", store=store, resume=session)

    assert model.requests[-1].said() == [*everything, "assistant: Bye.", "user: Who am I?"]

    store.before = "What does note.txt say?"
    model.will_say("Still Ada.")
    messages = await agent.converse("And now?", store=store, resume=session)

    assert model.requests[-1].said() == [
        "user: I am Ada.",
        "assistant: Hello, Ada.",
        "user: And now?",
    ]
    assert results(messages)[0].session_id == session
    assert model.probes == []


async def test_tools_write_and_run_in_the_project(agent: Agent, model: Model) -> None:
    poem = agent.project / "poem.txt"
    model.will_say(
        ToolUse("Write", {"file_path": str(poem), "content": "waves\n"}),
        ToolUse("Bash", {"command": "wc -l < poem.txt", "description": "Count lines"}),
        "One line.",
    )

    messages = await agent.converse("Write a poem.", store=InMemorySessionStore())

    assert poem.read_text() == "waves\n"
    assert model.requests[-1].said()[-1] == "user: 1"
    assert results(messages)[0].result == "One line."


async def test_the_cli_counts_the_usage_that_the_model_reports(agent: Agent, model: Model) -> None:
    model.will_say("One.", "Two.")

    messages = await agent.converse("First.", "Second.", store=InMemorySessionStore())

    for result, answer in zip(results(messages), model.answers, strict=True):
        assert result.usage is not None
        for counter in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"):
            assert result.usage[counter] == answer.usage[counter]
        assert result.usage["output_tokens"] == answer.usage["output_tokens"]
    assert model.answers[1].usage["cache_read_input_tokens"] > 0


async def test_a_failing_model_ends_the_prompt_with_an_error(agent: Agent, model: Model) -> None:
    model.outage = Failure(400, message="no tea here")

    [result] = results(await agent.converse("Tea?", store=InMemorySessionStore()))

    assert result.is_error
    assert "no tea here" in str(result.result)


async def test_a_subagent_is_mirrored_beside_its_session(agent: Agent, model: Model) -> None:
    store = InMemorySessionStore()
    task = {"description": "Count boats", "prompt": "Count.", "subagent_type": "general-purpose"}
    model.will_say(ToolUse("Agent", {**task, "run_in_background": False}), "Three.", "Three boats.")

    [result] = results(await agent.converse("How many boats?", store=store))

    assert model.requests[1].said() == ["user: Count."]
    session: Any = {"project_key": agent.project_key, "session_id": result.session_id}
    [subagent] = await store.list_subkeys(session)
    assert subagent.startswith("subagents/agent-")


def test_the_model_also_answers_without_streaming_and_counts_tokens(model: Model) -> None:
    model.will_say("Hello.")
    asked = [{"role": "user", "content": "Hi."}]
    body = json.dumps({"model": "claude-opus-4-5", "max_tokens": 9, "messages": asked}).encode()

    with urlopen(Request(f"{model.url}/v1/messages", body, method="POST")) as response:
        assert response.headers["request-id"] == model.answers[0].request_id
        answer = json.load(response)
    with urlopen(Request(f"{model.url}/v1/messages/count_tokens", body, method="POST")) as response:
        counted = json.load(response)
    with urlopen(Request(model.url, method="HEAD")) as response:
        assert response.status == 200

    assert answer["content"] == [{"type": "text", "text": "Hello."}]
    assert answer["model"] == "claude-opus-4-5"
    assert counted == {"input_tokens": tokens(asked)}
    assert model.requests[0].said() == ["user: Hi."]
    assert model.probes == ["POST /v1/messages/count_tokens", "HEAD /"]
