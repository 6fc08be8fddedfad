"""Loading a session of 20,000 entries, against reading the same JSONL with orjson."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import orjson

from .bench import Bench, Measured, Row
from .measure import compare
from .ours import Ours
from .workload import Entry, Workload, encoded

ENTRIES = 20_000
LIVE_BATCH = 20


class Loads(Protocol):
    """What this row needs of a store."""

    def append(self, session_id: str, entries: list[Entry]) -> None: ...

    def load(self, session_id: str) -> list[Entry]: ...


def record_long(
    workload: Workload, store: Loads, session_id: str, entries: int, batch: int, path: Path
) -> None:
    """Append a session in batches as the mirror does, and write the same lines to `path`."""
    stream = islice(workload.stream(session_id), entries)
    with path.open("wb") as lines:
        while group := list(islice(stream, batch)):
            lines.writelines(encoded(entry) + b"\n" for entry in group)
            store.append(session_id, group)


def read_jsonl(path: Path) -> list[Entry]:
    """The yardstick: every line through orjson."""
    with path.open("rb") as lines:
        return [orjson.loads(line) for line in lines]


def load_ratio(
    bench: Bench, store: Loads, entries: int = ENTRIES, batch: int = LIVE_BATCH
) -> Measured:
    """The time to load a session, to that of reading its JSONL file.

    Raises:
        RuntimeError: what was loaded is not what was recorded.
    """
    with bench.scratch() as directory:
        path = directory / "long.jsonl"
        record_long(bench.workload, store, "long", entries, batch, path)
        if store.load("long") != read_jsonl(path):
            raise RuntimeError("load gave other entries than were appended: nothing to measure")

        def ours(_: int) -> Sequence[Callable[[], object]]:
            return [partial(store.load, "long")]

        def theirs(_: int) -> Sequence[Callable[[], object]]:
            return [partial(read_jsonl, path)]

        size = path.stat().st_size / 1e6
        note = f"{entries:,} entries, {size:.0f} MB, recorded {batch} at a time"
        return Measured.of(compare(ours, theirs, bench.rounds), note)


def _ours(bench: Bench) -> Measured:
    with bench.scratch() as directory, closing(Ours(directory)) as ours:
        return load_ratio(bench, ours)


ROWS = [Row("load", "load 20,000 entries", _ours, must=1.4, aim=1.1)]
