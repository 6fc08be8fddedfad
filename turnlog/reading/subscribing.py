"""Following the log: what is there, then what comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..adapters.storage.contract.store import Store
from ..domain.recorded import Recorded

_AT_ONCE = 500
"""Events read in one look."""
ASK_EVERY = 1.0
"""Seconds between looks at ``stop``."""


def subscribe(
    store: Store, after: int = 0, stop: Callable[[], bool] | None = None
) -> Iterator[Recorded]:
    """Every event after a position, gap-safe, then those to come. See ``Log.subscribe``."""
    while stop is None or not stop():
        events, after = look(store, after)
        yield from events
        if not events:
            store.wait(after, ASK_EVERY)


def look(store: Store, after: int) -> tuple[list[Recorded], int]:
    """The next events after a position, and the position to look on from.

    That is the last event's, or where no session has another event the newest of the log: events
    of foreign streams must not be looked at again and again.
    """
    with store.read() as reader:
        newest = reader.last_position()
    events = store.log(after, _AT_ONCE)
    return events, events[-1].position if events else max(after, newest)
