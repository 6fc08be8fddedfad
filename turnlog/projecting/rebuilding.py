"""Rebuilding a read model beside its live tables, while appends go on.

The new tables are filled in batches, each a transaction, so that a rebuild can be interrupted and
goes on where it was. The last stretch is folded in one transaction in which nobody appends; it also
makes the new tables the live ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.account import Place
from ..domain.errors import LeaseLost, NotCaughtUp
from ..projections.engine.registry import Registration
from .folding import BATCH, Folder, Obstructed
from .leasing import Lease
from .standings import last_position, standing

PATIENCE = 30.0
"""Seconds to wait for another process that rebuilds the same read model."""
_LOOK_EVERY = 0.05


class Rebuilt(NamedTuple):
    """What a rebuild went through."""

    streams: int
    events: int
    models: tuple[str, ...] = ()
    """The read models that were rebuilt."""


def rebuild(
    store: Store,
    registrations: Iterable[Registration],
    progress: Callable[[int, int], None] | None = None,
    anew: bool = False,
) -> Rebuilt:
    """Fold read models again, beside their live tables, and switch to the new ones.

    Args:
        progress: called with the positions that are behind and those there are, of all of them.
        anew: begin again where an earlier rebuild was interrupted.

    Raises:
        CannotFold: an event cannot be folded; the live tables stay as they are.
        NotCaughtUp: another process rebuilds one of them.
    """
    chosen = list(registrations)
    streams: set[int] = set()
    events = 0
    for done, registration in enumerate(chosen):

        def told(position: int, last: int, done: int = done) -> None:
            if progress is not None:
                progress(done * last + position, len(chosen) * last)

        folder = rebuild_one(store, registration, told, anew)
        streams |= folder.streams
        events = max(events, folder.events)
    return Rebuilt(len(streams), events, tuple(r.name for r in chosen))


def rebuild_one(
    store: Store, registration: Registration, progress: Callable[[int, int], None], anew: bool
) -> Folder:
    """Rebuild one read model; see ``rebuild``."""
    with lease_for(store, registration.name) as lease:
        _begin(store, registration, lease, anew)
        folder = Folder(store, registration, "beside", lease)
        retired = standing(store, registration.name)

        def switch(cursor: Any, place: Place) -> None:
            store.account.switch(cursor, registration.name, place)
            store.account.end_beside(cursor, registration.name)

        while True:
            last = last_position(store)
            progress(min(folder.place.position, last), last)
            if last - folder.place.position < BATCH and folder.finish(switch):
                break
            try:
                folder.step()
            except Obstructed as obstacle:
                if not _is_known(store, registration, obstacle.position):
                    raise obstacle.error(registration.name) from obstacle.problem
                folder.pass_by(obstacle)
        progress(folder.place.position, folder.place.position)
        with suppress(LeaseLost):  # whoever rebuilds by now clears away what is left
            store.retire(registration, retired.version, retired.generation, lease.hold)
        return folder


def lease_for(store: Store, name: str) -> Lease:
    """The lease to rebuild a read model; waits a while for whoever holds it.

    Raises:
        NotCaughtUp: he still does.
    """
    end = time.monotonic() + PATIENCE
    while True:
        lease = Lease.take(store, f"{name}:rebuild")
        if lease is not None:
            return lease
        if time.monotonic() > end:
            raise NotCaughtUp(
                f"another process rebuilds the read model {name!r}; `turnlog doctor` shows how "
                "far it is"
            )
        time.sleep(_LOOK_EVERY)


def _begin(store: Store, registration: Registration, lease: Lease, anew: bool) -> None:
    """Go on with a rebuild that was interrupted, or begin one."""
    name, version = registration.name, registration.version
    account = store.account
    going_on = store.project(lambda cursor: account.rebuilding(cursor, name))
    if going_on is not None and going_on.version == version and not anew:
        if going_on.position == 0:
            store.make_room(registration, going_on.generation, lease.hold)
        return
    live = standing(store, name)
    generation = "b" if live.version == version and not live.generation else ""

    def begin(cursor: Any) -> None:
        lease.hold(cursor)
        account.end_beside(cursor, name)
        account.begin_beside(cursor, name, version, generation)

    store.project(begin)
    # While it is at position 0 nothing is folded: interrupted here, room is made again.
    store.make_room(registration, generation, lease.hold)


def _is_known(store: Store, registration: Registration, position: int) -> bool:
    """Whether the live tables go on without this event by policy, and have noted it."""
    if registration.policy != "set aside":
        return False
    aside = store.project(
        lambda cursor: store.account.put_aside(cursor, registration.name, registration.version)
    )
    return any(row[0] == position for row in aside)
