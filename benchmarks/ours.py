"""turnlog as the benchmarks call it: the one module that knows its API."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path

from .store import Batches, Sessions, in_threads
from .workload import Entry

_PROJECT = "benchmarks"


class Ours:
    """One log in a directory of its own, SQLite, every setting at its default."""

    def __init__(self, directory: Path) -> None:
        import turnlog  # here, so that the peers are measured where it is not installed

        self.log = turnlog.open(f"sqlite:///{directory / 'turnlog.db'}")

    def append(self, session_id: str, entries: list[Entry]) -> None:
        self.append_to({"project_key": _PROJECT, "session_id": session_id}, entries)

    def append_to(self, key: dict[str, str], entries: list[Entry]) -> None:
        self.log.append(key, entries)

    def append_together(self, work: Mapping[str, Batches]) -> None:
        in_threads(self.append, work)

    def load(self, session_id: str) -> list[Entry]:
        key = {"project_key": _PROJECT, "session_id": session_id}
        return list(self.log.load(key) or [])

    def newest(self, limit: int) -> int:
        return len(list(self.log.sessions(limit=limit)))

    def state_at(self, session_id: str, version: int) -> object:
        key = {"project_key": _PROJECT, "session_id": session_id}
        return self.log.at(key, f"version:{version}")

    def fill(self, sessions: Sessions) -> None:
        waiting = iter(sessions)
        while group := list(islice(waiting, 16)):
            in_threads(self.append, {session_id: [entries] for session_id, entries in group})

    def archive_everything(self) -> None:
        with self.log.store.read() as reader:
            keys = [key for key in reader.streams() if key.subpath is None]
        for key in keys:
            self.log.archive(key)
        self.log.store.reclaim()

    def close(self) -> None:
        self.log.close()


def import_directory(source: Path, directory: Path, workers: int | None) -> None:
    """Import a configuration directory into a new log under `directory`.

    Args:
        workers: how many processes; None for the importer's own choice on this machine.
    """
    with closing(Ours(directory)) as ours:
        ours.log.import_claude(source, workers=workers or os.cpu_count() or 1)


def start_import(source: Path, directory: Path) -> subprocess.Popen[bytes]:
    """The same with all cores, in a process of its own whose memory can be watched."""
    command = [sys.executable, "-m", "benchmarks.ours", str(source), str(directory)]
    return subprocess.Popen(command)


def bytes_on_disk(directory: Path) -> int:
    """The size of all files of the closed log under `directory`, its write-ahead log folded in."""
    with closing(sqlite3.connect(directory / "turnlog.db")) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise RuntimeError(f"the log in {directory} is still in use: its size cannot be taken")
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


if __name__ == "__main__":
    import_directory(Path(sys.argv[1]), Path(sys.argv[2]), workers=None)
