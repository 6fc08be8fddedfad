"""The real command line as a process, and a log that holds the demo's history."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import turnlog
from docs.demo.make_history import HISTORY

TURNLOG = [sys.executable, "-c", "from turnlog.adapters.cli import main; main()"]
Process = subprocess.CompletedProcess[str]


@pytest.fixture
def process() -> Callable[..., Process]:
    """Run a command line; whatever happens, there must be no traceback."""

    def run(*arguments: object, prefix: tuple[str, ...] = (), **environment: str) -> Process:
        done = subprocess.run(
            [*prefix, *TURNLOG, *map(str, arguments)],
            env={**os.environ, "COLUMNS": "100", "TZ": "UTC", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1, 2), done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a log that holds the demo's history."""
    path = tmp_path_factory.mktemp("whole") / "log.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        log.import_claude(HISTORY, workers=1, machine="ada")
    return path.read_bytes()


@pytest.fixture
def history(whole: bytes, tmp_path: Path) -> Path:
    """A copy of that log."""
    path = tmp_path / "history.db"
    path.write_bytes(whole)
    return path


def execute(path: Path, *statements: str) -> None:
    """Do something to a database behind turnlog's back."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
