"""Sessions that begin by hand, go on, and are told more of."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from claude_agent_sdk import project_key_for_directory
from sqlalchemy import select

from tests.sessions.conftest import HOUR, MINUTE, Clock
from tests.support.transcripts import Transcript
from turnlog import Filter, Log, Refused, SessionKey, UnknownSession, events
from turnlog.domain.errors import NotCaughtUp
from turnlog.reading.finding import tables_in

KEY = SessionKey("shop", "5e551014-0000-4000-8000-000000000001")


def ids(log: Log) -> list[str]:
    return [session.session_id for session in log.sessions()]


# -- creating and updating -------------------------------------------------------------------------


def test_a_session_is_created_and_found(any_log: Log) -> None:
    begun = any_log.create(
        KEY,
        user_id="ada",
        prompt="Why is it slow?",
        model="claude-opus-4-8",
        title="Checkout",
        tags=["slow", "shop"],
        metadata={"ticket": 7},
        actor="grace",
    )
    assert begun == (KEY, True, 3)
    [session] = any_log.sessions()
    assert (session.user_id, session.title, session.tags) == ("ada", "Checkout", ("slow", "shop"))
    assert session.models == ("claude-opus-4-8",)
    assert session.first_message == "Why is it slow?"
    assert any_log.state(KEY).metadata == {"ticket": 7}
    assert any_log.load(KEY) is None, "nothing was recorded that could be resumed"
    started = next(iter(any_log.events(KEY))).event
    assert isinstance(started, events.SessionStarted)
    assert started.actor == "grace"


def test_an_id_is_by_default_as_the_sdk_makes_them(log: Log) -> None:
    begun = log.create(working_dir="/srv/shop")
    assert UUID(begun.key.session_id).version == 4
    assert begun.key.project_key == "-srv-shop"
    assert log.create().key.project_key == "default"
    assert log.create(project="mine", working_dir="/srv/shop").key.project_key == "mine"


def test_a_directory_is_named_as_the_sdk_names_it(log: Log, tmp_path: Path) -> None:
    """A session must never be in another project than the one its agent mirrors it to."""
    folder = tmp_path / "Cafe\u0301 au lait"
    folder.mkdir()
    link = tmp_path / "link"
    link.symlink_to(folder)
    begun = log.create(working_dir=link)
    assert begun.key.project_key == project_key_for_directory(link)
    assert log.state(begun.key).working_dir == unicodedata.normalize("NFC", str(folder))


def test_entries_go_on_with_what_was_created(log: Log) -> None:
    log.create(KEY, user_id="ada", working_dir="/srv/shop")
    s = Transcript(KEY.session_id, cwd="/elsewhere")
    s.prompt("Why?")
    s.answer("Because.")
    log.append(KEY, s.entries, user_id="nobody")
    state = log.state(KEY)
    assert (state.user_id, state.working_dir, state.live.turns) == ("ada", "/srv/shop", 1)
    assert log.load(KEY) == s.entries
    assert [type(r.event) for r in log.events(KEY)].count(events.SessionStarted) == 1


def test_what_is_there_is_not_created_again(log: Log) -> None:
    log.create(KEY)
    with pytest.raises(Refused, match="exists already"):
        log.create(KEY, title="Other")
    assert log.state(KEY).version == 1


def test_what_is_refused_leaves_nothing_behind(any_log: Log) -> None:
    """A detail that makes no sense must never leave half a session, or an empty one."""
    with pytest.raises(Refused, match="a tag needs"):
        any_log.create(KEY, tags=["x" * 10_240])
    with pytest.raises(UnknownSession):
        any_log.state(KEY)
    assert any_log.sessions(Filter(presence=("present", "absent"))) == []
    any_log.create(KEY, tags=["fine"])
    with pytest.raises(Refused, match="'done' is no status"):
        any_log.update(KEY, title="Title", tags=["other"], status="done")  # type: ignore[typeddict-item]
    assert any_log.state(KEY).version == 2


def test_more_is_told_of_it_at_once(log: Log) -> None:
    log.create(KEY)
    log.update(KEY, title="Checkout", working_dir="/srv/shop", status="abandoned", why="silence")
    state = log.state(KEY)
    assert (state.title, state.working_dir, state.status) == ("Checkout", "/srv/shop", "abandoned")
    assert log.update(KEY, title="Checkout").version == state.version
    assert not log.update(KEY, title=None).created
    assert log.state(KEY).title is None


def test_it_is_created_or_updated(log: Log) -> None:
    with pytest.raises(UnknownSession):
        log.update(KEY, user_id="ada")
    assert log.update(KEY, create=True, user_id="ada").created
    assert not log.update(KEY, create=True, user_id="grace").created
    assert log.state(KEY).user_id == "grace"


def test_what_subagents_spent_is_the_new_user_s(any_log: Log) -> None:
    """A user's figures must never leave out what the subagents of his sessions took."""
    s = Transcript(KEY.session_id)
    s.prompt("Look into it.")
    call = s.answer(tools=[("Task", {"prompt": "Look.", "description": "look"})])
    agent = s.subagent(call.tools[0])
    agent.answer("Found.", usage={"output_tokens": 100})
    any_log.append(KEY, s.entries, user_id="ada")
    sub = KEY._replace(subpath=f"subagents/agent-{agent.agent_id}")
    any_log.append(sub, agent.entries, user_id="ada")
    spent = any_log.usage("user")[0].billed
    any_log.update(KEY, user_id="grace")
    [row] = [row for row in any_log.usage("user") if row.billed.responses]
    assert (row.key, row.billed) == ("grace", spent)
    assert any_log.state(sub).user_id == "grace"


