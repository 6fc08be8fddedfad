"""Sixteen sessions appending at once, against sixteen connections that commit each append."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Protocol

from . import yardstick
from .append import SETTLING
from .bench import Bench, Measured, Row
from .measure import compare
from .ours import Ours
from .store import Batches, in_threads
from .workload import Entry

SESSIONS = 16
# Entries an append -> appends a session and round.
PLAN = {1: 25, 20: 10}


class AppendsTogether(Protocol):
    """What this row needs of a store."""

    def append(self, session_id: str, entries: list[Entry]) -> None: ...

    def append_together(self, work: Mapping[str, Batches]) -> None: ...


class _Connections:
    """The yardstick's side: a thread and a connection a session."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._open = [
            stack.enter_context(closing(yardstick.connect(path))) for _ in range(SESSIONS)
        ]

    def append_together(self, work: Mapping[str, list[list[yardstick.Row]]]) -> None:
        connections = dict(zip(work, self._open, strict=True))

        def append(session_id: str, rows: list[yardstick.Row]) -> None:
            yardstick.append_all(connections[session_id], [rows])

        in_threads(append, work)


def concurrent_ratio(
    bench: Bench, store: AppendsTogether, size: int, appends: int, settling: int = SETTLING
) -> Measured:
    """The time until all of 16 sessions have appended, to that of 16 plain connections."""
    drawn: dict[int, dict[str, Batches]] = {}

    def work(number: int) -> dict[str, Batches]:
        if number not in drawn:
            drawn.clear()
            names = [f"together-{size}-{number}-{place}" for place in range(SESSIONS)]
            drawn[number] = {name: bench.workload.batches(name, size, appends) for name in names}
        return drawn[number]

    with bench.scratch() as directory, ExitStack() as stack:
        connections = _Connections(directory / "base.db", stack)
        settler = stack.enter_context(closing(yardstick.connect(directory / "base.db")))

        def ours(number: int) -> Sequence[Callable[[], object]]:
            return [partial(store.append_together, work(number))]

        def theirs(number: int) -> Sequence[Callable[[], object]]:
            rows = {name: yardstick.rows(name, batches) for name, batches in work(number).items()}
            return [partial(connections.append_together, rows)]

        for place, batch in enumerate(bench.workload.batches("settling", 500, SETTLING)):
            yardstick.append_all(settler, yardstick.rows(f"settling-{place}", [batch]))
            if place < settling:
                store.append(f"settling-{place}", batch)
        return Measured.of(
            compare(ours, theirs, bench.rounds), f"{appends} appends a session and round"
        )


def _ours(size: int) -> Callable[[Bench], Measured]:
    def measure(bench: Bench) -> Measured:
        with bench.scratch() as directory, closing(Ours(directory)) as ours:
            return concurrent_ratio(bench, ours, size, PLAN[size])

    return measure


ROWS = [
    Row("together-1", "16 sessions at once, 1 entry an append", _ours(1), must=0.2, aim=0.12),
    Row("together-20", "16 sessions at once, 20 entries an append", _ours(20), must=0.2, aim=0.12),
]
