"""Reading a log in memory, where readers and the writer share one connection."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, Self


class BetweenWrites:
    """A cursor on the one connection of a log in memory: each statement waits for the writer.

    Holding the lock for a whole look would make whoever appends while reading wait for ever.
    What a look finds may grow meanwhile; what it has found never changes.
    """

    def __init__(self, cursor: sqlite3.Cursor, writer: threading.Lock) -> None:
        self._cursor = cursor
        self._writer = writer
        self._rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        """Run a query and fetch what it finds."""
        with self._writer:
            self._rows = iter(self._cursor.execute(sql, parameters).fetchall())
        return self

    def executemany(self, sql: str, parameters: Any, /) -> Self:
        """Whoever only looks writes nothing."""
        raise NotImplementedError

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return next(self._rows, None)

    def fetchmany(self, size: int, /) -> list[Any]:
        """The next rows."""
        return list(islice(self._rows, size))

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self._rows)
