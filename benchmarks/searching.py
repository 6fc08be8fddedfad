"""Searching a million entries, and what the index adds to the database."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from .bench import Bench, Measured, Row
from .ours import Ours, bytes_on_disk, import_directory
from .workload import Workload

ENTRIES = 1_000_000
QUERIES = 200
SHARE = 0.2
_WORDS = "search_v1_words"


class Million:
    """The workload recorded again and again, as sessions of their own, and indexed."""

    def __init__(self, bench: Bench, entries: int = ENTRIES) -> None:
        self._held = tempfile.TemporaryDirectory(prefix="bench-", dir=bench.directory)
        self.directory = Path(self._held.name)
        self.entries = 0
        source = self.directory / "source"
        for number in count():
            if self.entries >= entries:
                break
            self.entries += bench.workload.write_copy(source, number)
            import_directory(source, self.directory, workers=None)
            shutil.rmtree(source)
        self.without = bytes_on_disk(self.directory)
        start = time.perf_counter()
        with closing(Ours(self.directory)) as ours:
            ours.log.catch_up("search")
        self.seconds = time.perf_counter() - start
        self.bytes = bytes_on_disk(self.directory)

    def common(self, share: float = SHARE, number: int = 20) -> list[str]:
        """The words that come nearest to be in such a share of the texts."""
        path = self.directory / "turnlog.db"
        with closing(sqlite3.connect(path)) as connection:
            texts = connection.execute("SELECT count(*) FROM search_v1_texts").fetchone()[0]
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, {_WORDS}, row)"
            )
            terms = connection.execute(
                "SELECT term FROM terms ORDER BY abs(doc - ?) LIMIT ?", (share * texts, number)
            )
            return [term for (term,) in terms]


_made: list[tuple[int, Million]] = []
"""The rows share it: it takes minutes to make."""


def _million(bench: Bench) -> Million:
    if not _made or _made[0][0] != id(bench.workload):
        _made[:] = [(id(bench.workload), Million(bench))]
    return _made[0][1]


def pairs(workload: Workload, number: int) -> list[str]:
    """Queries of two words that stand in one prompt, words of four letters and more."""
    prompts = [text for t in workload.transcripts for line in t.lines if (text := _prompt(line))]
    chance = random.Random(7)
    found: list[str] = []
    while len(found) < number:
        words = sorted({w for w in chance.choice(prompts).lower().split() if w.isalpha()})
        words = [word for word in words if len(word) > 3]
        if len(words) > 1:
            found.append(" ".join(chance.sample(words, 2)))
    return found


def _prompt(line: bytes) -> str:
    entry: Any = orjson.loads(line)
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    asked = entry.get("type") == "user" and not entry.get("isMeta")
    return content if asked and isinstance(content, str) else ""


def searched(directory: Path, queries: Sequence[str]) -> Measured:
    """The 95th percentile of the time a search takes, in milliseconds."""
    took: list[float] = []
    hits = 0
    with closing(Ours(directory)) as ours:
        for query in queries[:5]:
            ours.log.search(query)
        for query in queries:
            start = time.perf_counter()
            found = ours.log.search(query)
            took.append((time.perf_counter() - start) * 1e3)
            hits += bool(found.hits)
    took.sort()
    note = f"{len(took)} searches, median {took[len(took) // 2]:.0f} ms, {hits} found something"
    return Measured(took[int(len(took) * 0.95)], took[0], took[-1], len(took), note)


def _two(bench: Bench) -> Measured:
    return searched(_million(bench).directory, pairs(bench.workload, QUERIES))


def _common(bench: Bench) -> Measured:
    million = _million(bench)
    return searched(million.directory, million.common() * 5)


def _size(bench: Bench) -> Measured:
    million = _million(bench)
    share = million.bytes / million.without - 1
    added = (million.bytes - million.without) / 1e6
    note = (
        f"{added:.1f} MB on {million.without / 1e6:.0f} MB, {million.entries:,} entries; "
        f"made in {million.seconds:.0f} s"
    )
    return Measured(share, share, share, 1, note)


ROWS = [
    Row("search-two", "search 1 million entries, two words, p95", _two, must=80, unit="ms"),
    Row("search-common", "a word that a fifth of them hold, p95", _common, must=300, unit="ms"),
    Row("search-size", "what the search index adds to the database", _size, must=0.25),
]
