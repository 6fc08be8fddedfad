"""A projection kept by a log: caught up now and then while it is written, and rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..adapters.storage.contract.transaction import Transaction
from ..domain.recorded import Recorded
from ..opening import open_log
from ..projections.engine.projection import Projection
from .sandbox import Tables, appends

_CAUGHT_UP_EVERY = 10


def kept(projection: type[Projection], happened: Sequence[Recorded]) -> tuple[Tables, Tables]:
    """Record events in a log in memory.

    Returns:
        The rows as they were kept, and as they are after a rebuild.
    """
    with open_log("sqlite://", projections=[projection]) as log:

        def tables() -> Tables:
            return {name: log.rows(projection, name) for name in projection.tables}

        for number, append in enumerate(appends(happened)):
            log.store.write(partial(_record, append))
            if number % _CAUGHT_UP_EVERY == 0:
                log.catch_up(projection.name)
        live = tables()
        log.rebuild(name=projection.name)
        return live, tables()


def _record(append: Sequence[Recorded], transaction: Transaction) -> None:
    stream = transaction.open(append[0].key)
    # As they are told, whether or not a session could come to them.
    state = replace(stream.state, version=stream.version + len(append))
    transaction.record(stream, [recorded.event for recorded in append], state)
