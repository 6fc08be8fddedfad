"""Opening a store by its URL: the one place that chooses and wires one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import ArgumentError

from ...domain.errors import InvalidURL, MissingExtra
from ...projections.sessions import Sessions
from .contract import Store
from .sql_store import now
from .sqlite import SqliteStore

FORMS = "sqlite:///path/to.db, postgresql+psycopg://user@host/name, or memory:"


def open_store(
    url: str,
    synchronous: str = "FULL",
    clock: Callable[[], int] = now,
    create: bool = True,
) -> Store:
    """Open the store a URL names.

    Args:
        url: ``sqlite:///path``, ``sqlite://`` (in memory), ``postgresql+psycopg://…``, ``memory:``.
        synchronous: SQLite's pragma; FULL makes every commit durable, NORMAL may lose the last
            commits when the machine (not the process) fails.
        clock: milliseconds since 1970 UTC.
        create: whether a missing SQLite file is made.

    Raises:
        InvalidURL: the URL names nothing turnlog can open.
        MissingExtra: the driver is not installed.
        StorageError: the database cannot be opened, or belongs to something else.
    """
    if url in ("memory:", "memory://"):
        from .memory import MemoryStore

        return MemoryStore([Sessions(sqlite_dialect.dialect())], clock)
    parsed = _parse(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not create and parsed.database and not Path(parsed.database).exists():
            raise InvalidURL(
                f"there is no log at {parsed.database}; record or import something first"
            )
        return SqliteStore(parsed, [Sessions(sqlite_dialect.dialect())], synchronous, clock)
    if backend == "postgresql":
        try:
            from .postgres import PostgresStore, dialect
        except ImportError as problem:
            raise MissingExtra(
                "PostgreSQL needs its driver: pip install 'turnlog[postgres]'"
            ) from problem
        return PostgresStore(parsed, [Sessions(dialect())], clock)
    raise InvalidURL(f"{url!r}: turnlog keeps no logs in {backend!r}; use {FORMS}")


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise InvalidURL(f"{url!r} is no database URL; write {FORMS}") from None
