"""Rebuilding beside the live tables: appends go on, an interruption costs nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Dialect

import turnlog
from docs.demo.make_history import HISTORY
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.errors import CannotFold, NewerSchema, Refused
from turnlog.domain.events import EVENTS
from turnlog.projecting.folding import Folder
from turnlog.projections.engine.registry import Registration, Registry

from .logs import KEY, log_with, rows, talk
from .models import Kinds

OTHER = KEY._replace(session_id="5e550000-0000-4000-8000-000000000002")


class Stop(BaseException):
    """An interruption."""


def interrupt_at(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Fold one event a batch, and stop before one of them."""
    count = iter(range(batch))
    step = Folder.step

    def interrupted(self: Folder) -> None:
        if next(count, None) is None:
            raise Stop
        step(self)

    monkeypatch.setattr("turnlog.projecting.folding.BATCH", 1)
    monkeypatch.setattr("turnlog.projecting.rebuilding.BATCH", 1)
    monkeypatch.setattr(Folder, "step", interrupted)


def test_a_rebuild_gives_the_same_rows_in_other_tables(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log)
        log.rename(KEY, "One")
        log.catch_up()
        before = rows(log), rows(log, "sessions")
        for _ in range(3):
            log.rebuild()
            assert (rows(log), rows(log, "sessions")) == before
        log.rename(KEY, "Two")
        assert rows(log, "sessions")["_sessions"][0][9] == "Two"


