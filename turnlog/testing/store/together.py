"""Many write at once, and who waits is woken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from ...adapters.storage.contract.store import Store
from ...domain.entry import identity_of
from .base import Base
from .recording import (
    KEY,
    Refusal,
    key,
    record,
    recorded,
    refused,
    running,
    started,
    turn,
    uuid,
)

THREADS = 16


class Together(Base):
    """Many write at once, and who waits is woken."""

    def test_threads_that_append_to_one_stream_take_turns(self, store: Store) -> None:
        """Two appends at once must never take the same version."""

        def work(thread: int) -> None:
            for number in range(5):
                record(store, turn(thread * 100 + number))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        events = recorded(store)
        assert [r.version for r in events] == list(range(1, 5 * THREADS + 1))
        assert [r.position for r in events] == sorted({r.position for r in events})
        for thread in range(THREADS):
            mine = [identity_of(uuid(thread * 100 + number)) for number in range(5)]
            assert [r.event.identity for r in events if r.event.identity in mine] == mine
        with store.read() as reader:
            assert reader.check(KEY) == (5 * THREADS, None)
            assert reader.stale() == {}

    def test_threads_that_append_to_many_streams_do_not_mix(self, store: Store) -> None:
        def work(thread: int) -> None:
            for number in range(5):
                record(store, turn(number), turn(number + 10), at=key(thread))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        for thread in range(THREADS):
            assert [r.version for r in recorded(store, key(thread))] == list(range(1, 11))
        log = store.log(0, 1000)
        assert len(log) == 10 * THREADS
        assert [r.position for r in log] == sorted({r.position for r in log})

    def test_a_refused_append_does_not_undo_its_neighbours(self, store: Store) -> None:
        """One member of a group that is refused must never take the others with it."""
        together = threading.Barrier(THREADS)

        def work(thread: int) -> str:
            together.wait()
            try:
                if thread % 4 == 0:
                    store.write(refused)
                record(store, started(key(thread)), turn(thread), at=key(thread))
            except Refusal:
                return "refused"
            return "kept"

        with ThreadPoolExecutor(THREADS) as pool:
            told = list(pool.map(work, range(THREADS)))
        assert told == ["refused" if thread % 4 == 0 else "kept" for thread in range(THREADS)]
        for thread in range(THREADS):
            assert len(recorded(store, key(thread))) == (0 if thread % 4 == 0 else 2)
        with store.read() as reader:
            assert reader.find(KEY) is None

    def test_waiting_ends_at_once_when_the_event_is_there(self, store: Store) -> None:
        appended = record(store, started())
        assert store.wait(appended.first_position - 1, 30)

    def test_waiting_for_nothing_times_out(self, store: Store) -> None:
        appended = record(store, started())
        assert not store.wait(appended.first_position, 0)
        assert not store.wait(appended.first_position, 0.05)

    def test_an_append_wakes_who_waits(self, store: Store) -> None:
        appended = record(store, started())
        with running(lambda: store.wait(appended.first_position, 30)) as waiting:
            record(store, turn(1))
            assert waiting.result()
