"""The read models of a log in memory. They are SQL, so they lie in a private SQLite database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Select, create_engine
from sqlalchemy.pool import StaticPool

from ....domain.session import SessionState
from ..contract import Inline, Recorded, Stream
from ..sql.statements import Statements


class MemoryModels:
    """The inline projections and their tables."""

    def __init__(self, inline: Sequence[Inline]) -> None:
        self.inline = tuple(inline)
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        self._lock = threading.RLock()
        self._statements = Statements(self._engine.dialect, locks_rows=False)
        with self._engine.begin() as connection:
            for projection in inline:
                projection.create(connection)
        raw: Any = self._engine.raw_connection()
        self._connection: sqlite3.Connection = raw.driver_connection
        self._connection.isolation_level = None  # a transaction begins where we say
        self._raw = raw

    @contextmanager
    def change(self) -> Iterator[None]:
        """A transaction: what is folded within it stays if nothing is raised."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def fold(
        self,
        projection: Inline,
        stream: Stream,
        recorded: Sequence[Recorded],
        before: SessionState,
        after: SessionState,
    ) -> None:
        """Fold events, or nothing of them."""
        cursor = self._connection.cursor()
        cursor.execute("SAVEPOINT fold")
        events = [r.event for r in recorded]
        first, at = recorded[0].version, recorded[-1].recorded_at
        try:
            projection.fold(cursor, stream.id, stream.key, first, at, events, before, after)
        except BaseException:
            cursor.execute("ROLLBACK TO fold")
            raise
        finally:
            cursor.execute("RELEASE fold")

    def clear(self) -> None:
        """Empty every table."""
        for projection in self.inline:
            for table in projection.tables():
                self._connection.execute(f"DELETE FROM {table}")

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the tables."""
        with self._lock:
            return self._connection.execute(*self._statements.once(statement)).fetchall()

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._raw.close()
            self._engine.dispose()
