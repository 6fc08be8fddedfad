"""The state in the middle of 20,000 entries, against loading them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from .bench import Bench, Measured, Row
from .load import ENTRIES, LIVE_BATCH, record_long
from .measure import compare
from .ours import Ours

STATES = 10


def _ours(bench: Bench) -> Measured:
    with bench.scratch() as directory, closing(Ours(directory)) as ours:
        path = directory / "long.jsonl"
        record_long(bench.workload, ours, "long", ENTRIES, LIVE_BATCH, path)

        def states(number: int) -> Sequence[Callable[[], object]]:
            # Places all around the middle: a snapshot is near some and far from others.
            places = [
                ENTRIES // 2 + (number * STATES + step) * 131 % 1_000 for step in range(STATES)
            ]
            return [partial(ours.state_at, "long", place) for place in places]

        def load(_: int) -> Sequence[Callable[[], object]]:
            return [partial(ours.load, "long")]

        ratio = compare(states, load, bench.rounds)
        return Measured.of(ratio, f"{STATES} states a round, one load", scale=1 / STATES)


ROWS = [Row("at", "state in the middle of 20,000 entries", _ours, must=0.05, aim=0.02)]
