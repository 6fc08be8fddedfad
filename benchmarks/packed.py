"""Archived sessions: what they take, and how long it takes to load one.

Counted are bodies and headers, the tables ``blocks`` and ``events`` with their indexes: what is
kept for ever. The whole file, which has the lists, the usage figures and the caches besides, is in
the note.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import copytree

from .bench import Bench, Measured, Row, SkippedError
from .load import ENTRIES, LIVE_BATCH, record_long
from .measure import compare
from .ours import Ours, bytes_on_disk, import_directory

_LOG = ("blocks", "blocks_of_stream", "events", "events_late", "sqlite_autoindex_events_1")
_PAGES = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"


def _archived(bench: Bench, directory: Path) -> None:
    """Import everything, archive every session, and give the space back."""
    import_directory(bench.workload.directory, directory, workers=1)
    with closing(Ours(directory)) as ours:
        ours.archive_everything()


def _size(bench: Bench) -> Measured:
    with bench.scratch() as directory:
        _archived(bench, directory)
        file = bytes_on_disk(directory)
        pages = _pages(directory / "turnlog.db")
        jsonl = bench.workload.jsonl_bytes
    bodies = sum(pages.get(name, 0) for name in _LOG[:2])
    headers = sum(pages.get(name, 0) for name in _LOG[2:])
    ratio = (bodies + headers) / jsonl
    note = (
        f"bodies {bodies / 1e6:.1f} MB, headers {headers / 1e6:.1f} MB, the whole file "
        f"{file / 1e6:.1f} MB ({file / jsonl:.2f}), for {jsonl / 1e6:.1f} MB of JSONL"
    )
    return Measured(ratio, ratio, ratio, 1, note)


def _pages(path: Path) -> dict[str, int]:
    """Bytes of the pages of each table and index."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            return {str(name): int(size) for name, size in connection.execute(_PAGES)}
        except sqlite3.OperationalError as problem:
            raise SkippedError(f"this SQLite cannot tell the sizes of tables: {problem}") from None


def _load(bench: Bench) -> Measured:
    """The time to load a packed session, to that of the same session as it was recorded."""
    with bench.scratch() as directory:
        home, other = directory / "loose", directory / "packed"
        home.mkdir()
        with closing(Ours(home)) as loose:
            path = directory / "long.jsonl"
            record_long(bench.workload, loose, "long", ENTRIES, LIVE_BATCH, path)
        copytree(home, other)
        with closing(Ours(home)) as loose, closing(Ours(other)) as packed:
            packed.archive_everything()
            if packed.load("long") != loose.load("long"):
                raise RuntimeError("the packed session gives other entries: nothing to measure")

            def ours(_: int) -> Sequence[Callable[[], object]]:
                return [partial(packed.load, "long")]

            def base(_: int) -> Sequence[Callable[[], object]]:
                return [partial(loose.load, "long")]

            note = f"{ENTRIES:,} entries, recorded {LIVE_BATCH} at a time"
            return Measured.of(compare(ours, base, bench.rounds), note)


ROWS = [
    Row(
        "size-packed",
        "bodies and headers of archived sessions, against the JSONL",
        _size,
        0.24,
        0.20,
    ),
    Row("load-packed", "load 20,000 entries packed, against the same unpacked", _load, 1.0, 0.9),
]
