"""Clean-up: who is due, what becomes of them, and what must never be touched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import turnlog
from turnlog import Log, SessionKey, events
from turnlog.projecting.leasing import Lease
from turnlog.retention.collecting import LEASE
from turnlog.retention.policy import AlreadyCleaning
from turnlog.retention.scheduling import Schedule

from .conftest import AGENT, FORK, KEY, OTHER, talk

NOW = datetime.now(UTC)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def outcomes(found: Any) -> dict[SessionKey, str]:
    return {one.key: one.outcome for one in found.sessions}


def topics(log: Log, key: SessionKey = KEY) -> list[str]:
    return [recorded.topic for recorded in log.events(key)]


def active(log: Log, key: SessionKey) -> None:
    entry = {"type": "user", "uuid": "a0000000-0000-4000-8000-000000000001"}
    log.append(key, [entry | {"message": {"role": "user", "content": "Are you there?"}}])


def test_what_fell_silent_is_abandoned(log: Log) -> None:
    """An event, not a deletion: everything of it stays."""
    active(log, KEY)
    talk(log, OTHER)
    assert log.collect(now=days(0.5)).sessions == ()
    found = log.collect(now=days(1.5), actor="ada")
    assert outcomes(found) == {KEY: "abandoned"}
    assert log.state(KEY).status == "abandoned"
    assert log.load(KEY) is not None
    [told] = [r.event for r in log.events(KEY) if isinstance(r.event, events.StatusChanged)]
    assert (told.why, told.actor) == ("silent for 24 hours", "ada")
    assert log.collect(now=days(1.5)).sessions == ()


def test_it_goes_on_after_all(log: Log) -> None:
    active(log, KEY)
    log.collect(now=days(2))
    s = talk(log)
    assert log.state(KEY).status == "complete"
    assert len(log.load(KEY) or []) == 1 + len(s.entries)


def test_what_ended_long_ago_is_archived_and_packed(log: Log) -> None:
    s = talk(log)
    assert log.collect(now=days(29)).sessions == ()
    found = log.collect(now=days(31))
    assert outcomes(found) == {KEY: "archived"}
    assert log.session(KEY.session_id).presence == "archived"
    assert log.load(KEY) == s.entries
    assert log.at(KEY, "prompt:1").live.prompts == 1
    assert log.verify().problems == ()
    assert log.collect(now=days(31)).sessions == ()


def test_an_archived_session_that_goes_on_comes_back(log: Log) -> None:
    s = talk(log)
    log.archive(KEY, reason="done", actor="ada")
    assert log.sessions() == []
    start = len(s.entries)
    s.prompt("One thing more.")
    log.append(KEY, s.entries[start:])
    assert [session.session_id for session in log.sessions()] == [KEY.session_id]
    assert log.load(KEY) == s.entries
    assert topics(log).count("SessionRestored.v1") == 1


def test_the_setting_says_how_old(sqlite_url: str) -> None:
    with turnlog.open(sqlite_url, cleanup_days=3) as log:
        talk(log)
        assert log.collect(now=days(2)).sessions == ()
        assert outcomes(log.collect(now=days(4))) == {KEY: "archived"}


def test_what_is_active_is_never_touched(log: Log) -> None:
    """However old it is, and whatever the strength."""
    active(log, KEY)
    found = log.collect(0, "erase", silent_hours=24 * 9_999, now=days(400))
    assert found.sessions == ()
    assert log.load(KEY) is not None


def test_age_counts_from_recording(log: Log) -> None:
    """An imported history of last year must never be garbage the day it is imported."""
    s = talk(log)
    assert str(s.entries[0]["timestamp"]) < "2026-11"
    assert log.collect(30, now=NOW + timedelta(hours=1)).sessions == ()


def test_a_session_goes_on_while_its_subagent_does(log: Log) -> None:
    talk(log)
    talk(log, OTHER)
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # the log's clock tells no finer
    talk(log, AGENT)
    cut = log.state(KEY)
    assert cut.status == "complete"
    recorded = max(r.recorded_at for r in log.events(AGENT))
    at = datetime.fromtimestamp(recorded / 1000, UTC)
    found = log.collect(1, now=at + timedelta(days=1), dry_run=True)
    assert KEY not in outcomes(found)
    assert now <= at


def test_a_dry_run_changes_nothing_and_foresees_all(log: Log) -> None:
    talk(log)
    active(log, OTHER)
    before = log.stats(), topics(log), topics(log, OTHER)
    found = log.collect(now=days(40), dry_run=True)
    assert (found.done, outcomes(found)) == (False, {OTHER: "abandoned", KEY: "archived"})
    assert (log.stats(), topics(log), topics(log, OTHER)) == before
    assert outcomes(log.collect(now=days(40))) == outcomes(found)


def test_it_is_written_to_a_file_that_verifies_before_its_content_goes(
    log: Log, tmp_path: Path
) -> None:
    s = talk(log)
    talk(log, AGENT)
    strange = SessionKey("../..", "../../etc/passwd")
    log.append(strange, s.entries)
    folder = tmp_path / "out"
    found = log.collect(0, "export", out=folder, now=days(1))
    assert set(outcomes(found).values()) == {"exported"}
    files = sorted(folder.iterdir())
    assert sorted(one.file for one in found.sessions if one.file) == files
    with turnlog.open("memory:") as elsewhere:
        for file in files:
            elsewhere.import_sessions(file)
        assert elsewhere.load(KEY) == s.entries
        assert elsewhere.load(AGENT) is not None
        assert elsewhere.load(strange) == s.entries
    assert (log.load(KEY), log.load(AGENT), log.load(strange)) == (None, None, None)
    [event] = [r.event for r in log.events(KEY) if isinstance(r.event, events.SessionErased)]
    assert event.exported is not None
    assert "sha256:" in event.exported
    assert log.verify().problems == ()


def test_nothing_is_erased_that_could_not_be_written(log: Log, tmp_path: Path) -> None:
    """A full disk, or a folder that is none, must never cost a session."""
    s = talk(log)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(FileExistsError):
        log.collect(0, "export", out=blocked, now=days(1))
    assert log.load(KEY) == s.entries


def test_what_was_appended_meanwhile_is_kept(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not in the file must never be erased with what is."""
    from turnlog.retention import collecting

    s = talk(log)
    write_out = collecting.write_out

    def slowly(*arguments: Any) -> Any:
        done = write_out(*arguments)
        s.prompt("Wait!")
        log.append(KEY, s.entries[-1:])
        return done

    monkeypatch.setattr(collecting, "write_out", slowly)
    assert log.collect(0, "export", out=tmp_path, now=days(1)).sessions == ()
    assert log.load(KEY) == s.entries


