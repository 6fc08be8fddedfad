"""Events of another log are taken over as they were recorded there, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ...adapters.storage.contract.evidence import Hashed
from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...adapters.storage.memory.store import MemoryStore
from ...domain.batch import Memory
from ...domain.entry import identity_of
from ...domain.errors import InvalidEvidence
from ...domain.events import SessionEvent
from .base import Base
from .recording import KEY, found, record, recorded, renamed, started, titles, turn, turns, uuid

_MEMORY = Memory(bytes(16), ("a batch",))


def _elsewhere() -> Store:
    """Another log, with a session."""
    store = MemoryStore(clock=lambda: 1_000_000)
    for events in ([started()], turns(1, 5), [renamed("Elsewhere")], [turn(6)]):
        record(store, *events)
    return store


def _events(store: Store) -> list[Hashed]:
    with store.read() as reader:
        stream = reader.find(KEY)
        return list(reader.hashed_of(stream, 0, stream.version)) if stream is not None else []


def _adopting(events: list[Hashed]) -> Callable[[Transaction], None]:
    return lambda transaction: transaction.adopt(transaction.open(KEY), events, _MEMORY)


class Adopting(Base):
    """Events of another log are taken over as they were recorded there, or not at all."""

    def test_events_of_another_log_are_taken_over(self, store: Store) -> None:
        """A time, a hash or a body must never be another one in the other log."""
        other = _elsewhere()
        events = _events(other)
        for portion in (events[:3], events[3:]):
            store.write(_adopting(portion))
        there = [event._replace(position=0) for event in recorded(other)]
        assert [event._replace(position=0) for event in recorded(store)] == there
        assert [e._replace(position=0) for e in _events(store)] == [
            e._replace(position=0) for e in events
        ]
        assert found(store).state == found(other).state
        assert found(store).memory == _MEMORY
        assert titles(store) == ["Elsewhere"]
        with store.read() as reader:
            assert reader.check(KEY) == (8, None)
            assert reader.known(found(store), [identity_of(uuid(6))])
        assert record(store, turn(7)).first_version == 9
        with store.read() as reader:
            assert reader.check(KEY) == (9, None)

    @pytest.mark.parametrize(
        "change",
        [
            lambda event: event._replace(chain=bytes(32)),
            lambda event: event._replace(version=9),
            lambda event: event._replace(header=event.header.replace(b"1000000", b"999999")),
            lambda event: event._replace(header=b"[]"),
            lambda event: event._replace(topic="SessionSold.v1"),
            lambda event: event._replace(body_hash=bytes(32)),
            lambda event: event._replace(seed=b""),
            lambda event: event._replace(identity=b"another"),
        ],
    )
    def test_what_does_not_follow_is_refused(
        self, store: Store, change: Callable[[Hashed], Hashed]
    ) -> None:
        """An event that another log never had must never be taken over, nor those before it."""
        events = _events(_elsewhere())
        events[3] = change(events[3])
        with pytest.raises(InvalidEvidence):
            store.write(_adopting(events))
        with store.read() as reader:
            assert reader.find(KEY) is None

    def test_only_what_comes_next_is_taken_over(self, store: Store) -> None:
        ours: list[SessionEvent] = [started(), turn(1)]
        record(store, *ours)
        before = recorded(store)
        with pytest.raises(InvalidEvidence):
            store.write(_adopting(_events(_elsewhere())[2:]))
        assert recorded(store) == before
