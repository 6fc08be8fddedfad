"""Read models follow the events, and never stop the log."""

from __future__ import annotations

from typing import Any

import pytest

from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...domain.events import SessionTagged
from ...projections.sessions import Sessions
from .base import Base
from .recording import (
    Refusal,
    found,
    key,
    record,
    recorded,
    recording,
    renamed,
    started,
    titles,
    turn,
)


class ReadModels(Base):
    """Read models follow the events, and never stop the log."""

    def test_read_models_follow_in_the_same_transaction(self, store: Store) -> None:
        record(store, started(), renamed("One"))
        record(store, started(key(2)), renamed("Two"), at=key(2))
        assert titles(store) == ["One", "Two"]

    def test_a_projection_that_fails_is_stale_and_the_append_stands(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A read model that cannot be folded must never stop the log."""
        before = record(store, started(), renamed("Before"))
        fold_well = Sessions.fold

        def fail(self: Sessions, cursor: Any, *args: Any) -> None:
            fold_well(self, cursor, *args)
            raise ValueError("this cannot be folded")

        monkeypatch.setattr(Sessions, "fold", fail)
        appended = record(store, renamed("After"))
        monkeypatch.undo()
        with store.read() as reader:
            assert reader.stale().keys() == {"sessions"}
            assert before.first_position + 1 < reader.stale()["sessions"] <= appended.first_position
        assert titles(store) == ["Before"]
        record(store, renamed("Later"))
        assert [r.version for r in recorded(store)] == [1, 2, 3, 4]
        assert titles(store) == ["Before"]

    def test_a_projection_that_breaks_the_database_s_own_rules_is_stale(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a projection does wrong in SQL must never undo the append."""

        def fail(self: Sessions, cursor: Any, *args: Any) -> None:
            cursor.execute("INSERT INTO no_such_table VALUES (1)")

        monkeypatch.setattr(Sessions, "fold", fail)
        appended = record(store, started(), turn(1))
        with store.read() as reader:
            assert 1 <= reader.stale()["sessions"] <= appended.first_position
        assert found(store).version == 2

    def test_what_a_refused_write_folded_is_undone_with_it(self, store: Store) -> None:
        record(store, started(), renamed("One"))

        def work(transaction: Transaction) -> None:
            recording([SessionTagged(tags=("x",)), renamed("Two")])(transaction)
            raise Refusal

        with pytest.raises(Refusal):
            store.write(work)
        assert titles(store) == ["One"]
