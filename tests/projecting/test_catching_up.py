"""Read models that are caught up: in batches, exactly once, over what cannot be folded."""

from __future__ import annotations

from typing import Any

import pytest

from turnlog.domain.errors import CannotFold, Refused

from .logs import KEY, log_with, rows, talk
from .models import Kinds


def test_a_read_model_knows_what_it_was_caught_up_to(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log)
        assert rows(log)["_kinds"] == []
        log.catch_up("kinds")
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 6)]
        log.rename(KEY, "One")
        log.catch_up()
        assert rows(log)["_titles"] == [(1, log.state(KEY).version, "One")]


def test_to_catch_up_again_changes_nothing(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log)
        log.catch_up()
        before = rows(log)
        log.catch_up()
        assert rows(log) == before


def test_batches_of_any_size_give_the_same(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a batch ends must never be seen in the tables."""
    monkeypatch.setattr("turnlog.projecting.folding.BATCH", 1)
    with log_with(store_url) as log:
        talk(log, prompts=4)
        log.catch_up()
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 8)]


def test_a_name_that_no_read_model_has_is_refused(store_url: str) -> None:
    with log_with(store_url) as log, pytest.raises(Refused, match=r"there are sessions, .*kinds"):
        log.catch_up("kind")


def test_an_event_that_cannot_be_folded_is_named_and_nothing_after_it_is_folded(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read model must never know what came after an event that it does not know."""
    with log_with(store_url) as log:
        talk(log)
        log.rename(KEY, "Good")
        log.rename(KEY, "Bad")
        bad = list(log.events(KEY))[-1]
        log.rename(KEY, "Better")
        monkeypatch.setattr(Kinds, "refuses", "Bad")
        for _ in range(2):
            with pytest.raises(CannotFold, match=f"position {bad.position} .*Heard: Bad") as told:
                log.catch_up("kinds")
            assert (told.value.name, told.value.position) == ("kinds", bad.position)
            assert [row[-1] for row in rows(log)["_titles"]] == ["Good"]
        monkeypatch.undo()
        log.catch_up("kinds")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good", "Bad", "Better"]
        with log.store.read() as reader:
            assert reader.stale() == {}


def test_by_policy_an_event_that_cannot_be_folded_is_set_aside(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kinds, "refuses", "Bad")
    with log_with(store_url, policy="set aside") as log:
        talk(log)
        for title in ("Good", "Bad", "Better"):
            log.rename(KEY, title)
        bad = list(log.events(KEY))[-2]
        log.catch_up("kinds")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good", "Better"]
        account = log.store.account
        aside = log.store.project(lambda cursor: account.put_aside(cursor, "kinds", 1))
        assert aside == [(bad.position, "SessionRenamed.v1", "Heard('Bad')")]


def test_an_inline_read_model_that_failed_catches_up_by_itself(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an append could not fold must never need a rebuild to be known."""
    with log_with(store_url, lifecycle="inline") as log:
        talk(log)
        monkeypatch.setattr(Kinds, "refuses", "Bad")
        log.rename(KEY, "Good")
        log.rename(KEY, "Bad")
        log.rename(KEY, "Better")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good"]
        monkeypatch.undo()
        log.catch_up()
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good", "Bad", "Better"]
        log.rename(KEY, "Best")
        assert [row[-1] for row in rows(log)["_titles"]][-1] == "Best"


def test_the_sessions_catch_up_after_a_failure(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from turnlog.projections.sessions import Sessions

    def fail(self: Sessions, cursor: Any, runs: Any) -> None:
        raise ValueError("not today")

    with log_with(store_url) as log:
        talk(log)
        monkeypatch.setattr(Sessions, "fold", fail)
        talk(log, KEY._replace(session_id="5e550000-0000-4000-8000-000000000002"), seed=2)
        log.rename(KEY, "One")
        monkeypatch.undo()
        log.catch_up()
        live = rows(log, "sessions")
        log.rebuild()
        assert rows(log, "sessions") == live
        assert len(live["_sessions"]) == 2


def test_what_a_write_recorded_before_its_fold_failed_is_caught_up_too(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write of several streams is undone as a whole: none of them may stay unfolded."""
    from turnlog.domain import events as e
    from turnlog.domain.evolving import fold

    def work(transaction: Any) -> None:
        for number, title in enumerate(("Good", "Bad"), 2):
            key = KEY._replace(session_id=f"s{number}")
            stream = transaction.open(key)
            started = e.SessionStarted(project_key=key.project_key, session_id=key.session_id)
            events = [started, e.SessionRenamed(title=title, source="api")]
            transaction.record(stream, events, fold(stream.state, events))

    with log_with(store_url, lifecycle="inline") as log:
        talk(log)
        monkeypatch.setattr(Kinds, "refuses", "Bad")
        log.store.write(work)
        monkeypatch.undo()
        log.catch_up()
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good", "Bad"]


def test_what_is_rare_is_found_however_far_apart(
    durable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("turnlog.projecting.folding.BATCH", 2)
    monkeypatch.setattr(Kinds, "topics", frozenset({"SessionRenamed.v1"}))
    with log_with(durable_url) as log:
        for number in range(4):
            talk(log, KEY._replace(session_id=f"s{number}"), prompts=4, seed=number + 1)
            log.rename(KEY._replace(session_id=f"s{number}"), f"Title {number}")
        log.catch_up("kinds")
        assert [row[-1] for row in rows(log)["_titles"]] == [f"Title {n}" for n in range(4)]
        assert next(h for h in log.projections() if h.name == "kinds").lag == 0


def test_an_event_that_cannot_be_read_is_named_and_waited_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is damaged in the log must never be left out without a word."""
    with log_with(sqlite_url) as log:
        talk(log)
        for title in ("Good", "Lost", "Better"):
            log.rename(KEY, title)
        lost = list(log.events(KEY))[-2]
        monkeypatch.setattr(
            "turnlog.adapters.storage.sql.stretches.from_row", _broken(lost.version)
        )
        for _ in range(2):
            with pytest.raises(CannotFold, match=f"position {lost.position} .*DamagedEvent"):
                log.catch_up("kinds")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good"]
        with pytest.raises(CannotFold, match=f"position {lost.position} "):
            log.rebuild(name="kinds")
        monkeypatch.undo()
        log.catch_up("kinds")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Good", "Lost", "Better"]


def _broken(version: int) -> Any:
    from turnlog.adapters.storage.encoding.rows import from_row
    from turnlog.domain.errors import DamagedEvent

    def read(topic: str, row: Any, body: bytes | None) -> Any:
        event = from_row(topic, row, body)
        if getattr(event, "title", None) == "Lost":
            raise DamagedEvent(f"version {version} is scratched")
        return event

    return read
