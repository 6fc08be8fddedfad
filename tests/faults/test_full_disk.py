"""The disk is full: the append says so and leaves nothing behind; with room it goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.faults import children
from tests.faults.oracles import assert_whole, conversation, joined
from tests.faults.processes import ROOT, child
from turnlog.domain.errors import StorageError
from turnlog.domain.keys import SessionKey

KEY = SessionKey("shop", "full")
TINY_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


@contextmanager
def room_for(log: turnlog.Log, pages: int) -> Iterator[None]:
    """SQLite finds room for so many pages and no more, as on a disk that is nearly full."""
    cursor = children.sqlite_connection(log).cursor()
    there = cursor.execute("PRAGMA page_count").fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count = {there + pages}")
    try:
        yield
    finally:
        cursor.execute("PRAGMA max_page_count = 1073741823")


def refusal(log: turnlog.Log, key: SessionKey, batch: Any) -> str | None:
    """What an append is answered that the log cannot take; None where it could."""
    try:
        log.append(key, batch)
    except StorageError as problem:
        return str(problem)
    return None


def fill(log: turnlog.Log, batches: list[Any]) -> int:
    """Append until there is no room; gives how many batches fitted."""
    for number, batch in enumerate(batches):
        before = log.load(KEY)
        told = refusal(log, KEY, batch)
        if told is not None:
            assert "full" in told
            assert "make room" in told
            assert log.load(KEY) == before
            return number
    raise AssertionError("there was room for all")


def test_an_append_to_a_full_disk_says_so_and_leaves_nothing_behind(sqlite_url: str) -> None:
    """A full disk must never leave an append half-written, nor the log unusable after it."""
    batches = conversation(40)
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, batches[0])
        with room_for(log, 0):
            there = 1 + fill(log, batches[1:])
            with pytest.raises(StorageError, match="full"):
                log.append(KEY, batches[there])
        log.append(KEY, batches[there])
        assert log.load(KEY) == joined(batches[: there + 1])
        assert_whole(log)


def test_a_full_disk_leaves_no_read_model_behind_the_log(sqlite_url: str) -> None:
    """A read model must never be given up because the disk was full while it was folded."""
    (batch,) = conversation(1)
    refused: list[str] = []
    with turnlog.open(sqlite_url) as log:
        for session in range(40):
            for room in range(12):
                with room_for(log, room):
                    told = refusal(log, SessionKey("shop", f"s{session}"), batch)
                if told is None:
                    break
                refused.append(told)
        assert len(log.sessions()) == 40
        assert_whole(log)
    assert len(refused) > 20
    assert all("make room" in told for told in refused)


def test_a_file_that_may_not_grow_is_said_to_be_full(sqlite_url: str) -> None:
    """A limit on the size of files must never leave an append half-written."""
    batches = conversation(60)
    with child(children.append_with_little_room, sqlite_url, KEY, batches, 600_000) as writer:
        (waiting, kind, told, held), after = writer.rest()
    number = len(batches) - waiting
    assert number > 1
    assert kind == "StorageError"
    assert "full" in told
    assert held == joined(batches[:number])
    assert after == joined(batches[: number + 1])
    with turnlog.open(sqlite_url) as log:
        assert_whole(log)


def test_a_disk_that_is_really_full() -> None:
    """What a real disk answers must never be taken for anything but a full disk."""
    probe = subprocess.run([*TINY_DISK, "mount -t tmpfs none /mnt"], capture_output=True)
    if probe.returncode:
        pytest.skip("this machine lets nobody mount a disk of their own")
    script = f"mount -t tmpfs -o size=600k none /mnt && exec {sys.executable} -m {__name__}"
    done = subprocess.run([*TINY_DISK, script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def on_a_tiny_disk(disk: Path) -> None:
    """Fill a disk, make room, and go on, all through one log."""
    filler, batches = disk / "filler", conversation(300)
    filler.write_bytes(bytes(100_000))
    with turnlog.open(f"sqlite:///{disk / 'turnlog.db'}") as log:
        there = fill(log, batches)
        assert there > 1
        with pytest.raises(StorageError, match="full"):
            log.append(KEY, batches[there])
        filler.unlink()
        log.append(KEY, batches[there])
        assert log.load(KEY) == joined(batches[: there + 1])
        assert log.verify().holds
    with turnlog.open(f"sqlite:///{disk / 'turnlog.db'}") as log:
        assert log.load(KEY) == joined(batches[: there + 1])


if __name__ == "__main__":
    on_a_tiny_disk(Path("/mnt"))
