"""After content was taken out of the log: nothing of it stays in the files of its database.

That is no part of the transaction which took it out. So that transaction notes that it is owed, and
whoever comes next does it, should this process end before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.read_side import leases
from ..domain.errors import StorageError
from ..projecting.catching_up import catch_up
from ..projecting.rebuilding import lease_for
from ..projecting.standings import last_position, standing
from ..projections.search.index import SearchIndex

_OWED = "retention:owed"
"""A lease that nobody holds for long: it is in the same transaction as what was taken out."""
_FOR_EVER = 10.0**9


def owe(store: Store, cursor: Any) -> None:
    """Note that the files are to be swept, as a part of a transaction."""
    note = store.account.lease(cursor, _OWED)
    if note is not None:  # so that a sweep which began before does not count
        store.account.release(cursor, _OWED, note.token)
    store.account.take(cursor, _OWED, "whoever comes next", _FOR_EVER)


def is_owed(store: Store) -> bool:
    """Whether something was taken out, and may be in the files still."""
    with store.read() as reader:
        rows = reader.query(select(leases.c.until).where(leases.c.name == _OWED))
    return any(until > 0 for (until,) in rows)


def sweep(store: Store) -> None:
    """Let nothing that was taken out stay in the read models' tables, or in any file.

    Raises:
        StorageError: the files cannot be written anew now.
    """
    note = store.project(lambda cursor: store.account.lease(cursor, _OWED))
    try:
        _settle(store)
        store.reclaim()
    except StorageError as problem:
        raise StorageError(
            f"it is out of the log, but may be in the files of {store.url} still: {problem}; "
            "`turnlog gc` makes up for it"
        ) from problem
    store.destroy_unused_keys()
    if note is not None:  # a later one has another number, and stays owed
        store.project(lambda cursor: store.account.release(cursor, _OWED, note.token))


def _settle(store: Store) -> None:
    """Fold again what was emptied, drop what interrupted rebuilds left, write text indexes anew."""
    for registration in store.registry:
        row = standing(store, registration.name)
        if row.version != registration.version:
            continue
        with lease_for(store, registration.name) as lease:
            store.make_room(registration, row.generation, lease.hold)
        if registration.lifecycle == "caught up":
            catch_up(store, registration, last_position(store))
        model = store.generations.model(registration, row.generation)
        if isinstance(model, SearchIndex):
            store.project(model.optimize)


def unknown_models(store: Store) -> tuple[str, ...]:
    """The read models that this process cannot make forget: of other applications, or releases."""

    def names(cursor: Any) -> tuple[str, ...]:
        return tuple(
            row.name
            for row in store.account.standings(cursor)
            if row.name not in store.registry or row.version != store.registry[row.name].version
        )

    return store.project(names)
