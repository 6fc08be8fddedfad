"""The keys of a log in a folder: a master key, and the streams' keys wrapped by it.

``master.key`` holds 32 random bytes in hexadecimal, ``streams.keys`` is a small SQLite database.
Both are readable by their owner alone. A key is on the disk before anything is sealed with it, and
one that was destroyed is overwritten with zeros (``secure_delete``) before the call returns.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....domain.errors import DamagedEvent, KeysNeeded, Refused
from .aes import Place, aes, sealed, unsealed
from .key_database import TABLES, KeyDatabase, has_tables, make_private
from .keys import OWN, Destroyed, Key, Standing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER, STREAMS = "master.key", "streams.keys"
_SCHEMA = "1"
_NONE = bytes(8)
_CHANGED = "UPDATE about SET value = value + 1 WHERE name = 'changes'"
LOST = (
    "without them nobody reads what was said, nor titles, tags, names and folders; "
    "sessions, times, counts, tokens, cost and the hash chain are not encrypted: open the log "
    "without keys to read these"
)


class KeyFolder:
    """The default: a folder outside of the database's, and outside of its backups."""

    def __init__(self, path: Path | str, master: str | None = None) -> None:
        """Name the folder; nothing is read or made before a log needs it.

        Args:
            master: the master key, 64 hexadecimal digits; without it, the file ``master.key``.

        Raises:
            Refused: ``master`` is no key.
        """
        self.path = Path(path).expanduser()
        self._given = _key(master, "the master key that was given") if master else None
        self._lock = threading.Lock()
        self._database = KeyDatabase(self.path / STREAMS)
        self._master: AESGCM | None = None
        self._name = ""

    @property
    def place(self) -> str:
        """Where they lie."""
        return str(self.path)

    # -- opening -----------------------------------------------------------------------------

    def begin(self) -> str:
        """Make what is missing, for a log that is being made; see ``Keys.begin``."""
        with self._lock, self._told():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = not (self.path / STREAMS).exists()
            if fresh and self._given is None:
                make_private(self.path / MASTER, os.urandom(32).hex() + "\n")
            make_private(self.path / STREAMS, "")
            with self._database.transaction(create=True) as cursor:
                if not has_tables(cursor):
                    self._make_tables(cursor)
                self._check(cursor, None)
                cursor.execute("SELECT count(*) FROM keys WHERE stream <> ?", (OWN,))
                if cursor.fetchone()[0]:
                    raise Refused(
                        f"{self.path} holds the keys of another log; give each log a folder of "
                        "its own, since destroying a session's key must not touch another log's"
                    )
            return self._name

    def unlock(self, name: str) -> None:
        """Make sure that these are the keys of a log; see ``Keys.unlock``."""
        with self._lock, self._told():
            if not (self.path / STREAMS).is_file():
                raise KeysNeeded(f"there are no keys in {self.path}: {STREAMS} is missing; {LOST}")
            with self._database.transaction() as cursor:
                if not has_tables(cursor):
                    raise KeysNeeded(f"{self.path / STREAMS} holds no keys; {LOST}")
                self._check(cursor, name)

    def _make_tables(self, cursor: sqlite3.Cursor) -> None:
        for statement in TABLES:
            cursor.execute(statement)
        name = os.urandom(16).hex()
        check = sealed(self._key_of_keys(), _NONE, ("turnlog keys", name), b"turnlog")
        values = {"schema": _SCHEMA, "name": name, "check": check, "changes": 0}
        cursor.executemany("INSERT INTO about VALUES (?, ?)", list(values.items()))

    def _check(self, cursor: sqlite3.Cursor, name: str | None) -> None:
        cursor.execute("SELECT name, value FROM about")
        about: dict[str, Any] = dict(cursor.fetchall())
        if about.get("schema") != _SCHEMA:
            raise KeysNeeded(f"{self.path}: a later release of turnlog made these keys; upgrade it")
        if name is not None and about["name"] != name:
            raise KeysNeeded(f"the keys in {self.path} are those of another log; {LOST}")
        self._name = about["name"]
        try:
            unsealed(self._key_of_keys(), ("turnlog keys", self._name), about["check"])
        except DamagedEvent:
            raise KeysNeeded(
                f"the master key is not the one that wrapped the keys in {self.path}; {LOST}"
            ) from None

    def _key_of_keys(self) -> AESGCM:
        if self._master is None:
            self._master = aes(self._given or self._read_master())
        return self._master

    def _read_master(self) -> bytes:
        path = self.path / MASTER
        if not path.is_file():
            raise KeysNeeded(f"the master key is missing: there is no {path}; {LOST}")
        text = path.read_text("ascii", "replace").strip()
        try:
            return _key(text, f"{path} holds no master key, it")
        except Refused as problem:
            raise KeysNeeded(f"{problem}; {LOST}") from None

    # -- keys --------------------------------------------------------------------------------

    def current(self, stream: str) -> Key | None:
        """The key that seals what is written to a stream now."""
        with self._lock, self._told(), self._database.reading() as cursor:
            return self._current(cursor, stream)

    def make(self, stream: str) -> Key:
        """The same; a new one where there is none."""
        with self._lock, self._told(), self._database.transaction() as cursor:
            return self._current(cursor, stream) or self._new(cursor, stream)

    def renew(self, stream: str) -> Key:
        """A new key, which is the current one from now on."""
        with self._lock, self._told(), self._database.transaction() as cursor:
            cursor.execute(_CHANGED)
            return self._new(cursor, stream)

    def secret(self, id: bytes) -> bytes | Destroyed | None:
        """A key by its id."""
        with self._lock, self._told(), self._database.reading() as cursor:
            cursor.execute("SELECT stream, wrapped, destroyed_at FROM keys WHERE id = ?", (id,))
            row = cursor.fetchone()
            if row is None:
                return None
            stream, wrapped, destroyed_at = row
            if wrapped is None:
                return Destroyed(stream, destroyed_at)
            return self._unwrapped(id, stream, wrapped)

    def replaced(self) -> list[tuple[str, bytes]]:
        """The keys in whose place another one came."""
        with self._lock, self._told(), self._database.reading() as cursor:
            cursor.execute(
                "SELECT stream, id FROM keys AS old WHERE wrapped IS NOT NULL AND EXISTS "
                "(SELECT 1 FROM keys AS new WHERE new.stream = old.stream "
                "AND new.number > old.number AND new.wrapped IS NOT NULL)"
            )
            return cursor.fetchall()

    def destroy(self, stream: str) -> int:
        """Destroy the keys of a stream, for good."""
        return self._destroy("stream = ?", stream)

    def destroy_one(self, id: bytes) -> int:
        """Destroy one key."""
        return self._destroy("id = ?", id)

    def _destroy(self, which: str, value: str | bytes) -> int:
        with self._lock, self._told(), self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE keys SET wrapped = NULL, destroyed_at = ? "
                f"WHERE {which} AND wrapped IS NOT NULL",
                (time.time_ns() // 1_000_000, value),
            )
            count = cursor.rowcount
            if count:
                cursor.execute(_CHANGED)
            return count

    def revision(self) -> object:
        """Another value whenever a key was replaced or destroyed."""
        with self._lock, self._told(), self._database.reading() as cursor:
            cursor.execute("SELECT value FROM about WHERE name = 'changes'")
            return cursor.fetchone()[0]

    def standing(self) -> Standing:
        """How many keys there are."""
        with self._lock, self._told(), self._database.reading() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT CASE WHEN wrapped IS NOT NULL AND stream <> ? THEN stream "
                "END), count(destroyed_at) FROM keys",
                (OWN,),
            )
            return Standing(*cursor.fetchone())

    def close(self) -> None:
        """Let go of what is open."""
        with self._lock:
            self._database.close()

    def _current(self, cursor: sqlite3.Cursor, stream: str) -> Key | None:
        cursor.execute(
            "SELECT id, wrapped FROM keys WHERE stream = ? AND wrapped IS NOT NULL "
            "ORDER BY number DESC LIMIT 1",
            (stream,),
        )
        row = cursor.fetchone()
        return Key(row[0], self._unwrapped(row[0], stream, row[1])) if row is not None else None

    def _new(self, cursor: sqlite3.Cursor, stream: str) -> Key:
        key = Key(os.urandom(8), os.urandom(32))
        wrapped = sealed(self._key_of_keys(), _NONE, self._bound(key.id, stream), key.secret)
        cursor.execute(
            "INSERT INTO keys (id, stream, wrapped, made_at) VALUES (?, ?, ?, ?)",
            (key.id, stream, wrapped, time.time_ns() // 1_000_000),
        )
        return key

    def _unwrapped(self, id: bytes, stream: str, wrapped: bytes) -> bytes:
        try:
            return unsealed(self._key_of_keys(), self._bound(id, stream), wrapped)
        except DamagedEvent:
            raise KeysNeeded(
                f"the key of {stream!r} in {self.path} was changed; restore the folder from a copy"
            ) from None

    def _bound(self, id: bytes, stream: str) -> Place:
        return "turnlog key", self._name, id, stream

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise KeysNeeded(f"the keys in {self.path} cannot be used: {problem}") from problem


def _key(text: str, what: str) -> bytes:
    try:
        found = bytes.fromhex(text.strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise Refused(f"{what} is not 64 hexadecimal digits (32 bytes)")
    return found
