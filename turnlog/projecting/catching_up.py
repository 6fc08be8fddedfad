"""Catching a read model up: from where it is to the end of the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.account import Place, Standing
from ..domain.errors import LeaseLost, NotCaughtUp
from ..projections.engine.registry import Registration
from .folding import BATCH, Folder, Obstructed
from .leasing import Lease
from .rebuilding import rebuild_one
from .standings import last_position as last_position
from .standings import standing

PATIENCE = 30.0
"""Seconds that a command waits for another process which folds the same read model."""
STALE_PATIENCE = 1.0
"""Seconds that it waits where the other one stopped: he may be about to get past that."""
_LOOK_EVERY = 0.05


def is_current(registration: Registration, row: Standing, upto: int) -> bool:
    """Whether a read model knows everything up to a position."""
    if row.version != registration.version:
        return False
    if registration.lifecycle == "inline":
        return row.stale_at is None
    return row.position >= upto


def catch_up(
    store: Store, registration: Registration, upto: int, patience: float | None = None
) -> None:
    """Fold a read model up to a position at least; or wait for whoever does.

    Raises:
        CannotFold: an event cannot be folded, and the read model's policy is to stop there.
        NotCaughtUp: another process folds it, and has not come so far in time.
    """
    patience = PATIENCE if patience is None else patience
    end = time.monotonic() + patience
    while not is_current(registration, row := standing(store, registration.name), upto):
        if row.version != registration.version:
            rebuild_one(store, registration, lambda *_: None, anew=False)
            continue
        lease = Lease.take(store, registration.name)
        if lease is not None:
            with lease, suppress(LeaseLost):  # it was rebuilt meanwhile, or caught up: look again
                fold_on(store, registration, lease, upto)
            continue
        if row.stale_at is not None and time.monotonic() > end - patience + STALE_PATIENCE:
            raise NotCaughtUp(
                f"the read model {registration.name!r} stands before the event at position "
                f"{row.stale_at}, which it cannot take in: {row.stale_why}"
            )
        if time.monotonic() > end:
            raise NotCaughtUp(
                f"another process folds the read model {registration.name!r}, and is not at "
                f"position {upto} yet after {patience:g} seconds; `turnlog doctor` shows how far "
                "it is"
            )
        time.sleep(_LOOK_EVERY)


def wait_for(
    store: Store, registrations: Iterable[Registration], position: int, timeout: float
) -> None:
    """Wait until read models know everything up to a position, whoever folds them.

    Raises:
        NotCaughtUp: one of them does not in time.
    """
    end = time.monotonic() + timeout
    for registration in registrations:
        while not is_current(registration, row := standing(store, registration.name), position):
            if time.monotonic() > end:
                why = f"; it stopped there: {row.stale_why}" if row.stale_at is not None else ""
                raise NotCaughtUp(
                    f"the read model {registration.name!r} is at position {row.position}, not at "
                    f"{position}, after {timeout:g} seconds{why}; `turnlog project` keeps read "
                    "models caught up"
                )
            time.sleep(_LOOK_EVERY)


def fold_on(
    store: Store,
    registration: Registration,
    lease: Lease,
    upto: int,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Fold a read model up to a position at least, under a lease.

    Returns:
        How many events were folded.

    Raises:
        CannotFold: an event cannot be folded, and the read model's policy is to stop there.
    """
    row = standing(store, registration.name)
    inline = registration.lifecycle == "inline"
    if inline and row.stale_at is None:
        return 0
    folder = Folder(store, registration, "live", lease)
    while not (stop is not None and stop()):
        try:
            if inline:
                if _finish(store, registration, folder):
                    break
            elif folder.place.position < upto:
                folder.step()
            else:
                break
        except Obstructed as obstacle:
            if registration.policy == "set aside":
                folder.pass_by(obstacle)
                continue
            _stop(store, registration, lease, obstacle)
            raise obstacle.error(registration.name) from obstacle.problem
        if not inline and row.stale_at is not None and folder.place.position >= row.stale_at:
            _go_on(store, registration, lease)
            row = row._replace(stale_at=None)
    return folder.events


def _finish(store: Store, registration: Registration, folder: Folder) -> bool:
    """Fold on, and where little is left all of it: from then on appends fold it again."""
    if last_position(store) - folder.place.position < BATCH:

        def fresh(cursor: Any, _: Place) -> None:
            store.account.go_on(cursor, registration.name)

        if folder.finish(fresh):
            return True
    folder.step()
    return False


def _go_on(store: Store, registration: Registration, lease: Lease) -> None:
    def work(cursor: Any) -> None:
        lease.hold(cursor)
        store.account.go_on(cursor, registration.name)

    store.project(work)


def _stop(store: Store, registration: Registration, lease: Lease, obstacle: Obstructed) -> None:
    def work(cursor: Any) -> None:
        lease.hold(cursor)
        store.account.stop(cursor, registration.name, obstacle.position, obstacle.why)

    store.project(work)