@pytest.mark.parametrize("erased", [False, True])
def test_what_is_gone_is_not_updated_but_may_begin_again(log: Log, erased: bool) -> None:
    log.create(KEY, title="Old", tags=["old"])
    _ = log.erase(KEY) if erased else log.delete(KEY)
    with pytest.raises(Refused, match=r"erased for good|undelete"):
        log.update(KEY, status="active")
    log.create(KEY, prompt="New")
    [session] = log.sessions()
    assert (session.title, session.tags, session.status) == ("New", (), "active")


def test_a_subagent_is_not_begun_by_hand(log: Log) -> None:
    with pytest.raises(Refused, match="begin its session"):
        log.create(KEY._replace(subpath="subagents/agent-1"))


@pytest.mark.parametrize("directory", ["a\0b", "", "  ", 7, None])
def test_what_is_no_directory(log: Log, directory: Any) -> None:
    with pytest.raises(Refused, match=r"is no path|working_dir needs"):
        log.get_or_create(directory)
    assert log.sessions() == []


# -- ids that tell the time ------------------------------------------------------------------------


def test_ids_that_tell_the_time(timed: Log, clock: Clock) -> None:
    """Two sessions must never get one id, in whatever project, and however the clock is set."""
    made = [timed.create(ids="time", project=f"p{n % 2}").key.session_id for n in range(3)]
    assert made == ["2026-01-30-1430-123", "2026-01-30-1430-124", "2026-01-30-1430-125"]
    clock.now += 1
    made.append(timed.create(ids="time").key.session_id)
    clock.now -= 2
    made += [timed.create(ids="time").key.session_id for _ in range(3)]
    clock.now -= 30_000
    made.append(timed.create(ids="time").key.session_id)
    assert len(set(made)) == len(made)


def test_an_id_of_a_deleted_session_is_not_given_again(timed: Log) -> None:
    """A new session must never take the place of one that may still be brought back."""
    first = timed.create(ids="time").key
    timed.delete(first)
    assert timed.create(ids="time").key != first


def test_an_id_is_free_even_where_the_list_is_out_of_date(timed: Log) -> None:
    """A stale list must never make two sessions share a stream."""
    first = timed.create(ids="time", project="p").key
    timed.store.project(lambda cursor: cursor.execute("DELETE FROM sessions_v4_sessions"))
    assert timed.create(ids="time", project="p").key != first


def test_other_ways_to_make_ids_are_refused(log: Log) -> None:
    with pytest.raises(Refused, match="made by uuid or time, not 'ulid'"):
        log.create(ids="ulid")  # type: ignore[arg-type]


# -- going on with a directory's latest session ----------------------------------------------------


def test_a_directory_goes_on_with_its_latest_session(timed: Log, clock: Clock) -> None:
    first = timed.get_or_create("/srv/shop", user_id="ada", ids="time")
    assert (first.created, first.key.session_id) == (True, "2026-01-30-1430-123")
    clock.now += 4 * HOUR - 1
    again = timed.get_or_create("/srv/shop")
    assert (again.key, again.created) == (first.key, False)
    assert timed.get_or_create("/srv/other").created
    clock.now += 1
    later = timed.get_or_create("/srv/shop")
    assert later.created
    assert timed.get_or_create("/srv/shop").key == later.key


