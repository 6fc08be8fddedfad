"""An import is killed at any moment and begun again: the log is that of one clean import."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import turnlog
from tests.faults import importing
from tests.faults.processes import child
from tests.support import workload
from tests.support.contents import contents
from tests.support.transcripts import Transcript
from turnlog.adapters.claude import portions

CORPUS = os.environ.get("TURNLOG_TEST_CORPUS")


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Sessions of all sizes; a subagent, a fork, and one of which only the prompts are left."""
    directory = tmp_path / "claude"
    for n, s in enumerate(workload.sessions(6, 40, seed=11)):
        s.write(directory)
        if n == 0:
            s.fork().write(directory)
    workload.session(700, seed=5).write(directory)
    s = Transcript(seed=12)
    s.prompt("Look into it")
    call = s.answer(tools=[("Task", {"description": "Look", "prompt": "Look around"})])
    agent = s.subagent(call.tools[0])
    for n in range(30):
        agent.answer(f"{n} " * 2_000)
    s.subagent_result(agent, "Nothing")
    s.write(directory)
    gone = Transcript(seed=13)
    gone.prompt("Where has it gone?")
    gone.write(directory).unlink()
    (directory / "file-history" / s.session_id).mkdir(parents=True)
    (directory / "file-history" / s.session_id / "0123@v1").write_text("before")
    return directory


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], object]:
    """What one import that nobody disturbs makes of a directory."""

    def make(path: Path) -> object:
        monkeypatch.setattr(portions, "LARGEST", importing.LARGEST)
        with turnlog.open(f"sqlite:///{tmp_path / 'clean.db'}", synchronous="NORMAL") as log:
            log.import_claude(path, workers=1, machine="ada")
            return contents(log)

    return make


def kill_at_random(url: str, path: Path, workers: int, kills: int, seed: int) -> None:
    """Import again and again, each time killed a little after a random part is done."""
    chance = random.Random(seed)
    for _ in range(kills):
        with child(importing.import_all, url, str(path), workers) as process:
            process.hear()
            heard: object = process.hear()
            for _ in range(chance.randint(0, 12)):
                if heard != "done":
                    heard = process.hear()
            time.sleep(chance.uniform(0, 0.02))
            process.kill()
        with turnlog.open(url) as log:
            assert log.verify().holds


def finish(url: str, path: Path) -> None:
    with child(importing.import_all, url, str(path), 1) as process:
        assert process.rest()[-1] == "done"
        assert process.ended_well


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_an_import_that_was_killed_and_begun_again_is_like_one_that_was_not(
    request: pytest.FixtureRequest,
    history: Path,
    clean: Callable[[Path], object],
    database: str,
    workers: int,
) -> None:
    """A kill must never lose a line, record one twice, or leave other versions or figures."""
    url = request.getfixturevalue(f"{database}_url")
    kill_at_random(url, history, workers, kills=6, seed=workers)
    finish(url, history)
    with turnlog.open(url) as log:
        found = contents(log)
    assert found == clean(history)


@pytest.mark.skipif(not CORPUS, reason="TURNLOG_TEST_CORPUS names no folder")
def test_the_same_with_real_sessions(sqlite_url: str, clean: Callable[[Path], object]) -> None:
    """A kill must never lose a line, record one twice, or leave other versions or figures."""
    for folder in sorted(path for path in Path(CORPUS or "").iterdir() if path.is_dir()):
        if not (folder / "projects").is_dir():
            continue
        kill_at_random(sqlite_url, folder, 2, kills=10, seed=1)
        finish(sqlite_url, folder)
        with turnlog.open(sqlite_url) as log:
            found = contents(log)
        assert found == clean(folder)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_two_imports_at_once_are_like_one(
    request: pytest.FixtureRequest,
    history: Path,
    clean: Callable[[Path], object],
    database: str,
) -> None:
    """Two imports of the same files at the same time must never record a line twice."""
    url = request.getfixturevalue(f"{database}_url")
    one = child(importing.import_all, url, str(history), 1)
    other = child(importing.import_all, url, str(history), 1)
    with one as first, other as second:
        assert first.rest()[-1] == second.rest()[-1] == "done"
    with turnlog.open(url) as log:
        found = contents(log)
    assert found == clean(history)


def test_nothing_stays_behind_of_an_import_that_was_killed(sqlite_url: str, history: Path) -> None:
    """The processes that read for it must never live on."""
    with child(importing.import_all, sqlite_url, str(history), 3) as process:
        for _ in range(3):
            process.hear()
        mine = children_of(process._process.pid or 0)
        process.kill()
    assert mine
    patience = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in mine):
        assert time.monotonic() < patience
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("this system has no /proc")
    return [int(n) for task in tasks.iterdir() for n in (task / "children").read_text().split()]
