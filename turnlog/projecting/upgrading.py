"""What a release does about read models that an earlier one folded in another way."""

from __future__ import annotations

from ..adapters.storage.contract import Store
from ..domain.errors import NeedsRebuild
from .rebuilding import rebuild
from .standings import last_position, standings

AT_ONCE = 200_000
"""Positions of a log whose read models are rebuilt when it is opened: some seconds."""


def bring_up_to_date(store: Store) -> None:
    """Rebuild the read models that are folded with every append, where they are outdated.

    Those that are caught up are rebuilt when they are.

    Raises:
        NeedsRebuild: the log is so long that whoever opens it should know.
    """
    versions = {row.name: row.version for row in standings(store)}
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
