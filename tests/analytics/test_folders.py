"""The folder of an export: all of it is there, or nothing of it; brought up to date; kept apart."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.analytics.conftest import CHILD, KEY, read
from tests.support.transcripts import Transcript
from turnlog import Log, Refused, StorageError
from turnlog.analytics import folders, formats, manifest


def say(log: Log, n: int = 0) -> None:
    s = Transcript(seed=n, start=f"2026-01-0{n + 1}T10:00:00.000Z")
    s.prompt("Hello?")
    s.answer("Hello.")
    log.append(KEY._replace(session_id=s.session_id), s.entries)


def shown(folder: Path) -> list[str]:
    """Every file one sees, those with hidden names too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def account(folder: Path) -> Any:
    return json.loads((folder / "_manifest.json").read_text())


def test_the_account_says_what_is_there(log: Log, tmp_path: Path) -> None:
    say(log)
    done = log.export(tmp_path / "out", "events", "csv", project="shop", since="2026-01-01")
    told = account(done.folder)
    assert (told["what"], told["format"], told["project"]) == ("events", "csv", "shop")
    assert (told["position"], told["rows"]) == (done.position, done.rows)
    assert sorted([*told["files"], "_manifest.json"]) == shown(done.folder)
    assert sum(told["files"].values()) == done.rows
    assert (told["arriving"], told["leaving"]) == ([], [])


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_events_that_came_since_are_added(log: Log, tmp_path: Path, format: str) -> None:
    """An update must never add an event twice, nor pass one by."""
    folder = tmp_path / "out"
    for n in range(4):
        say(log, n % 3)
        done = log.export(folder, "events", format, update=True)
        rows = read(folder, "events", format)
        assert [row["position"] for row in rows] == list(range(1, done.position + 1))
        assert done.all_rows == len(rows)
    again = log.export(folder, "events", format, update=True)
    assert (again.rows, again.files, again.all_rows) == (0, 0, len(rows))


def test_usage_is_written_anew(log: Log, tmp_path: Path) -> None:
    """What changed about a response must never stand beside what it was."""
    folder = tmp_path / "out"
    s = Transcript(KEY.session_id)
    for n in range(3):
        s.prompt(f"{n}?")
        s.answer(f"{n}.")
    log.append(KEY, s.entries)
    log.export(folder, "usage", "jsonl")
    log.rewind(KEY, "prompt:1")
    done = log.export(folder, "usage", "jsonl", update=True)
    assert sum(row["live"] for row in read(folder, "usage", "jsonl")) == 1
    assert (done.rows, done.all_rows) == (3, 3)
    assert len(shown(folder)) == 2


def test_another_export_is_not_mixed_in(log: Log, tmp_path: Path) -> None:
    """Rows asked for otherwise must never come into one folder."""
    say(log)
    folder = tmp_path / "out"
    log.export(folder, "events", "jsonl")
    before = shown(folder)
    with pytest.raises(Refused, match="--update"):
        log.export(folder, "events", "jsonl")
    for asked in (
        {"what": "usage"},
        {"format": "csv"},
        {"content": "all"},
        {"project": "shop"},
        {"since": "2026-01-01"},
    ):
        with pytest.raises(Refused, match="otherwise"):
            log.export(folder, **{"what": "events", "format": "jsonl", "update": True, **asked})  # type: ignore[arg-type]
    assert shown(folder) == before


@pytest.mark.parametrize("update", [False, True])
def test_a_folder_of_other_files_is_left_alone(log: Log, tmp_path: Path, update: bool) -> None:
    say(log)
    (tmp_path / "day=mine").mkdir()
    (tmp_path / "day=mine" / "notes.txt").write_text("mine")
    with pytest.raises(Refused, match="other files"):
        log.export(tmp_path, "events", "jsonl", update=update)
    assert shown(tmp_path) == ["day=mine/notes.txt"]


