"""What a release does about read models that an earlier one folded in another way."""

from __future__ import annotations

import logging

from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.account import Standing
from ..domain.errors import CannotFold, LeaseLost, NeedsRebuild
from ..projections.engine.registry import Registration
from .catching_up import fold_on
from .leasing import Lease
from .rebuilding import rebuild
from .standings import last_position, standings

AT_ONCE = 200_000
"""Positions of a log whose read models are rebuilt when it is opened: some seconds."""
_log = logging.getLogger("turnlog")


def bring_up_to_date(store: Store) -> None:
    """Mend the read models that are folded with every append: rebuild those that are outdated,
    catch up those that once could not be folded.

    The others are brought up to date when they are asked.

    Raises:
        NeedsRebuild: the log is so long that whoever opens it should know.
    """
    rows = {row.name: row for row in standings(store)}
    versions = {name: row.version for name, row in rows.items()}
    for registration in store.registry:
        row = rows[registration.name]
        if registration.lifecycle == "inline" and row.stale_at is not None:
            _mend(store, registration, row)
    outdated = [
        registration
        for registration in store.registry
        if registration.lifecycle == "inline"
        and versions.get(registration.name) != registration.version
    ]
    if not outdated:
        return
    last = last_position(store)
    if last > AT_ONCE:
        names = ", ".join(
            f"{r.name!r} (version {versions[r.name]}, now {r.version})" for r in outdated
        )
        raise NeedsRebuild(
            f"{store.url}: this release folds the read model {names} in another way, and the log "
            f"has {last:,} events; run `turnlog rebuild` first (the log can be used meanwhile by "
            "the release that wrote it)"
        )
    rebuild(store, outdated)


def _mend(store: Store, registration: Registration, row: Standing) -> None:
    if row.version != registration.version:
        return  # its rebuild mends it
    if last_position(store) - row.position > AT_ONCE:
        _log.warning("%s; run `turnlog rebuild`: its lists end there", row.stale_why)
        return
    lease = Lease.take(store, registration.name)
    if lease is None:
        return  # somebody does
    with lease:
        try:
            fold_on(store, registration, lease, last_position(store))
        except (CannotFold, LeaseLost) as problem:
            _log.warning("%s; its lists end there", problem)
