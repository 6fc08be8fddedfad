"""Messages of any agent: saved as entries that everything else knows how to read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.messages.conftest import CHILD, KEY, ids
from turnlog import Conversation, InvalidPoint, Log, PointNotFound, Refused

BLOCKS = [
    {"type": "text", "text": "I look."},
    {"type": "tool_use", "id": "call-1", "name": "search", "input": {"query": "checkout"}},
]


def test_messages_come_back_in_order(store_url: str) -> None:
    with turnlog.open(store_url) as log:
        talk = log.conversation(KEY)
        talk.record("system", "You are terse.")
        talk.record("user", "Why is it slow?", tokens=5)
        talk.record("assistant", BLOCKS)
        talk.record("tool", "2 found", tool_use_id="call-1")
        talk.record("assistant", "N+1 queries.", tokens=7)
        found = talk.messages()
        assert [m.role for m in found] == ["system", "user", "assistant", "tool", "assistant"]
        assert [m.text for m in found] == [
            *("You are terse.", "Why is it slow?", "I look.", "2 found", "N+1 queries."),
        ]
        assert [m.tokens for m in found] == [None, 5, None, None, 7]
        assert found[2].content == BLOCKS
        assert all(m.in_context and not m.is_summary for m in found)
        assert talk.context() == found
        assert talk.count() == 5
        assert log.verify().problems == ()


def test_a_message_is_an_entry_in_the_transcripts_own_form(said: Conversation, log: Log) -> None:
    said.record("user", "And now?", id="q3", at="2026-01-30T14:23:00.250Z")
    *_, entry = log.load(KEY) or []
    assert entry == {
        "parentUuid": "a2",
        "isSidechain": False,
        "cwd": "/home/ada/shop",
        "sessionId": "ticket-7",
        "type": "user",
        "uuid": "q3",
        "timestamp": "2026-01-30T14:23:00.250Z",
        "message": {"role": "user", "content": "And now?"},
    }


def test_whatever_reads_sessions_reads_them(said: Conversation, log: Log) -> None:
    row = log.session("ticket-7")
    assert (row.title, row.user_id, row.working_dir) == ("Question 1?", "ada", "/home/ada/shop")
    assert (row.prompts, row.turns, row.status, row.source) == (2, 2, "complete", "api")
    assert log.at(KEY, "prompt:1").live[:3] == (1, 1, 2)
    assert [hit.version for hit in log.search("answer").hits] != []
    assert [c.name for c in log.checkpoints(KEY)] == ["prompt-1", "prompt-2"]
    assert log.diff(KEY, "prompt:1", "prompt:2")


def test_tokens_are_counted_once_and_priced(talk: Conversation, log: Log) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 200, "cache_read_input_tokens": 50}
    for _ in range(2):
        talk.record("assistant", "So.", id="1", model="claude-sonnet-4-5", usage=usage)
    other = log.conversation(CHILD)
    other.record("assistant", "So.", id="1", model="claude-sonnet-4-5", tokens=9)
    billed = log.stats().billed
    assert billed.usage[:3] == (1_000, 209, 50), "an id of one session is none of another's"
    assert billed.cost_nano_usd == 1_000 * 3_000 + 209 * 15_000 + 50 * 300
    assert talk.messages()[0].tokens == 200


def test_a_message_with_an_id_is_saved_once(said: Conversation, log: Log) -> None:
    """A retry must never say a thing twice."""
    before = log.state(KEY).version
    again = said.record("user", "Question 2?", id="q2", tokens=3)
    assert (again.new, again.id, again.position) == (False, "q2", 0)
    assert log.state(KEY).version == before
    assert said.messages()[2].version == again.version


def test_another_message_of_the_same_id_is_refused(said: Conversation, log: Log) -> None:
    """What was said must never be replaced, nor be dropped in silence."""
    before = log.state(KEY).version
    for content, tokens in (("Something else?", 3), ("Question 2?", 4)):
        with pytest.raises(Refused, match="another message of the id 'q2'"):
            said.record("user", content, id="q2", tokens=tokens)
    with pytest.raises(Refused, match="another message"):
        said.record("system", "Question 2?", id="q2", tokens=3)
    assert log.state(KEY).version == before


def test_what_a_rewind_left_is_not_said_again_by_its_id(said: Conversation, log: Log) -> None:
    """A message must never be taken for saved when the live branch does not have it."""
    log.rewind(KEY, "prompt:1")
    with pytest.raises(Refused, match="'q2' lies on a branch that a rewind left"):
        said.record("user", "Question 2?", id="q2", tokens=3)
    said.record("user", "Question 2?", id="q2-again", tokens=3)
    assert ids(said.messages()) == ["q1", "a1", "q2-again"]


def test_a_fork_knows_what_it_took_over(said: Conversation, log: Log) -> None:
    log.fork(KEY, into=CHILD)
    child = log.conversation(CHILD)
    assert not child.record("user", "Question 2?", id="q2", tokens=3).new
    child.record("user", "Question 3?", id="q3")
    assert ids(child.messages()) == ["q1", "a1", "q2", "a2", "q3"]
    assert child.count() == 5
    log.rewind(CHILD, "prompt:1")
    assert ids(child.messages()) == ["q1", "a1"]
    with pytest.raises(Refused, match="a branch that a rewind left"):
        child.record("user", "Question 2?", id="q2", tokens=3)


def test_several_messages_are_saved_together_or_not_at_all(talk: Conversation, log: Log) -> None:
    saved = talk.record_all(
        [{"role": "user", "content": "Why?", "id": "q"}, {"role": "assistant", "content": "So."}]
    )
    assert [one.new for one in saved] == [True, True]
    assert ids(talk.messages()) == [one.id for one in saved]
    again = talk.record_all(
        [{"role": "user", "content": "Why?", "id": "q"}, {"role": "user", "content": "How?"}]
    )
    assert [one.new for one in again] == [False, True]
    assert talk.count() == 3
    for wrong in (
        [{"role": "user", "content": "a"}, {"role": "nobody", "content": "b"}],
        [{"role": "user", "content": "a"}, {"role": "user", "text": "b"}],
        [{"role": "user", "content": "a"}, {"role": "user"}],
        [{"role": "user", "content": "a", "id": "x"}, {"role": "user", "content": "b", "id": "x"}],
        [{"role": "user", "content": "a"}, "b"],
        {"role": "user", "content": "a"},
    ):
        with pytest.raises(Refused):
            talk.record_all(wrong)  # type: ignore[arg-type]
    assert talk.count() == 3
    assert talk.record_all([]) == []


def test_messages_since_a_time_and_behind_one(talk: Conversation) -> None:
    for minute in range(3):
        moment = datetime(2026, 1, 30, 14, minute, tzinfo=UTC)
        talk.record("user", f"{minute}", id=f"{minute}", at=moment)
    assert ids(talk.messages(since="2026-01-30T14:01Z")) == ["1", "2"]
    assert ids(talk.messages(since=datetime(2026, 1, 30, 14, 2, tzinfo=UTC))) == ["2"]
    assert ids(talk.messages(after="0")) == ["1", "2"]
    assert ids(talk.messages(limit=1)) == ["2"]
    assert ids(talk.messages(at="prompt:2")) == ["0", "1"]
    with pytest.raises(PointNotFound, match="no message '7'"):
        talk.messages(after="7")
    with pytest.raises(InvalidPoint):
        talk.messages(since="yesterday")
    with pytest.raises(Refused, match="limit"):
        talk.messages(limit=0)


def test_a_tools_failure_and_blocks_of_its_own(talk: Conversation) -> None:
    blocks = [{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "image"}]}]
    talk.record("tool", "no such file", tool_use_id="c", is_error=True)
    talk.record("tool", blocks)
    talk.record("tool", "nobody's")
    failed, own, nobodys = talk.messages()
    assert failed.content[0]["is_error"] is True
    assert own.content == blocks
    assert "tool_use_id" not in nobodys.content[0]
    assert [m.role for m in (failed, own, nobodys)] == ["tool"] * 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"role": "nobody", "content": "x"}, "'nobody' is no role"),
        ({"role": "user", "content": None}, "content is a text"),
        ({"role": "user", "content": []}, "content is a text"),
        ({"role": "user", "content": ["x"]}, "a block of content"),
        ({"role": "user", "content": [{"text": "x"}]}, "a block of content"),
        ({"role": "user", "content": [{"type": "text", "text": {1, 2}}]}, "as JSON"),
        ({"role": "user", "content": "x", "id": ""}, "a message's id"),
        ({"role": "user", "content": "x", "id": 7}, "a message's id"),
        ({"role": "user", "content": "x", "id": "é" * 200}, "at most 256 bytes"),
        ({"role": "user", "content": "x", "tokens": -1}, "tokens is a whole number"),
        ({"role": "user", "content": "x", "tokens": True}, "tokens is a whole number"),
        ({"role": "user", "content": "x", "tokens": 1 << 60}, "tokens is a whole number"),
        ({"role": "user", "content": "x", "usage": {"input_tokens": 1}}, "an assistant's"),
        ({"role": "assistant", "content": "x", "usage": 7}, "a mapping of counters"),
        ({"role": "assistant", "content": "x", "usage": {"input_tokens": "1"}}, "whole number"),
        ({"role": "user", "content": "x", "tool_use_id": "c"}, "belongs to a tool's"),
        ({"role": "user", "content": "x", "at": -1}, "is no time"),
        ({"role": "user", "content": "x", "at": 1 << 60}, "is no time"),
        ({"role": "user", "content": "x", "at": 1.5}, "is no time"),
    ],
)
def test_what_is_no_message_changes_nothing(
    talk: Conversation, log: Log, arguments: dict[str, Any], told: str
) -> None:
    """Bad input must never leave half a message, nor a session."""
    with pytest.raises(Refused, match=told):
        talk.record(**arguments)
    assert log.load(KEY) is None
    assert log.sessions() == []


def test_any_text_is_kept(talk: Conversation) -> None:
    strange = "NUL \0, half \ud800, 😀, " + "long " * 10_000
    talk.record("user", strange, id="emoji 😀 / \ud800")
    talk.record("user", "")
    assert [m.content for m in talk.messages()] == [strange, ""]
    assert not talk.record("user", strange, id="emoji 😀 / \ud800").new


def test_of_a_session_that_is_not_there_there_is_nothing(talk: Conversation, log: Log) -> None:
    assert (talk.messages(), talk.context(), talk.count()) == ([], [], 0)
    assert log.sessions() == []


def test_what_is_recorded_after_a_deletion_is_a_new_life(said: Conversation, log: Log) -> None:
    log.delete(KEY)
    assert said.messages() == []
    said.record("user", "Question 1?", id="q1", tokens=3)
    assert ids(said.messages()) == ["q1"]
    assert (log.load(KEY) or [])[0]["parentUuid"] is None


async def test_the_same_awaited(tmp_path: Path) -> None:
    async with await turnlog.open_async(f"sqlite:///{tmp_path / 'log.db'}") as log:
        talk = log.conversation(KEY, user_id="ada")
        await talk.record("user", "Why?", id="q", tokens=2)
        await talk.record_all([{"role": "assistant", "content": "So.", "id": "a"}])
        assert (await talk.trim("a")).dropped == 1
        await talk.summarize("Asked why.", id="s")
        assert ids(await talk.messages()) == ["q", "a", "s"]
        assert ids(await talk.context()) == ["s"]
        assert await talk.count() == 3
        assert talk.key == KEY
