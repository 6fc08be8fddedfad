"""The floor: sqlite3 by hand with the steps of a durable append, and nothing else.

Each append: every entry encoded and hashed twice (content, chain), all of them compressed as one
frame, one header row an entry under two indexes, one body row, one row of the stream's state and
one row of a read model updated, all in one transaction. What a library adds on top of this is its
own; what this costs over the yardstick cannot be saved without doing less.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import orjson
import zstandard

from .workload import Entry, encoded

_SCHEMA = """
    CREATE TABLE headers (
        position INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL,
        version INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        schema_version INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        entry_at TEXT,
        uuid BLOB,
        message_id TEXT,
        branch INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        body_hash BLOB NOT NULL,
        chain BLOB NOT NULL,
        block INTEGER NOT NULL,
        place INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX headers_by_version ON headers (stream, version);
    CREATE INDEX headers_by_uuid ON headers (stream, uuid);
    CREATE TABLE blocks (block INTEGER PRIMARY KEY, stream INTEGER NOT NULL, frame BLOB NOT NULL);
    CREATE TABLE states (stream INTEGER PRIMARY KEY, version INTEGER, chain BLOB, state TEXT);
    CREATE TABLE sessions (
        stream INTEGER PRIMARY KEY, title TEXT, entries INTEGER, last_activity TEXT
    );
    CREATE INDEX sessions_by_activity ON sessions (last_activity);
"""
_INSERT = f"INSERT INTO headers VALUES ({', '.join('?' * 15)})"
_STATE = "x" * 600


class Floor:
    """One connection to one file; `append` is the hand-written path."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.executescript(_SCHEMA)
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._streams: dict[str, int] = {}

    def append_all(self, stream: str, batches: Sequence[Sequence[Entry]]) -> None:
        for batch in batches:
            self.append(stream, batch)

    def append(self, stream: str, entries: Sequence[Entry]) -> None:
        """Record `entries` in one durable transaction."""
        number = self._streams.setdefault(stream, len(self._streams) + 1)
        bodies = [encoded(entry) for entry in entries]
        hashes = [sha256(body).digest() for body in bodies]
        frame = self._compressor.compress(b"\n".join(bodies))
        db = self.connection
        db.execute("BEGIN IMMEDIATE")
        head = db.execute("SELECT version, chain FROM states WHERE stream = ?", (number,))
        version, chain = head.fetchone() or (0, bytes(32))
        block = db.execute(
            "INSERT INTO blocks VALUES (NULL, ?, ?) RETURNING block", (number, frame)
        ).fetchone()[0]
        rows = []
        at: str | None = None
        for place, (entry, body_hash) in enumerate(zip(entries, hashes, strict=True)):
            version += 1
            at = entry.get("timestamp") or at
            uuid = entry.get("uuid")
            identity = _identity(uuid) if uuid else None
            message = entry.get("message")
            message_id = message.get("id") if isinstance(message, dict) else None
            header = (number, version, 1, 1, 1_700_000_000_000, at, uuid, message_id, 0, version)
            chain = sha256(chain + orjson.dumps(header) + body_hash).digest()
            rows.append((None, *header[:6], identity, *header[7:], body_hash, chain, block, place))
        db.executemany(_INSERT, rows)
        db.execute(
            "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)", (number, version, chain, _STATE)
        )
        db.execute(
            "INSERT INTO sessions VALUES (?, 'a title', ?, ?) ON CONFLICT (stream) DO UPDATE "
            "SET entries = excluded.entries, last_activity = excluded.last_activity",
            (number, version, at),
        )
        db.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


def _identity(uuid: str) -> bytes:
    try:
        return bytes.fromhex(uuid.replace("-", ""))
    except ValueError:
        return uuid.encode()
