"""One runner a read model: leases, taking over, and one who comes back too late."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import turnlog
from turnlog.domain.errors import LeaseLost, NotCaughtUp
from turnlog.projecting.catching_up import fold_on
from turnlog.projecting.folding import Folder
from turnlog.projecting.leasing import Lease
from turnlog.projecting.runner import Runner
from turnlog.projecting.standings import last_position

from .logs import KEY, log_with, rows, talk


@pytest.fixture(autouse=True)
def _lively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runners that look often whether to stop."""
    monkeypatch.setattr("turnlog.projecting.runner.LOOK_EVERY", 0.05)
    monkeypatch.setattr("turnlog.projecting.catching_up.STALE_PATIENCE", 0.0)


def run_out(log: turnlog.Log) -> None:
    """As if the holder had been silent for longer than a lease holds."""
    log.store.project(lambda c: c.execute("UPDATE projection_leases SET until = 1"))


def test_a_lease_is_held_by_one(store_url: str) -> None:
    with log_with(store_url) as log:
        lease = Lease.take(log.store, "kinds")
        assert lease is not None
        assert Lease.take(log.store, "kinds") is None
        assert Lease.take(log.store, "sessions") is not None
        lease.release()
        assert Lease.take(log.store, "kinds") is not None


def test_a_lease_that_was_not_renewed_is_taken_over(store_url: str) -> None:
    with log_with(store_url) as log:
        first = Lease.take(log.store, "kinds")
        run_out(log)
        second = Lease.take(log.store, "kinds")
        assert first is not None
        assert second is not None
        assert second.token > first.token
        with pytest.raises(LeaseLost):
            first.renew()
        first.release()
        second.renew()
        assert Lease.take(log.store, "kinds") is None


def test_a_lease_that_ran_out_is_renewed_if_nobody_took_it(store_url: str) -> None:
    with log_with(store_url) as log:
        lease = Lease.take(log.store, "kinds")
        run_out(log)
        assert lease is not None
        lease.renew()
        assert Lease.take(log.store, "kinds") is None


def test_a_holder_that_was_paused_and_comes_back_writes_nothing(store_url: str) -> None:
    """Who read a batch, slept through the end of his lease and wakes must not fold it again."""
    with log_with(store_url) as log:
        talk(log)
        registration = log.store.registry["kinds"]
        paused = Lease.take(log.store, "kinds")
        assert paused is not None
        folder = Folder(log.store, registration, "live", paused)
        stretch = log.store.stretch(folder.place.position, 100, folder.model.topics, "notes")
        run_out(log)
        log.catch_up("kinds")
        talk(log, KEY._replace(session_id="5e550000-0000-4000-8000-000000000002"), seed=2)
        before = rows(log)
        with pytest.raises(LeaseLost):
            folder._fold(stretch)
        assert rows(log) == before
        log.catch_up("kinds")
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 12)]


def test_what_is_folded_already_is_not_folded_again_whatever_the_leases_say(
    store_url: str,
) -> None:
    """Even a lease table that was meddled with must not make an event count twice."""
    with log_with(store_url) as log:
        talk(log)
        lease = Lease.take(log.store, "kinds")
        assert lease is not None
        folder = Folder(log.store, log.store.registry["kinds"], "live", lease)
        stretch = log.store.stretch(0, 100, folder.model.topics, "notes")
        fold_on(log.store, log.store.registry["kinds"], lease, last_position(log.store))
        before = rows(log)
        with pytest.raises(LeaseLost, match="folded by another process"):
            folder._fold(stretch)
        assert rows(log) == before


def test_who_asks_while_another_folds_waits_for_it(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log_with(store_url) as log:
        talk(log)
        lease = Lease.take(log.store, "kinds")
        assert lease is not None
        monkeypatch.setattr("turnlog.projecting.catching_up.PATIENCE", 0.0)
        with pytest.raises(NotCaughtUp, match="another process folds"):
            log.catch_up("kinds")
        monkeypatch.undo()
        asking = threading.Thread(target=log.catch_up, args=("kinds",))
        asking.start()
        fold_on(log.store, log.store.registry["kinds"], lease, last_position(log.store))
        asking.join(60)
        assert not asking.is_alive()
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 6)]


def test_threads_that_ask_at_once_fold_once(store_url: str) -> None:
    with log_with(store_url) as log:
        talk(log, prompts=5)
        asking = [threading.Thread(target=log.catch_up, args=("kinds",)) for _ in range(6)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(60)
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 10)]


def test_two_runners_share_the_work(durable_url: str) -> None:
    """Two processes that both run must never fold an event twice."""
    with log_with(durable_url) as one, log_with(durable_url) as two:
        with one.project_in_background(), two.project_in_background():
            for seed in range(1, 5):
                key = KEY._replace(session_id=f"5e550000-0000-4000-8000-{seed:012x}")
                talk(one if seed % 2 else two, key, seed=seed)
            one.wait_for(last_position(one.store), timeout=60)
        assert rows(two)["_kinds"] == [("TurnRecorded.v1", 24)]
        held = two.store.project(two.store.account.leases)
        assert all(lease.left < 0 for lease in held)