def test_a_file_is_no_folder(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(Refused, match="is a file"):
        log.export(path, "events", "jsonl")
    with pytest.raises(StorageError, match="file"):
        log.export(path / "below", "events", "jsonl")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("place", ["files", "arriving", "leaving"])
@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/etc/passwd",
        "day=2026-01-01/../../outside.txt",
        "day=2026-01-01/notes.txt",
        "_manifest.json",
        "",
        7,
    ],
)
def test_an_account_that_names_other_files_is_refused(
    log: Log, tmp_path: Path, place: str, name: Any
) -> None:
    """What lies in a folder must never make an update touch files that are not its own."""
    say(log)
    folder = tmp_path / "out"
    log.export(folder, "events", "jsonl")
    told = account(folder)
    told[place] = {**told["files"], str(name): 1} if place == "files" else [name]
    (folder / "_manifest.json").write_text(json.dumps(told))
    (tmp_path / "outside.txt").write_text("mine")
    before = shown(tmp_path)
    with pytest.raises(Refused, match="no account of an export"):
        log.export(folder, "events", "jsonl", update=True)
    assert shown(tmp_path) == before


def test_the_events_of_two_logs_are_not_mixed(log: Log, tmp_path: Path) -> None:
    """A folder must never go on with another log, nor with this one restored from a copy."""
    say(log)
    folder = tmp_path / "out"
    log.export(folder, "events", "jsonl")
    before = shown(folder), account(folder)
    for sessions in (0, 1, 3):
        with turnlog.open("sqlite://") as other:
            for n in range(sessions):
                say(other, n)
            with pytest.raises(Refused, match="another log"):
                other.export(folder, "events", "jsonl", update=True)
    assert (shown(folder), account(folder)) == before
    say(log, 1)
    assert log.export(folder, "events", "jsonl", update=True).rows


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"what": 1}', "\x00"])
def test_an_account_that_is_none_is_told(log: Log, tmp_path: Path, text: str) -> None:
    (tmp_path / "_manifest.json").write_text(text)
    with pytest.raises(Refused, match="no account of an export"):
        log.export(tmp_path, "events", "jsonl", update=True)


