"""`python -m benchmarks`: measure each row of the table, print it, keep it, render the page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from . import report
from .bench import Bench, Row, SkippedError
from .measure import Disk, probe_disk
from .report import ROOT, Outcome
from .workload import Workload, read_directory, synthetic


def main() -> int:
    arguments = _arguments()
    console = Console()
    directory = arguments.dir or ROOT / "benchmarks" / "scratch"
    directory.mkdir(parents=True, exist_ok=True)
    disk = probe_disk(directory)
    if disk.warning:
        console.print(f"[yellow]{disk.warning}[/]")
    workload = _workload(arguments.corpus, directory, console)
    bench = Bench(directory, arguments.rounds, workload)
    if arguments.peers:
        return _measure_peers(bench, disk, arguments.only, console)
    return _measure_ours(bench, disk, arguments.only, console)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="measure only this row")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a row (default 15)")
    parser.add_argument(
        "--corpus", type=Path, help="a configuration directory, or a folder that holds claude/"
    )
    parser.add_argument("--dir", type=Path, help="where databases lie: a disk that really syncs")
    parser.add_argument("--peers", action="store_true", help="measure the peers instead of turnlog")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: at least one round is needed")
    return arguments


def _workload(asked: Path | None, directory: Path, console: Console) -> Workload:
    named = asked or os.environ.get("TURNLOG_CORPUS")
    corpus = Path(named) if named else ROOT.parent / "shared" / "corpus"
    if (corpus / "claude").is_dir():
        corpus /= "claude"
    if (corpus / "projects").is_dir():
        return read_directory(corpus, "corpus")
    if named:
        raise SystemExit(f"no corpus in {corpus}: it needs projects/ or claude/projects/")
    console.print("[yellow]no corpus (--corpus, TURNLOG_CORPUS): the workload is synthetic[/]")
    return synthetic(directory)


def _measure_ours(bench: Bench, disk: Disk, only: list[str] | None, console: Console) -> int:
    from . import (
        append,
        catching_up,
        concurrent,
        importing,
        listing,
        load,
        long_append,
        packed,
        read_models,
        searching,
        size,
        spending,
        time_travel,
        totals,
    )

    modules = (append, concurrent, load, listing, time_travel, long_append, size, importing)
    modules += (packed, read_models, catching_up, searching, spending, totals)
    rows = [row for module in modules for row in module.ROWS]
    outcomes: list[Outcome] = []
    for row in _chosen(rows, only):
        with console.status(f"{row.name}: {row.work}"):
            outcomes.append(_measure(row, bench))
    report.print_outcomes(console, outcomes)
    records = [outcome.record() for outcome in outcomes]
    if only:
        records = report.merged("latest", "rows", records)
    path = report.save(
        "latest", {"environment": report.environment(disk, bench.workload), "rows": records}
    )
    console.print(f"written: {path}, {report.PAGE}")
    return 0


def _chosen(rows: list[Row], only: list[str] | None) -> list[Row]:
    known = {row.name for row in rows}
    if unknown := set(only or ()) - known:
        names = ", ".join(row.name for row in rows)
        raise SystemExit(f"no row called {', '.join(sorted(unknown))}; the rows are: {names}")
    return [row for row in rows if not only or row.name in only]


def _measure(row: Row, bench: Bench) -> Outcome:
    try:
        return Outcome(row, row.measure(bench))
    except SkippedError as reason:
        return Outcome(row, None, str(reason))


def _measure_peers(bench: Bench, disk: Disk, only: list[str] | None, console: Console) -> int:
    from .peers import measure_peers

    peers = measure_peers(bench, only, console)
    record = {"environment": report.environment(disk, bench.workload), **peers}
    console.print(f"written: {report.save('peers', record)}, {report.PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
