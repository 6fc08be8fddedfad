"""The yardstick, 1.0: sqlite3 inserting the same entries as rows that are already encoded.

One row an entry (stream, version, uuid, body), found by stream and version; write-ahead log,
synchronous=FULL, one transaction an append. What it does not do: encode, hash, compress, look up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from .workload import Entry, encoded

Row = tuple[str, int, str | None, bytes]

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS entries (
        stream TEXT NOT NULL,
        version INTEGER NOT NULL,
        uuid TEXT,
        body BLOB NOT NULL,
        PRIMARY KEY (stream, version)
    )
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open `path` with durable commits; waits up to a minute for the lock of another writer."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_SCHEMA)
    return connection


def rows(stream: str, batches: Sequence[Sequence[Entry]]) -> list[list[Row]]:
    """The batches as rows, versions counted from 1."""
    encoded_batches: list[list[Row]] = []
    version = 0
    for batch in batches:
        encoded_batch: list[Row] = []
        for entry in batch:
            version += 1
            encoded_batch.append((stream, version, entry.get("uuid"), encoded(entry)))
        encoded_batches.append(encoded_batch)
    return encoded_batches


def append_all(connection: sqlite3.Connection, batches: Sequence[Sequence[Row]]) -> None:
    """Insert each batch in a transaction of its own."""
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", batch)
        connection.execute("COMMIT")