def test_it_is_the_last_message_that_counts(timed: Log, clock: Clock) -> None:
    """A session must never be left while somebody talks in it."""
    first = timed.get_or_create("/srv/shop")
    clock.now += 3 * HOUR
    talk = timed.conversation(first.key)
    talk.record("user", "Still here.", at=clock.now)
    clock.now += 3 * HOUR
    assert timed.get_or_create("/srv/shop").key == first.key
    clock.now += HOUR
    assert timed.get_or_create("/srv/shop").created


def test_a_clock_that_was_set_back(timed: Log, clock: Clock) -> None:
    """A message from the future must never hide its session."""
    first = timed.get_or_create("/srv/shop")
    clock.now -= 30 * HOUR
    assert timed.get_or_create("/srv/shop").key == first.key


def test_only_what_is_present_goes_on(timed: Log, clock: Clock) -> None:
    first = timed.get_or_create("/srv/shop")
    clock.now += MINUTE
    second = timed.create(working_dir="/srv/shop")
    timed.delete(second.key)
    assert timed.get_or_create("/srv/shop").key == first.key
    timed.delete(first.key)
    assert timed.get_or_create("/srv/shop").created


def test_a_user_goes_on_with_a_session_of_his_own(timed: Log) -> None:
    """Nobody must ever get into the session of another by working in the same directory."""
    ada = timed.get_or_create("/srv/shop", user_id="ada")
    grace = timed.get_or_create("/srv/shop", user_id="grace")
    assert ada.key != grace.key
    assert timed.get_or_create("/srv/shop", user_id="ada").key == ada.key


def test_how_long_it_goes_on_can_be_set(timed: Log, clock: Clock) -> None:
    first = timed.get_or_create("/srv/shop")
    clock.now += 2 * MINUTE
    assert timed.get_or_create("/srv/shop", within=timedelta(minutes=3)).key == first.key
    assert timed.get_or_create("/srv/shop", within=timedelta(minutes=2)).created
    for never in (timedelta(0), timedelta(hours=-4)):
        with pytest.raises(Refused, match="within a time above 0"):
            timed.get_or_create("/srv/shop", within=never)


def test_the_sdk_s_sessions_go_on_too(timed: Log, clock: Clock) -> None:
    s = Transcript(KEY.session_id, cwd="/srv/shop", start="2026-01-30T14:00:00.000Z")
    s.prompt("Why?")
    timed.append(KEY, s.entries)
    assert timed.get_or_create("/srv/shop").key == KEY
    clock.now += 4 * HOUR
    assert timed.get_or_create("/srv/shop").created


def test_a_list_that_is_out_of_date_is_not_relied_on(timed: Log) -> None:
    """A session must never be begun beside the one that goes on because a list missed it."""
    timed.create(working_dir="/srv/shop")
    with timed.store.read() as reader:
        assert reader.stale() == {}
    timed.store._models.mark_stale("sessions", 1, RuntimeError("out of order"))  # type: ignore[attr-defined]
    with pytest.raises(NotCaughtUp, match="turnlog rebuild sessions"):
        timed.get_or_create("/srv/shop")


def test_in_every_store(any_log: Log) -> None:
    first = any_log.get_or_create("/srv/shop", ids="time")
    assert any_log.get_or_create("/srv/shop") == (first.key, False, 1)
    second = any_log.create(ids="time")
    assert second.key.session_id != first.key.session_id
    assert sorted(ids(any_log)) == sorted([first.key.session_id, second.key.session_id])


def test_a_rebuild_of_what_was_told_equals_the_live_tables(timed: Log, clock: Clock) -> None:
    """What a rebuild makes of sessions begun by hand must never differ from what was folded."""
    s = Transcript(KEY.session_id)
    s.prompt("Why?")
    s.answer("Because.")
    timed.create(KEY, user_id="ada", model="m", tags=["a"], prompt="What?")
    clock.now += HOUR
    timed.append(KEY, s.entries)
    timed.update(KEY, user_id="grace", working_dir="/srv", title="T", status="error")
    timed.attempt_continuation(KEY)
    timed.delete(KEY)
    clock.now += HOUR
    timed.create(KEY, prompt="Again")
    timed.get_or_create("/srv/shop", ids="time", user_id="ada")
    with timed.store.read() as reader:
        tables = tables_in(reader).metadata.sorted_tables
        live = [sorted(map(tuple, reader.query(select(table)))) for table in tables]
    assert next(x for x in timed.sessions() if x.session_id == KEY.session_id).begun_at == clock.now
    timed.rebuild(name="sessions")
    with timed.store.read() as reader:
        tables = tables_in(reader).metadata.sorted_tables
        assert [sorted(map(tuple, reader.query(select(table)))) for table in tables] == live
