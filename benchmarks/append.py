"""Durable appends of 1, 50 and 500 entries, against rows that are already encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Protocol, TypeVar

from . import yardstick
from .bench import Bench, Measured, Row
from .floor import Floor
from .measure import compare
from .ours import Ours
from .workload import Entry

T = TypeVar("T")

SETTLING = 20
# Entries an append -> (appends a round, appends a step).
PLAN = {1: (200, 10), 50: (30, 3), 500: (10, 1)}


class Appends(Protocol):
    """What this row needs of a store."""

    def append(self, session_id: str, entries: list[Entry]) -> None: ...


def append_ratio(
    bench: Bench, store: Appends, size: int, plan: tuple[int, int], settling: int = SETTLING
) -> Measured:
    """The time of `store` for appends of `size` entries, to that of the yardstick.

    Each round has a session of its own. Before the first, both sides record batches of 500: a
    write-ahead log that has not wrapped yet grows its file, and every sync of it costs more.

    Args:
        plan: appends a round, appends a step.
        settling: how many of those batches `store` records; a slow one wraps in fewer.
    """
    appends, step = plan
    drawn: dict[str, list[list[Entry]]] = {}

    def batches(session_id: str) -> list[list[Entry]]:
        if session_id not in drawn:
            drawn.clear()
            drawn[session_id] = bench.workload.batches(session_id, size, appends)
        return drawn[session_id]

    with bench.scratch() as directory, closing(yardstick.connect(directory / "base.db")) as base:

        def ours(number: int) -> Sequence[Callable[[], object]]:
            session_id = f"append-{size}-{number}"
            steps = _chunks(batches(session_id), step)
            return [partial(_append_all, store, session_id, part) for part in steps]

        def theirs(number: int) -> Sequence[Callable[[], object]]:
            session_id = f"append-{size}-{number}"
            steps = _chunks(yardstick.rows(session_id, batches(session_id)), step)
            return [partial(yardstick.append_all, base, part) for part in steps]

        for place, batch in enumerate(bench.workload.batches("settling", 500, SETTLING)):
            yardstick.append_all(base, yardstick.rows(f"settling-{place}", [batch]))
            if place < settling:
                store.append(f"settling-{place}", batch)
        return Measured.of(compare(ours, theirs, bench.rounds), f"{appends} appends a round")


def _append_all(store: Appends, session_id: str, batches: list[list[Entry]]) -> None:
    for batch in batches:
        store.append(session_id, batch)


def _chunks(items: list[T], size: int) -> list[list[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _ours(size: int) -> Callable[[Bench], Measured]:
    def measure(bench: Bench) -> Measured:
        with bench.scratch() as directory, closing(Ours(directory)) as ours:
            return append_ratio(bench, ours, size, PLAN[size])

    return measure


def _floor(size: int) -> Callable[[Bench], Measured]:
    def measure(bench: Bench) -> Measured:
        with bench.scratch() as directory, closing(Floor(directory / "floor.db")) as floor:
            return append_ratio(bench, floor, size, PLAN[size])

    return measure


ROWS = [
    Row("append-1", "1 entry an append, durable", _ours(1), must=1.8, aim=1.4),
    Row("append-50", "50 entries an append", _ours(50), must=2.5, aim=2.0),
    Row("append-500", "500 entries an append", _ours(500), must=2.5, aim=2.0),
    Row("floor-1", "the floor: 1 entry an append, all steps by hand", _floor(1)),
    Row("floor-50", "the floor: 50 entries an append", _floor(50)),
    Row("floor-500", "the floor: 500 entries an append", _floor(500)),
]
