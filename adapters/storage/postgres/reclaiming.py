"""What was removed leaves the files of a PostgreSQL database: every table is written anew.

A row that was deleted stays in the pages of its table until nobody can see it any more and its
place is given to another; ``VACUUM FULL`` writes tables and indexes into new files without it. What
the server noted of columns for its planner (``pg_statistic``) holds short values whole, so it is
noted again and written anew too, which the owner of the database may have done. Of an empty table
nothing is noted, not even that; there, to give a column its own type again drops what was noted.
Write-ahead logs, replicas and backups are out of reach.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from ....domain.errors import StorageError
from ..contract.values import Reclaimed

PATIENCE = 60.0
"""Seconds to wait for those who use a table, or look at the log as it was before."""
_POLL = 0.05
_TABLES = """SELECT c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname"""
_NOTED = """SELECT a.attname, format_type(a.atttypid, a.atttypmod), c.collname
    FROM pg_stats s
    JOIN pg_attribute a ON a.attrelid = s.tablename::regclass AND a.attname = s.attname
    LEFT JOIN pg_collation c ON c.oid = a.attcollation
    WHERE s.schemaname = current_schema() AND s.tablename = %s"""
_ANY = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS found")
_SIZE = "SELECT pg_database_size(current_database())"
_LOOKING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type IS DISTINCT FROM 'autovacuum worker'
      AND (backend_xmin::text::bigint < %(now)s OR backend_xid::text::bigint < %(now)s)"""
_NOW = "SELECT pg_current_xact_id()::xid::text::bigint"


def reclaim(connection: psycopg.Connection[Any], where: str) -> Reclaimed:
    """Write every table of the log anew.

    Args:
        connection: outside of a transaction.
        where: the log, for messages.

    Raises:
        StorageError: somebody still sees what was there before.
    """
    before = _number(connection, _SIZE)
    _wait_for_looks(connection, where)
    connection.execute(f"SET lock_timeout = {int(PATIENCE * 1000)}")
    try:
        for (name,) in connection.execute(_TABLES).fetchall():
            table = sql.Identifier(name)
            connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(table), prepare=False)
            if not _number(connection, _ANY.format(table)):
                _forget_notes(connection, name)
        connection.execute("VACUUM (FULL) pg_catalog.pg_statistic", prepare=False)
    finally:
        if not connection.broken:
            connection.execute("RESET lock_timeout")
    return Reclaimed(before, _number(connection, _SIZE))


def _wait_for_looks(connection: psycopg.Connection[Any], where: str) -> None:
    """Wait for those who began before now: for them a deleted row is kept, in new files too."""
    values = {"now": _number(connection, _NOW)}
    end = time.monotonic() + PATIENCE
    while _number(connection, _LOOKING, values):
        if time.monotonic() > end:
            raise StorageError(
                f"{where}: a transaction that began before still sees what was removed, so it "
                "cannot leave the files; end that, and try again"
            )
        time.sleep(_POLL)


def _forget_notes(connection: psycopg.Connection[Any], name: str) -> None:
    for column, kind, collation in connection.execute(_NOTED, (name,)).fetchall():
        again = sql.SQL("ALTER TABLE {} ALTER COLUMN {} TYPE {}{}").format(
            sql.Identifier(name),
            sql.Identifier(column),
            sql.SQL(kind),
            sql.SQL(" COLLATE {}").format(sql.Identifier(collation)) if collation else sql.SQL(""),
        )
        connection.execute(again, prepare=False)


def _number(connection: psycopg.Connection[Any], query: Any, values: Any = None) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])