def test_one_that_is_damaged_does_not_keep_the_others(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that cannot be read must never be erased, nor stop the clean-up for ever."""
    from turnlog.domain.errors import DamagedEvent
    from turnlog.retention import collecting

    s = talk(log)
    talk(log, OTHER)
    write_out = collecting.write_out

    def damaged(store: Any, key: SessionKey, folder: Path) -> Any:
        if key == KEY:
            raise DamagedEvent("version 2 cannot be read")
        return write_out(store, key, folder)

    monkeypatch.setattr(collecting, "write_out", damaged)
    found = log.collect(0, "export", out=tmp_path, now=days(1))
    assert outcomes(found) == {KEY: "kept", OTHER: "exported"}
    assert found.of("kept")[0].why == "version 2 cannot be read"
    assert log.load(KEY) == s.entries


def test_erasing_takes_the_deleted_too(log: Log) -> None:
    talk(log)
    talk(log, OTHER)
    log.delete(KEY)
    log.archive(OTHER)
    assert log.collect(0, now=days(1)).sessions == ()
    found = log.collect(0, "erase", now=days(1))
    assert outcomes(found) == {KEY: "erased", OTHER: "erased"}
    assert log.collect(0, "erase", now=days(1)).sessions == ()


def test_what_a_fork_reads_is_kept_for_it(log: Log) -> None:
    """A session that goes on must never lose the past it took over."""
    s = talk(log)
    log.fork(KEY, into=FORK)
    fork = FORK
    log.set_status(fork, "active", why="going on")
    found = log.collect(0, "erase", silent_hours=9_999, now=days(1))
    assert outcomes(found) == {KEY: "kept"}
    foreseen = log.collect(0, "erase", silent_hours=9_999, now=days(1), dry_run=True)
    assert foreseen.sessions == found.sessions
    assert log.load(fork) == s.entries
    log.set_status(fork, "complete", why="done")
    assert outcomes(log.collect(0, "erase", now=days(1))) == {KEY: "erased", fork: "erased"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"days": -1}, "days must lie between 0"),
        ({"days": float("nan")}, "days must lie between 0"),
        ({"days": 10**9}, "days must lie between 0"),
        ({"silent_hours": -0.5}, "hours of silence must lie between 0"),
        ({"strength": "shred"}, "there is no strength"),
        ({"strength": "export"}, "name a folder"),
    ],
)
def test_what_makes_no_sense(log: Log, given: dict[str, Any], error: str) -> None:
    talk(log)
    with pytest.raises(turnlog.Refused, match=error):
        log.collect(**given)
    assert log.session(KEY.session_id).presence == "present"


def test_one_at_a_time(log: Log) -> None:
    talk(log)
    lease = Lease.take(log.store, LEASE)
    assert lease is not None
    with lease, pytest.raises(AlreadyCleaning, match="another process"):
        log.collect(now=days(40))
    assert outcomes(log.collect(now=days(40))) == {KEY: "archived"}


def test_a_clock_that_goes_back_collects_less(log: Log) -> None:
    """A clock that is wrong for a while must never make what is young old, nor fail."""
    talk(log)
    assert log.collect(now=days(-400)).sessions == ()
    assert log.collect(now=datetime(1970, 1, 2, tzinfo=UTC)).sessions == ()


def test_the_same_elsewhere(elsewhere: Log, tmp_path: Path) -> None:
    test_what_ended_long_ago_is_archived_and_packed(elsewhere)
    found = elsewhere.collect(0, "export", out=tmp_path, now=days(40))
    assert outcomes(found) == {KEY: "exported"}
    assert elsewhere.verify().problems == ()


# -- now and then ------------------------------------------------------------------------------


def test_again_and_again_until_it_is_stopped(log: Log) -> None:
    done = threading.Event()
    talk(log)
    with log.collect_in_background(days=0, on_done=lambda found: done.set()) as background:
        assert done.wait(10)
        assert background.is_running
    assert not background.is_running
    assert log.session(KEY.session_id).presence in ("present", "archived")


def test_what_fails_is_tried_again_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean-up that failed must never end those to come, nor one by another process."""
    monkeypatch.setattr("turnlog.retention.scheduling._LOOK_EVERY", 0.0)
    # When it begins, and then: is it due, when was it done, is it due …
    times = iter([0.0, 0.0, 1.0, 300.0, 301.0, 302.0, 700.0, 86_702.0])
    tried: list[int] = []

    def collect() -> Any:
        tried.append(len(tried))
        if len(tried) == 1:
            raise turnlog.StorageError("the disk is full")
        if len(tried) == 2:
            raise AlreadyCleaning("another process")
        raise SystemExit

    schedule = Schedule(collect, timedelta(days=1), clock=lambda: next(times))
    with pytest.raises(SystemExit):
        schedule.run(lambda: False)
    assert tried == [0, 1, 2]


@pytest.mark.parametrize("every", [timedelta(0), timedelta(seconds=-1), timedelta(days=9_999)])
def test_a_time_between_that_makes_no_sense(log: Log, every: timedelta) -> None:
    with pytest.raises(turnlog.Refused, match="every minute at the most"):
        log.collect_in_background(every)


def test_what_was_left_unfinished_is_removed(log: Log, tmp_path: Path) -> None:
    """What is erased must never stay in a file that a killed clean-up had begun to write."""
    talk(log)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    name = "shop_5e55-01234567-12.jsonl"
    theirs = [f".{name}.{gone.pid}", f".{name}.{os.getpid()}", f".{'p' * 100}.{gone.pid}"]
    others = [f".{name}.{os.getppid()}", f".notes.{gone.pid}", f".{name}", f"{name}.{gone.pid}"]
    for each in (*theirs, *others):
        (tmp_path / each).write_text("secret")
    log.collect(strength="export", out=tmp_path, now=days(31))
    [written] = tmp_path.glob("[!.]*.jsonl")
    assert {path.name for path in tmp_path.iterdir()} == {*others, written.name}
