"""What the inline read models cost: with each append, and when they are rebuilt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from .bench import Bench, Measured, Row
from .measure import Ratio, compare
from .ours import Ours, import_directory
from .workload import Entry

APPENDS, STEP, ENTRIES = 30, 3, 50
ROUNDS = 7
_NOTES = 2
"""The sort of the blocks that hold all content but the entries."""
_EVENTS = """SELECT position, stream, version, topic, recorded_at, branch, occurred_at, identity,
    marks, turn, prompt, parent, before, place, facts FROM events ORDER BY position"""
_BLOCKS = f"SELECT codec, dictionary, data FROM blocks WHERE sort = {_NOTES}"


def _cost(bench: Bench) -> Measured:
    """The share of an append that folding takes: the same log with the read models and without."""
    with (
        bench.scratch() as first,
        bench.scratch() as second,
        closing(Ours(first)) as folding,
        closing(_without_models(second)) as plain,
    ):
        drawn: dict[str, list[list[Entry]]] = {}

        def batches(session_id: str) -> list[list[Entry]]:
            if session_id not in drawn:
                drawn.clear()
                drawn[session_id] = bench.workload.batches(session_id, ENTRIES, APPENDS)
            return drawn[session_id]

        def side(log: Any, number: int) -> Sequence[Callable[[], object]]:
            session_id = f"inline-{number}"
            key = {"project_key": "benchmarks", "session_id": session_id}
            chosen = batches(session_id)
            parts = [chosen[at : at + STEP] for at in range(0, APPENDS, STEP)]
            return [partial(_append_all, log, key, part) for part in parts]

        for place, batch in enumerate(bench.workload.batches("settling", 500, 10)):
            for log in (folding.log, plain):
                log.append({"project_key": "benchmarks", "session_id": f"s-{place}"}, batch)
        ratio = compare(partial(side, folding.log), partial(side, plain), bench.rounds)
    note = f"{APPENDS} appends a round, with the read models and without"
    return share(ratio, note)


def share(ratio: Ratio, note: str) -> Measured:
    """What the greater time has more than the smaller one, as a part of it."""
    measured = Measured.of(ratio, note)
    value, low, high = (1 - 1 / r for r in (measured.value, measured.low, measured.high))
    return Measured(value, low, high, measured.rounds, measured.note)


def _without_models(directory: Path) -> Any:
    from sqlalchemy import make_url

    from turnlog import Log
    from turnlog.adapters.storage.sqlite.store import SqliteStore
    from turnlog.projections.engine.registry import Registry

    return Log(SqliteStore(make_url(f"sqlite:///{directory / 'turnlog.db'}"), Registry(())))


def _append_all(log: Any, key: dict[str, str], batches: list[list[Entry]]) -> None:
    for batch in batches:
        log.append(key, batch)


def _rebuild(bench: Bench) -> Measured:
    """Folding the log again, against reading its rows and decoding what the fold needs of them."""
    bench = bench.at_most(ROUNDS)
    with bench.scratch() as directory:
        import_directory(bench.workload.directory, directory, 1)
        path = directory / "turnlog.db"
        with closing(Ours(directory)) as ours:
            inline = [r.name for r in ours.log.store.registry if r.lifecycle == "inline"]

            def rebuild(_: int) -> Sequence[Callable[[], object]]:
                return [partial(ours.log.rebuild, name=name) for name in inline]

            def read(_: int) -> Sequence[Callable[[], object]]:
                return [partial(read_and_decode, path) for _ in inline]

            ratio = compare(rebuild, read, bench.rounds)
            events = read_and_decode(path)
    rate = len(inline) * events / ratio.ours_seconds
    return Measured.of(ratio, f"{events:,} events, {rate:,.0f} a second; {', '.join(inline)}")


def read_and_decode(path: Path) -> int:
    """The yardstick: every row, its facts, and the content of events that are no entries."""
    from turnlog.adapters.storage.encoding.compression import Compressor
    from turnlog.adapters.storage.encoding.facts import written_out
    from turnlog.adapters.storage.encoding.frames import unpack

    events = 0
    compressor = Compressor()
    with closing(sqlite3.connect(path)) as connection:
        for row in connection.execute(_EVENTS):
            events += 1
            if row[-1] is not None:
                orjson.loads(written_out(row[-1]))
        for codec, dictionary, data in connection.execute(_BLOCKS):
            frame = unpack(compressor.decompress(codec, dictionary, data))
            for place in range(len(frame)):
                orjson.loads(frame[place])
    return events


ROWS = [
    Row(
        "inline",
        "inline read models, as a part of an append of 50",
        _cost,
        must=0.15,
        aim=0.10,
    ),
    Row(
        "rebuild",
        "rebuild of the inline read models, against reading and decoding their events",
        _rebuild,
        must=3.0,
        aim=2.0,
    ),
]
