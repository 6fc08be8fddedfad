"""The totals of everything that was imported, against ccusage adding up the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from .bench import Bench, Measured, Row, SkippedError
from .measure import compare
from .ours import Ours, import_directory

CCUSAGE = "ccusage@17.2.0"
ROUNDS = 5
_PATIENCE = 120


def _ratio(bench: Bench) -> Measured:
    bench = bench.at_most(ROUNDS)
    with bench.scratch() as directory, bench.scratch() as home:
        command = _installed(bench.directory / "npm", home)
        environment = _surroundings(home) | {"CLAUDE_CONFIG_DIR": str(bench.workload.directory)}
        asked = [command, "daily", "--json", "--offline", "--timezone", "UTC"]
        import_directory(bench.workload.directory, directory, 1)
        with closing(Ours(directory)) as ours:

            def answer(_: int) -> Sequence[Callable[[], object]]:
                return [partial(ours.log.usage, "day", tz="UTC")]

            def add_up(_: int) -> Sequence[Callable[[], object]]:
                return [partial(_run, asked, environment)]

            ratio = compare(answer, add_up, bench.rounds)
            days = len(ours.log.usage("day", tz="UTC"))
    return Measured.of(ratio, f"{days} days; {CCUSAGE} as a process, turnlog with the log open")


def _installed(cache: Path, home: Path) -> str:
    """Where ccusage is, fetched once by npx.

    Raises:
        SkippedError: there is no Node here, or it cannot be fetched.
    """
    npx = shutil.which("npx")
    if npx is None:
        raise SkippedError(f"needs Node, whose npx fetches {CCUSAGE}; there is none here")
    environment = _surroundings(home) | {"npm_config_cache": str(cache)}
    find = [npx, "--yes", "--package", CCUSAGE, "--call", "command -v ccusage"]
    try:
        found = _run(find, environment).strip().splitlines()
    except (OSError, subprocess.SubprocessError) as problem:
        raise SkippedError(f"npx cannot fetch {CCUSAGE}: {problem}") from None
    if not found or not Path(found[-1]).exists():
        raise SkippedError(f"npx fetched {CCUSAGE}, but no command ccusage came with it")
    return found[-1]


def _surroundings(home: Path) -> dict[str, str]:
    """Nothing of whoever measures: neither his sessions nor his settings."""
    return {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "LOG_LEVEL": "0"}


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=_PATIENCE
    )
    return done.stdout


ROWS = [
    Row(
        "totals",
        "totals by day of a warm database, against ccusage reading the files",
        _ratio,
        must=0.05,
    )
]
