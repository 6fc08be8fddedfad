"""The newest 50 of 20,000 sessions, against the same of 200."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from .bench import Bench, Measured, Row
from .measure import compare
from .ours import Ours
from .store import Sessions
from .workload import Entry, Workload

_BEGIN = datetime(2025, 1, 1)
MANY, FEW = 20_000, 200
LISTED = 50
CALLS = 10


class Lists(Protocol):
    """What this row needs of a store."""

    def newest(self, limit: int) -> int: ...

    def fill(self, sessions: Sessions) -> None: ...


def sessions(workload: Workload, number: int) -> Iterator[tuple[str, list[Entry]]]:
    """`number` sessions of two short entries each, a minute between one and the next."""
    for place in range(number):
        session_id = f"listed-{place:05}"
        at = (_BEGIN + timedelta(minutes=place)).isoformat(timespec="milliseconds") + "Z"
        yield session_id, [entry | {"timestamp": at} for entry in workload.short(session_id, 2)]


def listing_ratio(
    bench: Bench, large: Lists, small: Lists, many: int = MANY, few: int = FEW
) -> Measured:
    """The time to list the newest of `many` sessions, to that of the newest of `few`.

    Raises:
        RuntimeError: a list is shorter than what was asked for.
    """
    for store, number in ((large, many), (small, few)):
        store.fill(sessions(bench.workload, number))
        if store.newest(LISTED) < LISTED:
            raise RuntimeError(f"fewer than {LISTED} of {number} sessions were listed")

    def side(store: Lists) -> Callable[[int], Sequence[Callable[[], object]]]:
        return lambda _: [partial(store.newest, LISTED)] * CALLS

    ratio = compare(side(large), side(small), bench.rounds)
    return Measured.of(ratio, f"{CALLS} lists a round, {many:,} sessions against {few:,}")


def _ours(bench: Bench) -> Measured:
    with (
        bench.scratch() as first,
        bench.scratch() as second,
        closing(Ours(first)) as large,
        closing(Ours(second)) as small,
    ):
        return listing_ratio(bench, large, small)


ROWS = [Row("list", "newest 50 of 20,000 sessions, against 200", _ours, must=1.5, aim=1.1)]
