"""Permits: without one of the transaction's own, the database lets no body be changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, insert, literal_column, null

from .schema import permits
from .statements import Statements


class Permitting:
    """Gives permits, as a part of the transaction."""

    cursor: Any
    _sql: Statements

    @contextmanager
    def _permit(self, purpose: str) -> Iterator[None]:
        """Let bodies be changed meanwhile; if that fails, so does the whole transaction."""
        # One writer at a time has a SQLite database; PostgreSQL asks whose permit it is.
        own: Any = null()
        ours = delete(permits)
        if self._sql.locks_rows:
            own = literal_column("pg_current_xact_id()::text::bigint")
            ours = ours.where(permits.c.transaction == own)
        self._run(insert(permits).values(purpose=purpose, transaction=own).inline())
        yield
        self._run(ours)

    def _asked(self, statement: Any) -> list[Any]:
        self._run(statement)
        return list(self.cursor.fetchall())

    def _run(self, statement: Any) -> None:
        self.cursor.execute(*self._sql.once(statement))
