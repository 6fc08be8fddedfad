"""Rebuilding the read models: forget them, and fold the log again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from .adapters.storage.contract import Recorded, Store, Transaction
from .domain.session import SessionState, fold

_PORTION = 512


class Rebuilt(NamedTuple):
    """What a rebuild went through."""

    streams: int
    events: int


def rebuild(store: Store, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Fold every event again, in one transaction: readers see the old tables until it is done.

    Args:
        store: the log.
        progress: called with the events folded so far and the number there are.
    """

    def work(transaction: Transaction) -> Rebuilt:
        transaction.clear_models()
        total = transaction.last_position()
        streams = events = 0
        for key in list(transaction.streams()):
            stream = transaction.find(key)
            if stream is None:
                continue
            streams += 1
            state = SessionState(key)
            happened = iter(transaction.events(stream, content="notes"))
            while portion := list(islice(happened, _PORTION)):
                for batch in _same_moment(portion):
                    after = fold(state, (recorded.event for recorded in batch))
                    transaction.fold_models(stream, batch, state, after)
                    state = after
                events += len(portion)
                if progress is not None:
                    progress(events, total)
        return Rebuilt(streams, events)

    return store.write(work, alone=True)


def _same_moment(portion: list[Recorded]) -> list[list[Recorded]]:
    """Events in runs that one fold may take in together: a run ends where the lineage changes."""
    batches: list[list[Recorded]] = []
    for recorded in portion:
        fresh = not batches or batches[-1][-1].recorded_at != recorded.recorded_at
        if fresh or recorded.event.TOPIC in _APART:
            batches.append([])
        batches[-1].append(recorded)
    return batches


_APART = frozenset(("SessionRewound.v1", "SessionStarted.v1", "SessionDeleted.v1"))