def test_a_folder_that_cannot_be_written_is_told(log: Log, tmp_path: Path) -> None:
    """Where nothing can be written, nothing must be half-written."""
    say(log)
    command = (
        "import os, sys, turnlog; from tests.analytics.test_folders import say\n"
        "log = turnlog.open('sqlite://'); say(log)\n"
        "log.export(sys.argv[2], 'events', 'jsonl', update=True)\n"
        "os.setuid(65534) if os.getuid() == 0 else None\n"
        "try: log.export(sys.argv[1], 'events', 'jsonl')\n"
        "except turnlog.StorageError as problem: print(problem)"
    )
    (tmp_path / "closed").mkdir(mode=0o555)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    for path in (tmp_path / "closed", tmp_path / "closed" / "below"):
        ran = subprocess.run(
            [sys.executable, "-c", command, str(path), str(tmp_path / f"open-{path.name}")],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert "Permission denied" in ran.stdout, ran.stderr
    assert list((tmp_path / "closed").iterdir()) == []


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("room", [0, 1, 2])
def test_a_full_disk_leaves_what_was_there(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, room: int
) -> None:
    """An export that fails must never leave a file under its name, nor rows that count."""
    say(log, 0)
    folder = tmp_path / "out"
    log.export(folder, "events", format)
    before = shown(folder), account(folder), read(folder, "events", format)
    for n in (1, 2, 0):
        say(log, n)
    left = room
    real = os.fsync

    def fsync(handle: int) -> None:
        nonlocal left
        if left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left -= 1
        real(handle)

    with monkeypatch.context() as full:
        full.setattr(formats.os, "fsync", fsync)
        with pytest.raises(StorageError, match="No space left on device"):
            log.export(folder, "events", format, update=True)
    assert (shown(folder), account(folder), read(folder, "events", format)) == before
    done = log.export(folder, "events", format, update=True)
    rows = read(folder, "events", format)
    assert [row["position"] for row in rows] == list(range(1, done.position + 1))


def test_a_new_folder_is_gone_when_its_export_fails(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(log)

    def fail(*given: Any) -> Any:
        raise OSError(errno.EIO, "the disk failed")

    monkeypatch.setitem(formats.FORMATS, "jsonl", fail)
    with pytest.raises(StorageError, match="the disk failed"):
        log.export(tmp_path / "out", "events", "jsonl")
    assert list(tmp_path.iterdir()) == []


class Killed(BaseException):
    """What a kill is to the code that it ends."""


def test_an_export_killed_anywhere_is_completed_by_the_next(log: Log, tmp_path: Path) -> None:
    """Killed between any two of its steps, the next update must end as if nothing had been."""
    say(log, 0)
    first = tmp_path / "first"
    log.export(first, "events", "jsonl")
    for n in (1, 2):
        say(log, n)
    killed = step = 0
    while True:
        folder = tmp_path / f"copy-{step}"
        _copy(first, folder)
        steps = iter(range(step))
        with pytest.MonkeyPatch.context() as patch:
            _kill_after(patch, steps)
            try:
                log.export(folder, "events", "jsonl", update=True)
            except Killed:
                killed += 1
            else:
                break
        (folder / "day=2026-01-09").mkdir()
        (folder / "day=2026-01-09" / f"{manifest.HIDDEN}left").write_text("half a row")
        done = log.export(folder, "events", "jsonl", update=True)
        rows = read(folder, "events", "jsonl")
        assert [row["position"] for row in rows] == list(range(1, done.position + 1)), step
        assert sorted([*account(folder)["files"], "_manifest.json"]) == shown(folder)
        step += 1
    assert killed > 5


def _copy(source: Path, target: Path) -> None:
    for name in shown(source):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes((source / name).read_bytes())


def _kill_after(patch: pytest.MonkeyPatch, steps: Any) -> None:
    """Everything that changes the folder counts; after so many of it, nothing happens any more."""

    def counted(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if next(steps, None) is None:
                raise Killed
            return real(*given, **named)

        return call

    for name in ("replace", "unlink", "rmdir"):
        patch.setattr(Path, name, counted(getattr(Path, name)))
    patch.setattr(formats.os, "fsync", counted(os.fsync))

    def end(folder: Any) -> None:
        for writer in folder.days._writers.values():
            writer._file.close()

    patch.setattr(folders.Folder, "_undo", end)
    # All that is left of a lock is its file.
    patch.setattr(folders.Folder, "_release", lambda folder: os.close(folder._lock))


def test_two_exports_into_one_folder_wait_for_one_another(log: Log, tmp_path: Path) -> None:
    """Two at once must never both count."""
    pytest.importorskip("fcntl")
    say(log)
    folder = tmp_path / "out"
    log.export(folder, "events", "jsonl")
    say(log, 1)

    def meanwhile(rows: int) -> None:
        raise AssertionError("the other one began")

    there = manifest.read_manifest(folder)
    assert there is not None
    with (
        folders.Folder(folder, there, True),
        pytest.raises(Refused, match="another export is writing"),
    ):
        log.export(folder, "events", "jsonl", update=True, progress=meanwhile)
    assert log.export(folder, "events", "jsonl", update=True).rows


def test_what_is_appended_meanwhile_comes_with_the_next(log: Log, tmp_path: Path) -> None:
    """An export must never hold an append up, nor count what came after it began."""
    for n in range(3):
        say(log, n)
    real = formats.FORMATS["jsonl"]

    def opened(*given: Any) -> Any:
        say(log, 4)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(formats.FORMATS, "jsonl", opened)
        done = log.export(tmp_path / "out", "events", "jsonl")
    assert [row["position"] for row in read(done.folder, "events", "jsonl")] == list(
        range(1, done.position + 1)
    )
    log.fork(KEY._replace(session_id=log.sessions()[0].session_id), into=CHILD)
    done = log.export(tmp_path / "out", "events", "jsonl", update=True)
    rows = read(done.folder, "events", "jsonl")
    assert [row["position"] for row in rows] == list(range(1, done.position + 1))
