"""Appending to a session of 20,000 entries, against one of 200, both ours and in one log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice

from .bench import Bench, Measured, Row
from .load import ENTRIES, LIVE_BATCH, record_long
from .measure import compare
from .ours import Ours

SHORT = 200
# Entries an append -> appends a round.
PLAN = {1: 100, 50: 20}


def _ours(size: int) -> Callable[[Bench], Measured]:
    appends = PLAN[size]

    def measure(bench: Bench) -> Measured:
        with bench.scratch() as directory, closing(Ours(directory)) as ours:
            path = directory / "long.jsonl"
            record_long(bench.workload, ours, "long", ENTRIES, LIVE_BATCH, path)

            def to_long(number: int) -> Sequence[Callable[[], object]]:
                batches = bench.workload.batches(f"appended-{number}", size, appends)
                return [partial(ours.append, "long", batch) for batch in batches]

            def to_short(number: int) -> Sequence[Callable[[], object]]:
                name = f"short-{number}"
                ours.append(name, list(islice(bench.workload.stream(name), SHORT)))
                batches = bench.workload.batches(f"appended-{number}", size, appends)
                return [partial(ours.append, name, batch) for batch in batches]

            ratio = compare(to_long, to_short, bench.rounds)
            return Measured.of(ratio, f"{appends} appends a round")

    return measure


ROWS = [
    Row("long-1", "1 entry to a session of 20,000, against 200", _ours(1), must=1.1, aim=1.0),
    Row("long-50", "50 entries to a session of 20,000, against 200", _ours(50), must=1.1, aim=1.0),
]