def test_a_runner_takes_over_from_one_that_died(durable_url: str) -> None:
    with log_with(durable_url) as log:
        talk(log)
        dead = Lease.take(log.store, "kinds", "gone:1:1")
        assert dead is not None
        with log.project_in_background():
            with pytest.raises(NotCaughtUp):
                log.wait_for(last_position(log.store), "kinds", timeout=0.2)
            run_out(log)
            log.wait_for(last_position(log.store), "kinds", timeout=60)


def test_a_runner_tries_again_what_failed(
    store_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from .models import Kinds

    monkeypatch.setattr("turnlog.projecting.runner.PAUSES", (0.01,))
    monkeypatch.setattr(Kinds, "refuses", "Bad")
    with log_with(store_url) as log:
        talk(log)
        log.rename(KEY, "Bad")
        position = list(log.events(KEY))[-1].position
        with log.project_in_background():
            with pytest.raises(NotCaughtUp, match="it stopped there: Heard"):
                log.wait_for(position, "kinds", timeout=0.5)
            kinds = next(h for h in log.projections() if h.name == "kinds")
            assert (kinds.status, kinds.position, kinds.lag) == ("stalled", position - 1, 1)
            assert kinds.problem == "Heard('Bad')"
            with pytest.raises(NotCaughtUp, match=f"position {position}, which it cannot"):
                log.catch_up("kinds")
            monkeypatch.setattr(Kinds, "refuses", None)
            log.wait_for(position, "kinds", timeout=60)
        assert sum("cannot take in" in message for message in caplog.messages) == 1


def test_a_runner_stops_when_it_is_told_to_or_the_log_is_closed(store_url: str) -> None:
    with log_with(store_url) as log:
        stopped = log.project_in_background()
        stopped.stop()
        assert not stopped.is_running
        left = log.project_in_background()
    assert not left.is_running


def test_a_runner_lives_through_a_database_that_fails(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from turnlog.domain.errors import StorageError

    monkeypatch.setattr("turnlog.projecting.runner.PAUSES", (0.01, 0.01))
    with log_with(store_url) as log:
        talk(log)
        failing = iter(range(3))
        runner = Runner(log.store, log.store.registry)
        stretch = log.store.stretch

        def fail(*args: Any) -> Any:
            if next(failing, None) is not None:
                raise StorageError("the disk is on fire")
            return stretch(*args)

        monkeypatch.setattr(log.store, "stretch", fail)
        upto = last_position(log.store)
        runner.run(lambda: next(h for h in log.projections() if h.name == "kinds").position >= upto)
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 6)]


def test_the_lease_of_a_process_that_died_is_free_at_once(durable_url: str) -> None:
    """After a crash nobody must have to wait for a lease to run out."""
    from multiprocessing import get_context

    from turnlog.projecting.leasing import holder_name, is_dead

    with log_with(durable_url) as log:
        process = get_context("spawn").Process(target=int)
        process.start()
        process.join()
        own = holder_name()
        gone = own.replace(f":{os.getpid()}:", f":{process.pid}:")
        assert is_dead(gone)
        assert not is_dead(own)
        assert not is_dead(f"another-machine:1:{process.pid}:0")
        assert not is_dead("nonsense")
        assert Lease.take(log.store, "kinds", gone) is not None
        assert Lease.take(log.store, "kinds") is not None


def test_a_rebuild_that_was_paused_takes_nothing_away_from_the_next_one(store_url: str) -> None:
    """Who slept before he cleared away must not drop tables that are live by now."""
    with log_with(store_url) as log:
        talk(log)
        log.catch_up()
        before = rows(log)
        kinds = log.store.registry["kinds"]
        paused = Lease.take(log.store, "kinds:rebuild")
        assert paused is not None
        run_out(log)
        log.rebuild(name="kinds")
        with pytest.raises(LeaseLost):
            log.store.retire(kinds, 1, "b", paused.hold)
        with pytest.raises(LeaseLost):
            log.store.make_room(kinds, "", paused.hold)
        assert rows(log) == before
        assert log.rebuild(name="kinds").events > 0


def test_a_read_model_that_is_rebuilt_while_it_is_caught_up_loses_nothing(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever folds the old tables must notice, and go on with the new ones."""
    with log_with(store_url) as log:
        talk(log)
        step = Folder.step
        once = iter([True])

        def rebuilt_before(self: Folder) -> None:
            if self.lane == "live" and next(once, False):
                log.rebuild(name="kinds")
            step(self)

        monkeypatch.setattr(Folder, "step", rebuilt_before)
        log.catch_up("kinds")
        assert rows(log)["_kinds"] == [("TurnRecorded.v1", 6)]
