"""The cursor that all is run on."""

from __future__ import annotations

from typing import Any, Protocol


class Cursor(Protocol):
    """What sqlite3 and psycopg have in common."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Any, /) -> Any: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> Any: ...

    def fetchmany(self, size: int, /) -> Any: ...
