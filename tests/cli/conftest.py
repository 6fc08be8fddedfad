"""The command line, run in this process on a log of its own."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import turnlog
from docs.demo.make_history import HISTORY
from turnlog.adapters.cli import run


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document it wrote."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The lines of JSON it wrote."""
        return [json.loads(line) for line in self.out.splitlines()]


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hundred columns, in UTC, and somebody who is logged in."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TURNLOG_ACTOR", "ada")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the command line keeps its log: no file yet."""
    return tmp_path / "log.db"


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's history, imported once."""
    path = tmp_path_factory.mktemp("imported") / "log.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        log.import_claude(HISTORY, workers=1, machine="ada")
    return path


@pytest.fixture
def history(imported: Path, database: Path) -> Path:
    """A log that holds the demo's history."""
    shutil.copy(imported, database)
    return database


@pytest.fixture
def cli(database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line; what it wrote so far is forgotten."""
    monkeypatch.setenv("TURNLOG_DATABASE_URL", str(database))

    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return call
