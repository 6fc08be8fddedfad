"""All of a write happens, or nothing; a look is consistent."""

from __future__ import annotations

import pytest

from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...domain.entry import identity_of
from .base import Base
from .recording import (
    KEY,
    Refusal,
    found,
    key,
    record,
    recording,
    refused,
    started,
    titles,
    turn,
    turns,
    uuid,
)


class Atomic(Base):
    """All of a write happens, or nothing; a look is consistent."""

    def test_work_that_raises_leaves_nothing(self, store: Store) -> None:
        """A refused append must never leave a stream, an event or a row of a read model."""
        with pytest.raises(Refusal):
            store.write(refused)
        with store.read() as reader:
            assert reader.find(KEY) is None
        assert titles(store) == []
        assert store.log(0, 10) == []
        assert record(store, started()).first_version == 1

    def test_a_write_sees_what_it_wrote(self, store: Store) -> None:
        def work(transaction: Transaction) -> None:
            recording([started(), turn(1)])(transaction)
            stream = transaction.open(KEY)
            assert stream.version == 2
            assert [r.version for r in transaction.events(stream)] == [1, 2]
            assert transaction.known(stream, [identity_of(uuid(1))])
            recording([turn(2)])(transaction)
            assert transaction.known(transaction.open(KEY), [identity_of(uuid(2))])

        store.write(work)
        assert found(store).version == 3

    def test_a_look_does_not_see_what_is_appended_meanwhile(self, store: Store) -> None:
        if self.grows:
            pytest.skip("what a look finds may grow here")
        record(store, started())
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            record(store, turn(1))
            record(store, started(key(2)), at=key(2))
            assert reader.last_position() == 1
            assert [r.version for r in reader.events(stream)] == [1]
            assert reader.find(key(2)) is None

    def test_one_may_append_while_reading(self, store: Store) -> None:
        """Whoever appends in the middle of a look must never wait for himself."""
        record(store, started(), *turns(1, 3))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            for event in reader.events(stream, upto=4):
                record(store, turn(event.version + 10))
        assert found(store).version == 8
