"""The order of the log on PostgreSQL: how positions are drawn, and what a reader waits for.

Writers run at the same time, so a later position may be committed before an earlier one. A reader
that finds a hole must know whether it will be filled. Positions are drawn in ranges that follow
one another, each writer holds a lock under its own process number while it works, and a reader
waits for those that hold one when it sees the hole: what then is still missing was rolled back.
Advisory locks are the database's own, so all of this holds between processes and machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..sql.cursor import Cursor

_OURS: Final = 0x7475726E
"""``turn``: the first half of our advisory locks' keys."""
_SCHEMA, _DRAWING, _WRITING, _LISTENING = range(4)
_WRITERS: Final = _OURS + 1
"""The first half of the key of a writer's own lock; the other is its process number."""

CHANNEL: Final = "turnlog"

POSITIONS = (
    "CREATE SEQUENCE IF NOT EXISTS turnlog_positions",
    # The lock is held for the draw alone, not until the transaction ends. A sequence is never
    # rolled back, so a range is drawn once, whatever becomes of it.
    f"""CREATE OR REPLACE FUNCTION turnlog_draw(wanted bigint) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE first bigint;
        BEGIN
          PERFORM pg_advisory_lock({_OURS}, {_DRAWING});
          first := nextval('turnlog_positions');
          IF wanted > 1 THEN PERFORM setval('turnlog_positions', first + wanted - 1); END IF;
          PERFORM pg_advisory_unlock({_OURS}, {_DRAWING});
          RETURN first;
        END $$""",
)
"""What the positions are drawn with, besides the tables."""

DRAW = "SELECT turnlog_draw(%s), pg_current_xact_id()::text"
"""How many → the first, and the transaction's number."""

MAKE_TABLES = f"SELECT pg_advisory_xact_lock({_OURS}, {_SCHEMA})"
"""Whoever opens the log does so alone, for as long as it takes to see that the tables are there."""

_WRITE = f"""
    pg_advisory_xact_lock({_WRITERS}, pg_backend_pid()),
    set_config('idle_in_transaction_session_timeout', '300000', true)"""
# A writer that stopped answering must not hold up readers for as long as its network stays silent.
WRITE_TOGETHER = f"SELECT pg_advisory_xact_lock_shared({_OURS}, {_WRITING}), {_WRITE}"
WRITE_ALONE = f"SELECT pg_advisory_xact_lock({_OURS}, {_WRITING}), {_WRITE}"
"""What a write begins with: before it draws any position."""

NEVER_IDLE = "SELECT set_config('idle_in_transaction_session_timeout', '300000', true)"
"""Who folds and stopped answering holds up the next one no longer than this."""

WRITERS = f"""SELECT objid::bigint::int FROM pg_locks
    WHERE locktype = 'advisory' AND classid = {_WRITERS} AND objsubid = 2 AND granted
      AND mode = 'ExclusiveLock' AND pid <> pg_backend_pid()
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
"""→ the process numbers of those that are writing."""

WAIT_FOR_WRITER = f"SELECT pg_advisory_xact_lock_shared({_WRITERS}, %s::int)"
"""A process number: returns when what it writes now is committed or rolled back."""

LISTEN = (f"LISTEN {CHANNEL}", f"SELECT pg_advisory_lock_shared({_OURS}, {_LISTENING})")
UNLISTEN = ("UNLISTEN *", "SELECT pg_advisory_unlock_all()")

NOTIFY = (
    f"SELECT pg_notify('{CHANNEL}', '') WHERE NOT pg_try_advisory_xact_lock({_OURS}, {_LISTENING})"
)
"""Wake who listens, if anybody does. To be run after the commit: within the transaction it would
make commits wait for one another, each for the disk."""


def horizon(cursor: Cursor, positions_after: str, after: int, limit: int) -> int:
    """The position up to which reading on skips nothing, now or ever.

    Args:
        cursor: outside of a transaction.
        positions_after: the statement that gives the positions after one, at most so many.
        after: a position up to which nothing can be missing.
        limit: how many positions are looked at.
    """
    cursor.execute(positions_after, (after, limit))
    positions = [int(position) for (position,) in cursor.fetchall()]
    if not positions:
        return after
    unbroken = after + len(positions)
    if positions[-1] == unbroken:
        return unbroken
    if writers := _writers(cursor):
        whole = sum(p == after + n for n, p in enumerate(positions, 1))
        if whole:
            return after + whole
        _wait_for(cursor, writers)
    return positions[-1]


def settle(cursor: Cursor) -> None:
    """Wait for all that write now. The cursor is outside of a transaction."""
    _wait_for(cursor, _writers(cursor))


def _writers(cursor: Cursor) -> list[tuple[int]]:
    cursor.execute(WRITERS)
    return list(cursor.fetchall())


def _wait_for(cursor: Cursor, writers: Sequence[tuple[int]]) -> None:
    for writer in writers:
        cursor.execute(WAIT_FOR_WRITER, writer)


def outcome(cursor: Cursor, transaction: str) -> str | None:
    """What became of a transaction: committed, aborted or in progress."""
    cursor.execute("SELECT pg_xact_status(%s::text::xid8)", (transaction,))
    found: str | None = cursor.fetchone()[0]
    return found
