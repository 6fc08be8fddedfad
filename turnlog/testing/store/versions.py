"""Versions and positions: contiguous, growing, found again."""

from __future__ import annotations

from contextlib import closing

import pytest

from ...adapters.storage.contract.store import Store
from ...adapters.storage.sql.store import now
from ...domain.batch import Memory
from ...domain.evolving import fold
from ...domain.keys import SessionKey
from ...domain.session import SessionState
from .base import Base, MakeStore
from .recording import (
    KEY,
    found,
    key,
    record,
    recorded,
    recording,
    renamed,
    started,
    titles,
    turn,
    turns,
)


class Versions(Base):
    """Versions and positions: contiguous, growing, found again."""

    def test_versions_begin_at_1_and_have_no_holes(self, store: Store) -> None:
        first = record(store, started(), *turns(1, 3))
        second = record(store, turn(4))
        assert (first.first_version, first.events) == (1, 4)
        assert (second.first_version, second.events) == (5, 1)
        assert [r.version for r in recorded(store)] == [1, 2, 3, 4, 5]
        assert found(store).version == 5

    def test_positions_grow_over_the_whole_log(self, store: Store) -> None:
        for number in range(1, 4):
            record(store, started(key(number)), at=key(number))
        for number in range(3, 0, -1):
            record(store, *turns(1, 2), at=key(number))
        log = store.log(0, 100)
        positions = [r.position for r in log]
        assert positions == sorted(set(positions))
        assert [SessionKey.parse(r.stream) for r in log[3:]] == [key(n) for n in (3, 3, 2, 2, 1, 1)]
        assert store.log(log[4].position, 3) == log[5:8]
        assert store.log(log[-1].position, 3) == []
        with store.read() as reader:
            assert reader.last_position() == log[-1].position

    def test_the_log_gives_the_events_themselves(self, store: Store) -> None:
        record(store, started(), *turns(1, 3), renamed("A title"))
        assert [r.event for r in store.log(0, 10)] == [started(), *turns(1, 3), renamed("A title")]
        assert store.log(0, 10) == recorded(store)

    def test_a_new_stream_is_not_there_until_something_is_recorded(self, store: Store) -> None:
        with store.read() as reader:
            assert reader.find(KEY) is None
            assert reader.last_position() == 0
            assert list(reader.streams()) == []
        assert store.log(0, 10) == []

    def test_a_stream_is_found_at_its_head(self, store: Store) -> None:
        memory = Memory(b"s" * 16, ("a", "b"), {"mode": "x"}, prompt_id="prompt-id")
        store.write(recording([started(), turn(1)], memory=memory))
        record(store, renamed("A title"))
        stream = found(store)
        assert stream.key == KEY
        assert stream.state == fold(SessionState(KEY), [started(), turn(1), renamed("A title")])
        assert stream.memory == memory
        assert stream.chain == recorded(store)[-1].chain
        assert stream.recorded_at == recorded(store)[-1].recorded_at

    def test_what_is_remembered_can_change_without_an_event(self, store: Store) -> None:
        record(store, started())
        memory = Memory(b"t" * 16, ("a",))
        appended = store.write(recording([], memory=memory))
        assert appended.events == 0
        assert found(store).memory == memory
        assert len(store.log(0, 10)) == 1

    def test_streams_are_listed_by_their_names(self, store: Store) -> None:
        subagent = SessionKey(KEY.project_key, KEY.session_id, "subagents/agent-a")
        longer = SessionKey(KEY.project_key, KEY.session_id + "0")
        for at in (longer, subagent, KEY):
            record(store, started(at), at=at)
        with store.read() as reader:
            assert set(reader.streams()) == {KEY, subagent, longer}
            assert reader.subkeys(KEY) == [subagent]
            assert reader.subkeys(subagent) == [subagent]
            assert reader.subkeys(longer) == []

    def test_what_was_committed_outlives_the_store(self, make_store: MakeStore) -> None:
        """What a write returned from must never be lost with the process."""
        if not self.durable:
            pytest.skip("it ends with its process")
        with closing(make_store(now)) as store:
            record(store, started(), *turns(1, 3))
            record(store, renamed("A title"))
            expected = recorded(store)
        with closing(make_store(now)) as store:
            assert recorded(store) == expected
            assert store.log(0, 10) == expected
            assert titles(store) == ["A title"]
            assert record(store, turn(4)).first_version == 6
            with store.read() as reader:
                assert reader.check(KEY) == (6, None)
