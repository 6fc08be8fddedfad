"""The read models of a log in memory. They are SQL, so they lie in a private SQLite database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Select, create_engine
from sqlalchemy.pool import StaticPool

from ....projections.engine.read_model import ReadModel, Run
from ....projections.engine.registry import Registry
from ....projections.making import make_tables
from ..sql.account import Account
from ..sql.generations import Generations
from ..sql.read_side import ADDED
from ..sql.schema import projections
from ..sql.statements import Statements


class MemoryModels:
    """The read models and their tables, with the account kept of them."""

    def __init__(self, registry: Registry) -> None:
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        self._lock = threading.RLock()
        self._statements = Statements(self._engine.dialect, locks_rows=False)
        self.account = Account(self._engine.dialect)
        self.generations = Generations(self._engine.dialect, registry, "memory:")
        with self._engine.begin() as connection:
            make_tables(connection, [projections, *ADDED])
            self.generations.prepare(connection)
        raw: Any = self._engine.raw_connection()
        self._connection: sqlite3.Connection = raw.driver_connection
        self._connection.isolation_level = None  # a transaction begins where we say
        self._raw = raw

    def cursor(self) -> sqlite3.Cursor:
        """A cursor, to be used within ``change``."""
        return self._connection.cursor()

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

    def inline(self) -> list[ReadModel]:
        """Those that are folded with an append."""
        return self.generations.inline(self.cursor())

    def fold(self, model: ReadModel, run: Run) -> None:
        """Fold events, or nothing of them."""
        cursor = self.cursor()
        cursor.execute("SAVEPOINT fold")
        try:
            model.fold(cursor, [run])
        except BaseException:
            cursor.execute("ROLLBACK TO fold")
            raise
        finally:
            cursor.execute("RELEASE fold")

    def mark_stale(self, name: str, position: int, problem: Exception) -> None:
        """Fold a read model no more from a position on."""
        self.account.mark_stale(self.cursor(), name, position - 1, ascii(problem)[:500])

    def rows(self, sql: str) -> list[Any]:
        """Ask the tables in SQL."""
        with self._lock:
            return self._connection.execute(sql).fetchall()

    @contextmanager
    def changing_tables(self) -> Iterator[Connection]:
        """A connection that makes and drops tables."""
        with self._lock, self._engine.connect() as connection:
            yield connection

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the tables."""
        with self._lock:
            return self._connection.execute(*self._statements.once(statement)).fetchall()

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._raw.close()
            self._engine.dispose()
