"""How keys lie on the disk: only their owner reads them, and a destroyed one is overwritten."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...folders import sync_folder

BUSY_SECONDS = 60.0
TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE keys (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        stream TEXT NOT NULL,
        wrapped BLOB,
        made_at INTEGER NOT NULL,
        destroyed_at INTEGER)""",
    "CREATE INDEX keys_of_stream ON keys (stream)",
)


class KeyDatabase:
    """A small SQLite database, opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        """A look; each statement sees what was committed before it."""
        cursor = self._connect(create=False).cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def transaction(self, create: bool = False) -> Iterator[sqlite3.Cursor]:
        """A write: all of it happens or nothing.

        Args:
            create: whether the database is made where there is none.
        """
        connection = self._connect(create)
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise
        finally:
            cursor.close()

    def _connect(self, create: bool) -> sqlite3.Connection:
        if self._connection is None:
            uri = f"{self.path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"
            connection = sqlite3.connect(
                uri, BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True
            )
            # A rollback journal is gone after each commit; a write-ahead log would keep old pages.
            for pragma in ("journal_mode = DELETE", "synchronous = EXTRA", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            self._connection = connection
        return self._connection


def has_tables(cursor: sqlite3.Cursor) -> bool:
    """Whether it was made as a database of keys."""
    cursor.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('about', 'keys')")
    return bool(cursor.fetchone()[0] == 2)


def make_private(path: Path, text: str) -> None:
    """Make a file that only its owner reads, whole or not at all; one that is there stays."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    sync_folder(path.parent)
