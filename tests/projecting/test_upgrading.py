"""What opening a log mends: read models of an earlier release, and those that once failed."""

from __future__ import annotations

from typing import Any

import pytest

import turnlog
from turnlog.domain.errors import NeedsRebuild, NewerSchema
from turnlog.projections.sessions import Sessions

from .logs import KEY, rows, talk


def older(log: turnlog.Log) -> None:
    """As if an earlier release had folded the sessions in another way."""
    tables = log.store.generations.model(log.store.registry["sessions"], "").tables()

    def work(cursor: Any) -> None:
        for table in tables:
            cursor.execute(f"DROP TABLE {table}")
        cursor.execute("CREATE TABLE sessions_v0_sessions (stream BIGINT)")
        cursor.execute("UPDATE projections SET version = 0 WHERE name = 'sessions'")

    log.store.project(work)


def test_a_short_log_of_an_earlier_release_is_brought_up_to_date_when_it_is_opened(
    durable_url: str,
) -> None:
    """What an earlier release folded must never be left behind, nor be taken for today's."""
    with turnlog.open(durable_url) as log:
        talk(log)
        before = rows(log, "sessions")
        older(log)
        with pytest.raises(NewerSchema, match="have version 0, this process folds"):
            log.sessions()
        with pytest.raises(NewerSchema):
            log.rename(KEY, "One")
    with turnlog.open(durable_url) as log:
        assert rows(log, "sessions") == before
        log.rename(KEY, "One")
        assert log.sessions()[0].title == "One"


def test_a_long_log_of_an_earlier_release_asks_for_its_rebuild(
    durable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a log must not take minutes without a word."""
    with turnlog.open(durable_url) as log:
        talk(log)
        older(log)
    monkeypatch.setattr("turnlog.projecting.upgrading.AT_ONCE", 5)
    with pytest.raises(NeedsRebuild, match=r"'sessions' .version 0, now .*turnlog rebuild"):
        turnlog.open(durable_url)
    with turnlog.open(durable_url, outdated=True) as log:
        assert next(h for h in log.projections() if h.name == "sessions").status == "outdated"
        log.rebuild()
    with turnlog.open(durable_url) as log:
        assert log.sessions()[0].prompts == 3


def test_what_once_could_not_be_folded_is_known_when_the_log_is_opened_again(
    durable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("not today")

    with turnlog.open(durable_url) as log:
        talk(log)
        monkeypatch.setattr(Sessions, "fold", fail)
        log.rename(KEY, "One")
    with turnlog.open(durable_url) as log:
        assert log.sessions()[0].title != "One"
        monkeypatch.undo()
    with turnlog.open(durable_url) as log:
        assert log.sessions()[0].title == "One"
        assert {h.status for h in log.projections() if h.lifecycle == "inline"} == {"up to date"}


@pytest.mark.parametrize("name", ["sessions", "audit", "search"])
def test_tables_that_somebody_dropped_are_folded_again(durable_url: str, name: str) -> None:
    """Tables that are made anew must never be taken for those of an empty log."""
    with turnlog.open(durable_url) as log:
        talk(log)
        log.catch_up()
        before = rows(log, name)
        [gone, *_] = log.store.generations.model(log.store.registry[name], "").tables()
        log.store.project(lambda cursor: cursor.execute(f"DROP TABLE {gone}"))
    with turnlog.open(durable_url) as log:
        log.catch_up()
        assert rows(log, name) == before
        log.rename(KEY, "One")
        log.catch_up()
        assert {h.status for h in log.projections()} == {"up to date"}


def test_of_a_long_log_tables_that_are_gone_are_told(
    durable_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Opening a log must not take minutes without a word, nor show a part for the whole."""
    with turnlog.open(durable_url) as log:
        talk(log)
        [gone, *_] = log.store.generations.model(log.store.registry["sessions"], "").tables()
        log.store.project(lambda cursor: cursor.execute(f"DROP TABLE {gone}"))
    monkeypatch.setattr("turnlog.projecting.upgrading.AT_ONCE", 5)
    with turnlog.open(durable_url) as log:
        [health] = [h for h in log.projections() if h.name == "sessions"]
        assert (health.status, health.position) == ("stalled", 0)
        assert gone in (health.problem or "")
        assert "turnlog rebuild" in caplog.text
        log.rename(KEY, "One")
        log.rebuild()
        assert log.sessions()[0].title == "One"
