"""Following a configuration directory as it grows."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import turnlog
from tests.support.config_dir import encode_line
from tests.support.transcripts import Transcript
from turnlog.adapters.claude.directory import PathNotFound
from turnlog.adapters.claude.watch import Changes, until_signalled
from turnlog.domain.keys import SessionKey
from turnlog.importing.run import watch
from turnlog.importing.summary import ImportSummary

SLUG = "-home-ada-shop"
PATIENCE = 60.0


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    return tmp_path / "claude"


@pytest.fixture
def log(sqlite_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(sqlite_url, synchronous="NORMAL") as log:
        yield log


class Watching:
    """A watch in a thread of its own."""

    def __init__(self, log: turnlog.Log, path: Path) -> None:
        self._log = log
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self.told: list[ImportSummary] = []
        self.total: ImportSummary | None = None
        self._thread = threading.Thread(target=self._watch, args=(path,))
        self._thread.start()

    def _watch(self, path: Path) -> None:
        self.total = watch(
            self._log, path, self._stop.is_set, self._tell, every=0.01, machine="ada"
        )

    def _tell(self, summary: ImportSummary) -> None:
        with self._changed:
            self.told.append(summary)
            self._changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; asked again whenever something was found."""
        with self._changed:
            assert self._changed.wait_for(holds, PATIENCE)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@contextmanager
def watching(log: turnlog.Log, path: Path) -> Iterator[Watching]:
    """A watch that has looked once."""
    found = Watching(log, path)
    try:
        found.until(lambda: len(found.told) > 0)
        yield found
    finally:
        found.stop()


def session(seed: int = 1, count: int = 3) -> Transcript:
    s = Transcript(seed=seed)
    for n in range(count):
        s.prompt(f"Question {n}")
        s.answer(f"Answer {n}")
    return s


def loads(log: turnlog.Log, s: Transcript) -> Callable[[], bool]:
    return lambda: log.load(SessionKey(SLUG, s.session_id)) == s.entries


def test_lines_are_recorded_as_they_are_written(log: turnlog.Log, claude: Path) -> None:
    """A line that is written while the watch runs must never wait for the next import."""
    s = session()
    path = s.write(claude)
    with watching(log, claude) as found:
        assert loads(log, s)()
        for n in range(5):
            s.prompt(f"More {n}")
            s.answer(f"Answer to more {n}")
            with path.open("ab") as file:
                for entry in s.entries[-2:]:
                    line = encode_line(entry)
                    for piece in (line[:30], line[30:]):
                        file.write(piece)
                        file.flush()
            found.until(loads(log, s))
    assert found.total is not None
    assert found.total.recorded == len(s.entries)
    assert found.total.corrupt == 0
    assert sum(told.recorded for told in found.told) == len(s.entries)


def test_new_projects_sessions_subagents_and_files_are_found(
    log: turnlog.Log, claude: Path
) -> None:
    session().write(claude)
    with watching(log, claude) as found:
        other = Transcript(seed=2, cwd="/home/ada/atlas")
        other.prompt("Elsewhere")
        call = other.answer(tools=[("Task", {"prompt": "Look around"})])
        agent = other.subagent(call.tools[0])
        other.write(claude)
        key = SessionKey("-home-ada-atlas", other.session_id)
        found.until(lambda: log.load(key) == other.entries)
        sub = key._replace(subpath=f"subagents/agent-{agent.agent_id}")
        found.until(lambda: log.load(sub) is not None)
        backup = claude / "file-history" / other.session_id / "0123@v1"
        backup.parent.mkdir(parents=True)
        backup.write_text("before")
        found.until(lambda: any(told.kept_files for told in found.told))


def test_a_file_that_is_replaced_or_cut_is_read_anew(log: turnlog.Log, claude: Path) -> None:
    s = session()
    path = s.write(claude)
    with watching(log, claude) as found:
        longer = session(count=4)
        new = path.with_name("new")
        new.write_bytes(b"".join(map(encode_line, longer.entries)))
        new.replace(path)
        found.until(loads(log, longer))
        os.truncate(path, len(encode_line(s.entries[0])))
        with path.open("ab") as file:
            longer.prompt("After the cut")
            file.write(encode_line(longer.entries[-1]))
        key = SessionKey(SLUG, s.session_id)
        found.until(lambda: longer.entries[-1] in (log.load(key) or []))
        assert len(log.load(key) or []) == len(longer.entries)


def test_a_directory_that_is_away_for_a_while_is_waited_for(
    log: turnlog.Log, claude: Path, tmp_path: Path
) -> None:
    s = session()
    s.write(claude)
    with watching(log, claude) as found:
        shutil.move(claude, tmp_path / "away")
        other = session(2)
        other.write(tmp_path / "away")
        shutil.move(tmp_path / "away", claude)
        found.until(loads(log, other))


def test_a_quiet_directory_tells_nothing(log: turnlog.Log, claude: Path) -> None:
    s = session()
    path = s.write(claude)
    with watching(log, claude) as found:
        os.utime(path, (1, 1))
        other = session(2)
        other.write(claude)
        found.until(loads(log, other))
    assert [told.recorded for told in found.told] == [len(s.entries), len(other.entries)]


def test_there_must_be_something_to_watch(log: turnlog.Log, tmp_path: Path) -> None:
    with pytest.raises(PathNotFound):
        watch(log, tmp_path / "nowhere", lambda: True)


def test_a_watch_that_is_stopped_at_once_has_looked_once(log: turnlog.Log, claude: Path) -> None:
    s = session()
    s.write(claude)
    assert watch(log, claude, lambda: True).recorded == len(s.entries)


def test_changes_are_told_once(claude: Path) -> None:
    s = session()
    path = s.write(claude)
    changes = Changes(claude)
    assert {found.path.name for found in changes.first()} == {path.name, "history.jsonl"}
    assert changes.next() == []
    os.utime(path, (1, 1))
    assert [found.path for found in changes.next()] == [path]
    assert changes.next() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_watch(number: signal.Signals) -> None:
    """A service that is stopped must never be killed in the middle of its work."""
    before = signal.getsignal(number)
    with until_signalled() as stopped:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()
        assert signal.getsignal(number) == before, "a second one ends what hangs"
    assert signal.getsignal(number) == before
