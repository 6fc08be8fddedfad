"""Importing a configuration directory, against reading every line and compressing every file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import orjson
import zstandard

from .bench import Bench, Measured, Row, SkippedError
from .measure import Side, compare
from .memory import peak_of_tree
from .ours import import_directory, start_import

ROUNDS = 7
LONG_LINE = 8 << 20


def read_and_compress(source: Path) -> int:
    """The yardstick: `orjson.loads` of every line, zstd level 3 of whole files; bytes made."""
    compressor = zstandard.ZstdCompressor(level=3)
    made = 0
    for path in _files(source):
        content = path.read_bytes()
        for line in content.split(b"\n"):
            if line:
                _parse(line)
        made += len(compressor.compress(content))
    return made


def _parse(line: bytes) -> None:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        # A torn line costs the yardstick its one attempt; the importer has to recover it.
        return


def _files(source: Path) -> list[Path]:
    return sorted((source / "projects").rglob("*.jsonl"))


def _yardstick(source: Path) -> Side:
    return lambda _: [partial(read_and_compress, source)]


def _import(bench: Bench, directory: Path, workers: int) -> Side:
    def side(number: int) -> Sequence[Callable[[], object]]:
        target = directory / f"{workers}-{number}"
        target.mkdir()
        return [partial(import_directory, bench.workload.directory, target, workers)]

    return side


def _one_process(bench: Bench) -> Measured:
    bench = bench.at_most(ROUNDS)
    with bench.scratch() as directory:
        base = _yardstick(bench.workload.directory)
        return Measured.of(compare(_import(bench, directory, 1), base, bench.rounds))


def _all_cores(bench: Bench) -> Measured:
    bench = bench.at_most(ROUNDS)
    with bench.scratch() as directory:
        base = _yardstick(bench.workload.directory)
        ours = _import(bench, directory, _cores())
        return Measured.of(compare(ours, base, bench.rounds), f"{_cores()} cores")


def _against_one(bench: Bench) -> Measured:
    bench = bench.at_most(ROUNDS)
    with bench.scratch() as directory:
        ours, base = _import(bench, directory, _cores()), _import(bench, directory, 1)
        return Measured.of(compare(ours, base, bench.rounds), f"{_cores()} cores")


def _cores() -> int:
    cores = os.cpu_count() or 1
    if cores < 2:
        raise SkippedError("this machine has one core")
    return cores


def _memory(bench: Bench) -> Measured:
    source = bench.workload.directory
    longest = max(
        (len(line) for path in _files(source) for line in path.open("rb")),
        default=0,
    )
    if longest > LONG_LINE:
        raise SkippedError(f"the workload has a line of {longest / 1e6:.0f} MB: memory lies apart")
    peaks: list[float] = []
    with bench.scratch() as directory:
        for number in range(min(bench.rounds, 3)):
            target = directory / str(number)
            target.mkdir()
            peaks.append(peak_of_tree(start_import(source, target)) / 1e6)
    note = f"all processes together (PSS), longest line {longest / 1e6:.1f} MB"
    return Measured(sorted(peaks)[len(peaks) // 2], min(peaks), max(peaks), len(peaks), note)


ROWS = [
    Row("import", "import in one process, against orjson and zstd", _one_process, 4.5, 3.0),
    Row("import-cores", "import with all cores, against one process", _against_one, must=1.0),
    Row("import-cores-base", "import with all cores, against orjson and zstd", _all_cores, aim=2.0),
    Row("memory", "peak memory of an import with all cores", _memory, 300, 200, unit="MB"),
]
