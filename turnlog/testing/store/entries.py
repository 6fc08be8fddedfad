"""Entries by branch, and the store's clock."""

from __future__ import annotations

import os
from contextlib import closing

from ...adapters.storage.contract.store import Store
from ...domain.evolving import fold
from ...domain.lineage import Segment
from ...domain.session import SessionState
from .base import Base, MakeStore
from .recording import KEY, entry, key, record, recorded, started, turn, turns, uuid


def _branches(store: Store) -> None:
    """Versions 2 and 3 on branch 0, 4 on branch 9, 5 late before 3, 6 on branch 0."""
    record(store, started(), *turns(1, 2))
    record(store, turn(3, branch=9), turn(4, place=3, before=3), turn(5))


class Entries(Base):
    """Entries by branch, and the store's clock."""

    def test_headers_by_branch_leave_out_what_came_late(self, store: Store) -> None:
        _branches(store)
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert [h.version for h in reader.all_heads(stream)] == [2, 3, 4, 5, 6]
            assert [h.version for h in reader.heads(stream, Segment(0, None))] == [2, 3, 6]
            assert [h.version for h in reader.heads(stream, Segment(0, 3))] == [2, 3]
            assert [h.version for h in reader.heads(stream, Segment(9, None))] == [4]
            late = reader.late_heads(stream)
        assert [(h.version, h.branch, h.before, h.place) for h in late] == [(5, 0, 3, 3)]

    def test_bodies_by_branch_leave_out_what_came_late(self, store: Store) -> None:
        _branches(store)
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            bodies = list(reader.bodies(stream, Segment(0, None)))
            assert [(b.version, b.data) for b in bodies] == [
                (2, entry(1).body),
                (3, entry(2).body),
                (6, entry(5).body),
            ]
            assert [b.version for b in reader.bodies(stream, Segment(0, 2))] == [2]
            late = reader.late_bodies(stream)
            assert [(v, b.data) for v, b in late.items()] == [(5, entry(4).body)]
            objects = [o for portion in reader.entries(stream, Segment(0, 3)) for o in portion]
        assert [o["uuid"] for o in objects] == [uuid(1), uuid(2)]

    def test_events_are_read_from_a_version_to_a_version(self, store: Store) -> None:
        record(store, started(), *turns(1, 600))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert [r.version for r in reader.events(stream, 100, 500)] == list(range(101, 501))
            assert [r.version for r in reader.events(stream, 590)] == list(range(591, 602))
            without = next(iter(reader.events(stream, 0, 1, "none")))
            assert without.event.TOPIC == "SessionStarted.v1"

    def test_a_body_of_any_size_comes_back(self, store: Store) -> None:
        large = os.urandom(3 << 20).hex()
        record(store, started(), turn(1, large), turn(2, "small"), turn(3, large))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            sizes = [len(b.data) for b in reader.bodies(stream, Segment(0, None))]
        assert sizes == [len(entry(n, t).body) for n, t in ((1, large), (2, "small"), (3, large))]

    def test_the_stores_clock_never_goes_back_within_a_stream(self, make_store: MakeStore) -> None:
        """A clock that is set back must never make an event older than the one before it."""
        times = iter([1000, 5000, 2000, 2000, 7000])
        with closing(make_store(lambda: next(times))) as store:
            for number in range(1, 4):
                record(store, turn(number))
            record(store, started(key(2)), at=key(2))
            record(store, turn(4))
            assert [r.recorded_at for r in recorded(store)] == [1000, 5000, 5000, 7000]
            assert [r.recorded_at for r in recorded(store, key(2))] == [2000]
            with store.read() as reader:
                stream = reader.find(KEY)
                assert stream is not None
                asked = (999, 1000, 4999, 5000, 9000)
                assert [reader.version_at(stream, time) for time in asked] == [0, 1, 1, 3, 4]

    def test_a_write_knows_the_time_that_its_events_are_given(self, make_store: MakeStore) -> None:
        """What is decided by the time must never go by another clock than what is recorded."""
        with closing(make_store(lambda: 4000)) as store:
            assert store.write(lambda transaction: transaction.now()) == 4000
            record(store, started())
            assert [r.recorded_at for r in recorded(store)] == [4000]

    def test_a_snapshot_is_the_state_at_its_version(self, store: Store) -> None:
        for number in range(20):
            record(store, *turns(number * 50 + 1, number * 50 + 50))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            for version in (1, 499, 500, 777, 1000):
                snapshot = reader.snapshot(stream, version)
                if snapshot is not None:
                    assert snapshot.version <= version
                    events = [r.event for r in reader.events(stream, 0, snapshot.version)]
                    assert snapshot == fold(SessionState(KEY), events)
