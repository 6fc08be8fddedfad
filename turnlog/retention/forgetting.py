"""Read models that forget: what was taken out of the log goes out of them in the same transaction.

Nobody may bring it back from a batch that he read before: every lease is taken over for a moment,
so that such a batch is refused, and rebuilds that were under way begin anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..adapters.storage.sql.account import Standing
from ..domain import events as e
from ..domain.errors import DamagedEvent
from ..projecting.leasing import SECONDS, holder_name
from ..projecting.one_session import can_forget, fold_again
from ..projections.engine.read_model import ReadModel, Run
from ..projections.engine.registry import Registration
from ..projections.search.index import SearchIndex
from .sweeping import owe


class _Live(NamedTuple):
    """A read model over its live tables, in one transaction."""

    registration: Registration
    row: Standing
    model: ReadModel

    @property
    def upto(self) -> int | None:
        """The position up to which it knows everything; None for all there is."""
        inline = self.registration.lifecycle == "inline" and self.row.stale_at is None
        return None if inline else self.row.position


class Forgetting:
    """Takes content out of the read models of a log, as part of a transaction."""

    def __init__(self, store: Store, transaction: Transaction) -> None:
        self._store = store
        self._transaction = transaction
        self._cursor = transaction.cursor
        self._fence()
        owe(store, self._cursor)
        self._live = list(self._find())

    # -- before the content goes ---------------------------------------------------------------

    def forget(self, stream: Stream, versions: Sequence[int] | None = None) -> None:
        """Forget what some events of a stream say, while the log still has it.

        Args:
            versions: of the events; None for all.
        """
        for live in self._live:
            if isinstance(live.model, SearchIndex):
                self._unindex(live, live.model, stream, versions)
            elif not can_forget(live.model) and not _by_itself(live.model):
                self._empty(live)

    def _unindex(
        self, live: _Live, index: SearchIndex, stream: Stream, versions: Sequence[int] | None
    ) -> None:
        account, name = self._store.account, live.registration.name
        aside = {row[0] for row in account.put_aside(self._cursor, name, live.row.version)}
        upto = live.upto
        try:
            first, last = (min(versions) - 1, max(versions)) if versions else (0, None)
            for recorded in self._transaction.events(stream, first, last):
                known = upto is None or recorded.position <= upto
                wanted = versions is None or recorded.version in versions
                if known and wanted and recorded.position not in aside:
                    index.forget(self._cursor, [recorded.position], [recorded.event])
        except DamagedEvent:
            # What cannot be read cannot be told to the index: it is filled anew, without it.
            self._empty(live)

    def _empty(self, live: _Live) -> None:
        if live.model.content == "none":
            return
        if isinstance(live.model, SearchIndex):
            live.model.clear(self._cursor)
        else:
            for table in live.model.tables():
                self._cursor.execute(f"DELETE FROM {table}")
        account, name = self._store.account, live.registration.name
        account.move(self._cursor, name, "live", 0)
        if live.registration.lifecycle == "inline":
            # Appends must not fold on what is empty now: it is caught up first.
            account.mark_stale(self._cursor, name, 0, "it was emptied to forget what was erased")

    # -- after it is gone ----------------------------------------------------------------------

    def fold_again(self, stream: Stream, versions: Sequence[int] = ()) -> None:
        """Bring the read models to what the log says of a stream now.

        Args:
            versions: of the events that say something else than before.
        """
        for live in self._live:
            if isinstance(live.model, SearchIndex):
                self._index(live, live.model, stream, versions)
            elif can_forget(live.model):
                fold_again(self._transaction, live.model, stream, live.upto)

    def _index(
        self, live: _Live, index: SearchIndex, stream: Stream, versions: Sequence[int]
    ) -> None:
        if not versions:
            return
        position = self._store.account.place(self._cursor, live.registration.name, "live")
        upto = position.position if position is not None else 0
        for recorded in self._transaction.events(stream, min(versions) - 1, max(versions)):
            if recorded.version not in versions or recorded.position > upto:
                continue
            if recorded.topic in index.topics and not isinstance(recorded.event, e.SessionStarted):
                index.fold(self._cursor, [Run.of(stream.id, recorded)])

    # -- who else folds --------------------------------------------------------------------------

    def _find(self) -> Iterator[_Live]:
        for registration in self._store.registry:
            row = self._store.account.standing(self._cursor, registration.name)
            if row is not None and row.version == registration.version:
                model = self._store.generations.model(registration, row.generation)
                yield _Live(registration, row, model)

    def _fence(self) -> None:
        account, cursor = self._store.account, self._cursor
        held = {lease.name: lease for lease in account.leases(cursor)}
        for registration in self._store.registry:
            for name in (registration.name, f"{registration.name}:rebuild"):
                if (lease := held.get(name)) is None:
                    continue
                account.release(cursor, name, lease.token)
                token = account.take(cursor, name, holder_name(), SECONDS)
                if token is not None:
                    account.release(cursor, name, token)
            account.end_beside(cursor, registration.name)


def _by_itself(model: ReadModel) -> bool:
    """Whether its fold of an erasure leaves nothing behind."""
    return getattr(model, "forgets_by_itself", False)
