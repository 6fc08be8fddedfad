"""Following the log: what is there, then what comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .adapters.storage.contract import Recorded, Store

AT_ONCE = 500
"""Events read in one look."""
ASK_EVERY = 1.0
"""Seconds between looks at ``stop``."""


def subscribe(
    store: Store, after: int = 0, stop: Callable[[], bool] | None = None
) -> Iterator[Recorded]:
    """Every event after a position, gap-safe, then those to come. See ``Log.subscribe``."""
    while stop is None or not stop():
        events = store.log(after, AT_ONCE)
        for recorded in events:
            after = recorded.position
            yield recorded
        if not events:
            store.wait(after, ASK_EVERY)