def test_a_rebuild_goes_on_where_it_was_interrupted(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_with(store_url) as log:
        talk(log, prompts=4)
        before = rows(log, "sessions")
        with monkeypatch.context() as patched:
            interrupt_at(patched, 2)
            with pytest.raises(Stop):
                log.rebuild(name="sessions")
        sessions = next(h for h in log.projections() if h.name == "sessions")
        assert sessions.status == "up to date"
        assert sessions.rebuilding is not None
        assert sessions.rebuilding > 0
        assert rows(log, "sessions") == before
        talk(log, OTHER, seed=2)
        live = rows(log, "sessions")
        folded = log.rebuild(name="sessions").events
        assert folded < sum(1 for _ in log.events(KEY)) + sum(1 for _ in log.events(OTHER))
        assert rows(log, "sessions") == live
        assert next(h for h in log.projections() if h.name == "sessions").rebuilding is None


def test_a_rebuild_can_begin_anew(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with log_with(store_url) as log:
        talk(log, prompts=4)
        live = rows(log, "sessions")
        with monkeypatch.context() as patched:
            interrupt_at(patched, 2)
            with pytest.raises(Stop):
                log.rebuild(name="sessions")
        assert log.rebuild(name="sessions", anew=True).events == sum(1 for _ in log.events(KEY))
        assert rows(log, "sessions") == live


def test_appends_go_on_while_a_rebuild_folds(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is appended between two batches must be in the live tables, then and afterwards."""
    monkeypatch.setattr("turnlog.projecting.folding.BATCH", 1)
    monkeypatch.setattr("turnlog.projecting.rebuilding.BATCH", 2)
    with log_with(store_url) as log:
        talk(log, prompts=3)
        step = Folder.step
        titles = iter(["One", "Two", "Three"])

        def stepped(self: Folder) -> None:
            step(self)
            if (title := next(titles, None)) is not None:
                log.rename(KEY, title)
                assert rows(log, "sessions")["_sessions"][0][9] == title

        monkeypatch.setattr(Folder, "step", stepped)
        log.rebuild(name="sessions")
        monkeypatch.undo()
        after = rows(log, "sessions")
        assert after["_sessions"][0][9] == "Three"
        log.rebuild(name="sessions")
        assert rows(log, "sessions") == after


def test_a_rebuild_that_cannot_fold_an_event_names_it_and_changes_nothing(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_with(store_url) as log:
        talk(log)
        log.rename(KEY, "Bad")
        bad = list(log.events(KEY))[-1]
        log.catch_up()
        before = rows(log)
        monkeypatch.setattr(Kinds, "refuses", "Bad")
        with pytest.raises(CannotFold, match=f"position {bad.position} "):
            log.rebuild(name="kinds")
        assert rows(log) == before
        monkeypatch.setattr(Kinds, "refuses", None)
        log.rebuild(name="kinds")
        assert rows(log) == before


def test_what_was_set_aside_by_policy_is_set_aside_again(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kinds, "refuses", "Bad")
    with log_with(store_url, policy="set aside") as log:
        talk(log)
        for title in ("Good", "Bad", "Better"):
            log.rename(KEY, title)
        log.catch_up()
        before = rows(log)
        log.rebuild()
        assert rows(log) == before


def test_a_rebuild_heals_a_read_model_that_was_stale(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_with(store_url, lifecycle="inline") as log:
        monkeypatch.setattr(Kinds, "refuses", "Bad")
        talk(log)
        log.rename(KEY, "Bad")
        monkeypatch.undo()
        log.rebuild(name="kinds")
        log.rename(KEY, "Good")
        assert [row[-1] for row in rows(log)["_titles"]] == ["Bad", "Good"]


def test_one_session_is_rebuilt_alone(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log)
        talk(log, OTHER, seed=2)
        log.fork(KEY)
        before = rows(log, "sessions")
        prefix = _prefix(log, "sessions")
        log.store.project(lambda c: c.execute(f"UPDATE {prefix}_sessions SET title = 'wrong'"))
        assert log.rebuild(session=KEY, name="sessions").models == ("sessions",)
        after = rows(log, "sessions")
        assert sum(row[9] == "wrong" for row in after["_sessions"]) == len(after["_sessions"]) - 1
        log.rebuild(session=OTHER, name="sessions")
        for session in log.sessions():
            log.rebuild(session=turnlog.SessionKey(session.project_key, session.session_id))
        assert rows(log, "sessions") == before


def test_deeds_and_texts_of_one_session_are_folded_again(store_url: str) -> None:
    """What was lost of one session must come back, and nothing of another one go."""
    with turnlog.open(store_url) as log:
        talk(log)
        talk(log, OTHER, seed=2)
        child = log.fork(KEY, "prompt:2").child
        log.rename(KEY, "Bread")
        log.catch_up()
        before = rows(log, "audit"), rows(log, "search")
        hits = {hit.position for hit in log.search("answer", limit=100).hits}
        prefix = _prefix(log, "audit")
        log.store.project(lambda c: c.execute(f"DELETE FROM {prefix}_deeds"))
        for key in (KEY, OTHER, child, KEY):
            assert {"audit", "search"} <= set(log.rebuild(session=key).models)
        assert (rows(log, "audit"), rows(log, "search")) == before
        assert {hit.position for hit in log.search("answer", limit=100).hits} == hits != set()
        log.rename(KEY, "Cake")
        log.rebuild(name="audit", session=KEY)  # it is behind the log, and stays where it was
        log.catch_up()
        assert [d.kind for d in log.audit(limit=2)] == ["SessionRenamed"] * 2
        assert log.search("cake").total == 1


def test_a_read_model_that_cannot_rebuild_one_session_says_so(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log)
        with pytest.raises(Refused, match="cannot rebuild one session"):
            log.rebuild(session=KEY, name="kinds")


def _prefix(log: turnlog.Log, name: str) -> str:
    with log.store.read() as reader:
        return reader.live(name)


# -- versions --------------------------------------------------------------------------------


class Later(Kinds):
    """The next version: it counts double."""

    version = 2

    def fold(self, cursor: Any, runs: Any) -> None:
        super().fold(cursor, runs)
        cursor.execute(f"UPDATE {self.prefix}_titles SET title = 'later'")


def test_a_new_version_is_folded_beside_the_old_one(durable_url: str) -> None:
    with log_with(durable_url) as log:
        talk(log)
        log.rename(KEY, "One")
        log.catch_up()
    with log_with(durable_url, Later) as log:
        assert next(h for h in log.projections() if h.name == "kinds").status == "outdated"
        log.catch_up()
        assert [row[-1] for row in rows(log)["_titles"]] == ["later"]
        assert _prefix(log, "kinds") == "kinds_v2"


def test_a_version_that_goes_backwards_is_refused(durable_url: str) -> None:
    with log_with(durable_url, Later) as log:
        talk(log)
    with (
        pytest.raises(NewerSchema, match=r"'kinds' has version 2, .* never goes backwards"),
        log_with(durable_url),
    ):
        pass


def test_two_read_models_of_one_name_are_refused() -> None:
    one, two = Registration.of(Kinds), Registration.of(Later)
    with pytest.raises(Refused, match="two read models are named 'kinds'"):
        Registry((one, two))


@pytest.mark.parametrize("name", ["", "Kinds", "a b", "kinds_v2", "ki-nds", "größe", "1st"])
def test_a_name_that_cannot_begin_a_table_s_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="no name for a read model"):
        Registry((Registration(name, 1, Kinds),))


def test_a_version_before_the_first_is_refused() -> None:
    def make(dialect: Dialect, prefix: str) -> Kinds:
        return Kinds(dialect, prefix)

    with pytest.raises(Refused, match="versions begin at 1"):
        Registry((Registration("kinds", 0, make),))


def test_a_process_of_an_earlier_release_appends_no_more(durable_url: str) -> None:
    """What it appends would be missing in the tables of the later version."""
    old = open_store(durable_url, projections=[Registration.of(Kinds, "inline")])
    with turnlog.Log(old) as log:
        talk(log)
        with turnlog.Log(
            open_store(durable_url, projections=[Registration.of(Later, "inline")])
        ) as later:
            later.rebuild(name="kinds")
            with pytest.raises(NewerSchema, match="this process folds version 1"):
                log.rename(KEY, "Two")
            later.rename(KEY, "Three")
            assert [row[-1] for row in rows(later)["_titles"]] == ["later"]


def test_rebuilds_while_an_importer_writes_end_equal(
    durable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrives while tables are folded and switched must be in them once, whenever it came."""
    for module in ("folding", "rebuilding", "catching_up"):
        monkeypatch.setattr(f"turnlog.projecting.{module}.BATCH", 20)
    names = ["sessions", "kinds", "audit"]
    with log_with(durable_url) as log, log_with(durable_url) as importer:
        arriving = threading.Thread(target=importer.import_claude, args=(HISTORY,))
        arriving.start()
        while arriving.is_alive():
            for name in names:
                log.rebuild(name=name)
        arriving.join()
        assert len(log.sessions()) == 7
        log.catch_up()
        live = {name: rows(log, name) for name in names}
        log.rebuild()
        assert {name: rows(log, name) for name in names} == live
        assert log.verify().holds


def test_a_run_is_never_folded_in_part(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fold knows of one append it must know of all of it, wherever a look for holes ends."""
    monkeypatch.setattr("turnlog.projecting.folding.BATCH", 2)
    found: list[tuple[int, ...]] = []

    def noted(self: Kinds, cursor: Any, runs: Any) -> None:
        found.extend(tuple(run.versions) for run in runs)

    monkeypatch.setattr(Kinds, "fold", noted)
    monkeypatch.setattr(Kinds, "topics", frozenset(EVENTS))
    with log_with(postgres_url) as log:
        talk(log, prompts=3)
        recorded: dict[int, list[int]] = {}
        for event in log.events(KEY):
            recorded.setdefault(event.recorded_at, []).append(event.version)
        log.catch_up("kinds")
    assert [version for run in found for version in run] == [
        version for run in recorded.values() for version in run
    ]
    assert len(found) <= len(recorded) + 1
