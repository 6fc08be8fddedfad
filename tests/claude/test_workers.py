"""Several processes read, one records: none is needed, none is missed, none stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.support import workload
from tests.support.contents import contents
from turnlog.adapters.claude import workers
from turnlog.importing.summary import Progress

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    """Six sessions."""
    for s in workload.sessions(6, 60, seed=3):
        s.write(tmp_path / "claude", history=False)
    return tmp_path / "claude"


@pytest.fixture
def log(sqlite_url: str) -> Any:
    with turnlog.open(sqlite_url, synchronous="NORMAL") as log:
        yield log


# The test run itself has threads, so forks are tried in processes that have none.
def in_a_process(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


IMPORT = """
import os, signal, sys, turnlog
from turnlog.adapters.claude import importer, workers
{before}
with turnlog.open(sys.argv[1]) as log:
    try:
        summary = log.import_claude(sys.argv[2], workers=3, machine="ada")
    except turnlog.domain.errors.TurnlogError as problem:
        print(type(problem).__name__, problem)
    else:
        print(summary.recorded)
"""

DIE = """
prepare = workers.prepare_task
def die(number, task, codec):
    if task.path.name.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return prepare(number, task, codec)
workers.prepare_task = die
"""


def test_one_process_starts_no_other(
    log: turnlog.Log, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that asks for one process must never find others."""

    def refuse() -> None:
        raise AssertionError("a process was about to be started")

    monkeypatch.setattr(workers, "_context", refuse)
    assert log.import_claude(claude, workers=1).recorded == 360


def test_a_copy_of_this_process_reads(sqlite_url: str, claude: Path) -> None:
    done = in_a_process(IMPORT.format(before=""), sqlite_url, claude)
    assert (done.stdout, done.stderr) == ("360\n", "")


def test_a_process_that_dies_is_named_with_its_file(
    sqlite_url: str, claude: Path, tmp_path: Path
) -> None:
    """An import must never wait for ever for a process that is gone, or pass it over."""
    victim = sorted((claude / "projects").rglob("*.jsonl"))[3]
    done = in_a_process(IMPORT.format(before=DIE), sqlite_url, claude, victim.name)
    assert done.stderr == ""
    assert done.stdout.startswith("WorkerDied the process turnlog-import-")
    assert f"was ended by SIGKILL while it read {victim}" in done.stdout
    with turnlog.open(sqlite_url) as log, turnlog.open(f"sqlite:///{tmp_path}/b.db") as other:
        assert log.verify().holds
        log.import_claude(claude, workers=1, machine="ada")
        other.import_claude(claude, workers=1, machine="ada")
        assert contents(log) == contents(other)


@pytest.mark.parametrize("number", [1, 2])
def test_ctrl_c_leaves_a_log_that_an_import_completes(
    log: turnlog.Log, claude: Path, tmp_path: Path, number: int
) -> None:
    """An import that is interrupted must never leave half a session that stays so."""

    def interrupt(told: Progress) -> None:
        if told.files == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        log.import_claude(claude, workers=number, machine="ada", progress=interrupt)
    assert multiprocessing.active_children() == []
    assert log.verify().holds
    log.import_claude(claude, workers=number, machine="ada")
    with turnlog.open(f"sqlite:///{tmp_path}/other.db") as other:
        other.import_claude(claude, workers=1, machine="ada")
        assert contents(log) == contents(other)


def test_ctrl_c_reaches_every_process_and_only_the_first_one_minds(
    sqlite_url: str, claude: Path
) -> None:
    """Ctrl-C must never print the traceback of a process that reads."""
    code = IMPORT.format(before="").replace("workers=3", "workers=3, progress=wait")
    waiting = """
def wait(told):
    if told.files == 1:
        print("one", flush=True)
        signal.pause()
"""
    command = [sys.executable, "-c", waiting + code, sqlite_url, str(claude)]
    command[2] = code.replace("with turnlog.open", waiting + "with turnlog.open", 1)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "one\n"
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")


THREADED = """
import sys, threading
if __name__ == "__main__":
    import turnlog
    waiting = threading.Event()
    threading.Thread(target=waiting.wait).start()
    try:
        with turnlog.open(sys.argv[1]) as log:
            print(log.import_claude(sys.argv[2], workers=2, machine="ada").recorded)
    finally:
        waiting.set()
"""


def test_a_program_with_threads_imports_with_several_processes(
    tmp_path: Path, claude: Path
) -> None:
    """The processes that such a program starts must never miss the lock they share."""
    program = tmp_path / "program.py"
    program.write_text(THREADED)
    url = f"sqlite:///{tmp_path / 'threaded.db'}"
    done = subprocess.run(
        [sys.executable, program, url, claude],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


def test_as_many_processes_as_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_cores", lambda: 8)
    monkeypatch.setattr(workers, "_context", lambda: FORK)
    megabyte = 1 << 20
    assert workers.how_many(None, megabyte, 100) == 1
    assert workers.how_many(None, 5 * megabyte, 100) == 2
    assert workers.how_many(None, 9_000 * megabyte, 100) == 1 + workers.MOST_HELPERS
    assert workers.how_many(None, 9_000 * megabyte, 1) == 1
    assert workers.how_many(None, 0, 0) == 1
    assert workers.how_many(5, 1, 100) == 5
    assert workers.how_many(5, 1, 2) == 2
    assert workers.how_many(0, 1, 2) == 1
    monkeypatch.setattr(workers, "_context", lambda: multiprocessing.get_context("spawn"))
    assert workers.how_many(None, 50 * megabyte, 100) == 1
    monkeypatch.setattr(workers, "_cores", lambda: 1)
    assert workers.how_many(None, 9_000 * megabyte, 100) == 1
