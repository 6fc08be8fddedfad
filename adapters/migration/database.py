"""A SQLite database of somebody else, opened so that nothing in it or beside it ever changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from ...domain.errors import StorageError
from ...domain.points import LATEST, in_milliseconds

_MAGIC = b"SQLite format 3\0"
_WAL = 2  # the file's format version of a database with a write-ahead log
_SECONDS, _NANO = 10**11, 10**14  # numbers of time below the one, or above the other


class NotMigratable(StorageError):
    """A file that is no database of another library, or of one that cannot be read."""


class ForeignDatabase:
    """Tables and rows, in one consistent look."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            NotMigratable: it is not there, or no SQLite database.
        """
        self.path = path
        self._copied = ExitStack()
        self._connection = _connected(path, self._copied)
        try:
            self._connection.execute("PRAGMA trusted_schema=OFF")
            self._connection.execute("BEGIN")
            self.tables = self._tables()
        except sqlite3.Error as problem:
            self.close()
            raise NotMigratable(f"{path} cannot be read: {problem}") from problem

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
        self._copied.close()

    def rows(
        self,
        table: str,
        columns: list[str],
        where: str = "",
        given: tuple[Any, ...] = (),
        order: str = "rowid",
    ) -> Iterator[tuple[Any, ...]]:
        """Rows of a table.

        Args:
            where, order: SQL of our own, never of the database's.

        Raises:
            NotMigratable: the database is damaged, or busy for too long.
        """
        names = ", ".join(map(quoted, columns))
        statement = f"SELECT {names} FROM {quoted(table)} {where} ORDER BY {order}"
        try:
            # Not `yield from`: left early, it would close a cursor whose database may be gone.
            for row in self._connection.execute(statement, given):  # noqa: UP028
                yield row
        except sqlite3.Error as problem:
            raise NotMigratable(f"table {table!r} of {self.path}: {problem}") from problem

    def _tables(self) -> dict[str, tuple[str, ...]]:
        """The columns of each table. Views are left alone: they are programs."""
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: tuple(
                column[1]
                for column in self._connection.execute(f"PRAGMA table_info({quoted(name)})")
            )
            for (name,) in found
        }


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _connected(path: Path, copied: ExitStack) -> sqlite3.Connection:
    try:
        with path.open("rb") as file:
            head = file.read(100)
        if not head.startswith(_MAGIC) or len(head) < 100:
            raise NotMigratable(f"{path} is no SQLite database")
        place, options = path, "mode=ro"
        if head[18] == _WAL and not _beside(path, "-shm").exists():
            # Nobody has it open, and a look at a write-ahead log would leave a file beside it.
            options += "&immutable=1"
            if _beside(path, "-wal").exists():
                place, options = _copy(path, copied), "mode=rw"
        return _opened(place, options)
    except OSError as problem:
        copied.close()
        raise NotMigratable(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except sqlite3.Error as problem:
        copied.close()
        raise NotMigratable(f"{path} cannot be opened: {problem}") from problem


def _copy(path: Path, copied: ExitStack) -> Path:
    """The database and what is ahead of it, elsewhere, as long as it is read."""
    folder = Path(copied.enter_context(TemporaryDirectory(prefix="turnlog-")))
    for file in (path, _beside(path, "-wal")):
        copyfile(file, folder / file.name)
    return folder / path.name


def _opened(path: Path, options: str) -> sqlite3.Connection:
    place = quote(str(path.absolute()), errors="surrogateescape")
    connection = sqlite3.connect(
        f"file:{place}?{options}", uri=True, isolation_level=None, timeout=10
    )
    connection.text_factory = _text
    return connection


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def milliseconds(told: Any) -> int | None:
    """A time as databases have it: text in ISO 8601 or SQLite's form (UTC), seconds or finer.

    None for what is no time, or none between 1970 and the year 10,000.
    """
    if isinstance(told, str):
        try:
            found = in_milliseconds(datetime.fromisoformat(told.strip()))
        except (ValueError, OverflowError):
            return None
    elif isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < 10**20:
        return None
    elif told < _SECONDS:
        found = round(told * 1000)
    else:
        found = int(told) // 1_000_000 if told >= _NANO else int(told)
    return found if 0 <= found < LATEST else None
