"""Sessions of Google's Agent Development Kit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.migrate.conftest import HERE, Foreign, lines, shown, talk
from turnlog import Log

SAID = ["user: Where is it warm?", "assistant: ", "tool: Rome", "assistant: In Rome."]


@pytest.mark.parametrize("name", ["adk.db", "adk-sqlite.db"])
def test_a_session_comes_along_event_by_event(log: Log, name: str) -> None:
    summary = log.migrate(HERE / name)
    trip = talk(log, "travel", "trip")
    assert lines(trip) == [
        *SAID,
        *("user: And in winter?", "assistant: overloaded", "user: Rome is warm in May."),
    ]
    row = log.session("trip")
    assert (row.project_key, row.user_id, row.first_at) == ("travel", "ada", 1_769_782_980_250)
    assert row.billed.usage[:3] == (120, 20, 80), "thoughts are output, what is cached no input"
    assert log.state(trip.key).metadata == {"state": {"city": "Pisa", "answer": "Rome"}}
    assert (summary.empty, summary.unread) == (1, 0)


@pytest.mark.parametrize("name", ["adk.db", "adk-sqlite.db"])
def test_a_rewind_is_a_rewind_and_a_compaction_a_summary(log: Log, name: str) -> None:
    """What the ADK shows its model no more must never be shown here."""
    summary = log.migrate(HERE / name)
    trip = talk(log, "travel", "trip")
    assert (summary.rewinds, summary.checkpoints) == (1, 1)
    assert shown(trip) == [
        *("user: Rome is warm in May.", "user: And in winter?", "assistant: overloaded"),
    ]
    log.rewind(trip.key, "checkpoint:before-event-7")
    assert lines(trip) == [*SAID, "user: Like this?", "assistant: Yes."]


def test_blocks_are_those_of_the_messages_api(log: Log) -> None:
    log.migrate(HERE / "adk.db")
    trip = talk(log, "travel", "trip")
    thought, call = trip.messages()[1].content
    assert thought == {"type": "thinking", "thinking": "I ask."}
    assert call == {"type": "tool_use", "id": "c1", "name": "warm", "input": {"in": "May"}}
    log.rewind(trip.key, "checkpoint:before-event-7")
    picture = trip.messages()[4].content[1]
    assert picture["source"]["media_type"] == "image/png"
    changed = [e for e in log.load(trip.key) or [] if e.get("subtype") == "event"]
    assert [e["content"] for e in changed] == ["state changed: city"]


def test_of_pickled_actions_only_the_json_beside_them_is_read(
    log: Log, foreign: Foreign, tmp_path: Path
) -> None:
    """A database must never be able to run anything."""
    trace = tmp_path / "was-run"
    path = foreign("adk-pickled.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        evil = f"cos\nsystem\n(S'touch {trace}'\ntR.".encode()
        connection.execute("UPDATE events SET actions = ?", (evil,))
    summary = log.migrate(path)
    assert not trace.exists()
    assert summary.notes["pickled actions of events, which are not unpickled"] == 11
    trip = talk(log, "travel", "trip")
    assert lines(trip)[:4] == SAID
    assert (summary.rewinds, len(lines(trip))) == (0, 8)
    assert log.session("trip").billed.usage[:3] == (120, 20, 80)


def test_what_is_no_json_is_told(log: Log, foreign: Foreign) -> None:
    path = foreign(
        "adk.db",
        "UPDATE events SET event_data = '{' WHERE id = 'event-3'",
        "UPDATE sessions SET state = 'x' WHERE id = 'trip'",
    )
    summary = log.migrate(path)
    assert sorted(thing.where for thing in summary.unread_things) == [
        *("event 'event-3'", "the state of session 'trip'"),
    ]
    assert len(lines(talk(log, "travel", "trip"))) == 6


def test_two_users_with_one_session_id_are_told_apart(log: Log, foreign: Foreign) -> None:
    """What two people said must never be one conversation."""
    path = foreign(
        "adk.db",
        "INSERT INTO sessions SELECT app_name, 'eve', id, state, create_time, update_time "
        "FROM sessions WHERE id = 'trip'",
        "INSERT INTO events SELECT id, app_name, 'eve', session_id, invocation_id, timestamp, "
        "replace(event_data, 'warm?', 'cold?') FROM events WHERE session_id = 'trip'",
    )
    log.migrate(path)
    assert lines(talk(log, "travel", "trip"))[0] == "user: Where is it warm?"
    assert lines(talk(log, "travel", "eve/trip"))[0] == "user: Where is it cold?"
