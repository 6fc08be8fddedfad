"""Sessions of the OpenAI Agents SDK."""

from __future__ import annotations

import json

from tests.migrate.conftest import HERE, Foreign, lines, talk
from turnlog import Log, SessionKey

KEY = SessionKey("openai-agents", "weather")


def test_a_session_comes_along_item_by_item(log: Log) -> None:
    summary = log.migrate(HERE / "openai.db")
    assert (summary.kinds, summary.sessions, summary.recorded) == (("openai-agents",), 2, 10)
    assert lines(log.conversation(KEY)) == [
        "system: You are terse.",
        "user: What is the weather in Rome?",
        "assistant: ",
        "assistant: ",
        "tool: sunny, 21 degrees",
        "assistant: Sunny.",
        "user: And here?",
        "assistant: ",
        "assistant: Rain.",
    ]
    thought, called, answered = (m.content[0] for m in log.conversation(KEY).messages()[2:5])
    assert thought == {"type": "thinking", "thinking": "Ask."}
    assert called == {
        "type": "tool_use",
        "id": "call_1",
        "name": "get_weather",
        "input": {"city": "Rome"},
    }
    assert answered["tool_use_id"] == "call_1"
    picture = log.conversation(KEY).messages()[6].content[1]
    assert (picture["type"], picture["source"]["media_type"]) == ("image", "image/png")


def test_the_items_of_one_response_are_one_turn(log: Log) -> None:
    log.migrate(HERE / "openai.db")
    row = log.session("weather")
    assert (row.prompts, row.turns, row.status) == (2, 3, "complete")
    assert row.source == "import"


def test_nothing_of_an_item_is_lost(log: Log) -> None:
    log.migrate(HERE / "openai.db")
    (call,) = [e for e in log.load(KEY) or [] if "get_weather" in json.dumps(e["message"])]
    assert call["migrated"] == {
        "from": "openai-agents",
        "original": {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city": "Rome"}',
        },
    }


def test_branches_become_branches(log: Log) -> None:
    """A branch that was left must never be lost, nor be shown as what was said."""
    summary = log.migrate(HERE / "openai-branches.db")
    branched = talk(log, "openai-agents", "branched")
    assert lines(branched) == [
        *("user: one", "assistant: About one"),
        *("user: two, again", "assistant: About two, again"),
    ]
    assert (summary.recorded, summary.rewinds, summary.checkpoints) == (8, 1, 2)
    log.rewind(branched.key, "checkpoint:branch:main")
    assert lines(branched)[2:] == [
        *("user: two", "assistant: About two", "user: three", "assistant: About three"),
    ]


def test_the_usage_of_a_turn_stands_on_its_answer(log: Log) -> None:
    log.migrate(HERE / "openai-branches.db")
    row = log.session("branched")
    assert row.live.usage[:3] == (120, 14, 80), "what was cached is no fresh input"
    assert row.billed.usage[:3] == (240, 28, 160), "what was left was paid for"


def test_what_was_said_since_is_added(log: Log, foreign: Foreign) -> None:
    path = foreign("openai.db")
    log.migrate(path)
    grown = foreign(
        "openai.db",
        "INSERT INTO agent_messages (session_id, message_data) "
        """VALUES ('weather', '{"role": "user", "content": "Thanks."}')""",
    )
    summary = log.migrate(grown)
    assert (summary.recorded, summary.known, summary.rewinds) == (1, 10, 0)
    assert lines(log.conversation(KEY))[-1] == "user: Thanks."


def test_what_was_popped_since_is_gone_back_behind(log: Log, foreign: Foreign) -> None:
    log.migrate(foreign("openai.db"))
    popped = foreign("openai.db", "DELETE FROM agent_messages WHERE message_data LIKE '%Rain%'")
    summary = log.migrate(popped)
    assert (summary.recorded, summary.rewinds) == (0, 1)
    assert lines(log.conversation(KEY))[-1] == "assistant: "
    assert log.migrate(popped).rewinds == 0


def test_what_was_said_here_is_never_gone_back_behind(log: Log, foreign: Foreign) -> None:
    """Moving again must never undo work that went on in the log."""
    log.migrate(foreign("openai.db"))
    weather = log.conversation(KEY)
    weather.record("user", "Here I go on.")
    popped = foreign("openai.db", "DELETE FROM agent_messages WHERE message_data LIKE '%Rain%'")
    assert log.migrate(popped).rewinds == 0
    assert lines(weather)[-1] == "user: Here I go on."
    grown = foreign(
        "openai.db",
        "INSERT INTO agent_messages (session_id, message_data) "
        """VALUES ('weather', '{"role": "user", "content": "Thanks."}')""",
    )
    assert log.migrate(grown).recorded == 1
    assert lines(weather)[-2:] == ["user: Here I go on.", "user: Thanks."]


def test_what_is_no_item_is_told(log: Log, foreign: Foreign) -> None:
    """What cannot be read must never be dropped in silence, nor hide the rest."""
    insert = "INSERT INTO agent_messages (session_id, message_data) VALUES ('weather', '{}')"
    path = foreign(
        "openai.db",
        insert.format("{broken"),
        insert.format("[1, 2]"),
        insert.format('{"__enc__": 1, "payload": "x"}'),
        insert.format('{"type": "hologram", "shape": "cube"}'),
    )
    summary = log.migrate(path)
    assert summary.unread == 3
    assert any("encrypted" in thing.why for thing in summary.unread_things)
    assert summary.notes == {"items of the kind 'hologram', kept as they are": 1}
    *_, last = log.load(KEY) or []
    assert last["message"]["content"] == [{"type": "hologram", "shape": "cube"}]


def test_tables_of_other_names_are_found(log: Log, foreign: Foreign) -> None:
    """Sessions of one id in two tables must never become one."""
    path = foreign(
        "openai.db",
        "CREATE TABLE support_messages AS SELECT * FROM agent_messages WHERE id < 3",
    )
    summary = log.migrate(path)
    assert (summary.sessions, summary.recorded) == (3, 12)
    assert len(lines(talk(log, "openai-agents:support_messages", "weather"))) == 2
    assert len(lines(log.conversation(KEY))) == 9
