"""The tables of the log.

``events`` holds headers, which nothing may change; ``blocks`` holds bodies, which may change only
under a permit; ``streams``, ``identities`` and ``snapshots`` are caches
that the events can rebuild.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1

metadata = MetaData()

# Ranges of names are read by their bytes, whatever language the database sorts by.
_Ordered = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite gives an INTEGER PRIMARY KEY the table's own b-tree; BIGINT would cost a second one.
_Key = BigInteger().with_variant(Integer(), "sqlite")

about = Table(
    "about",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

topics = Table(
    "topics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

streams = Table(
    "streams",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("name", _Ordered, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("memory", LargeBinary, nullable=False),
)

FOREIGN = "!"
"""How the names of streams begin that are no session's: ``SessionKey`` escapes this character."""
AFTER_FOREIGN = '"'
"""Stands between the names of all foreign streams and those of all sessions."""
FOREVER = (1 << 31) - 1
"""A version that no stream reaches: the largest integer of a PostgreSQL column."""

events = Table(
    "events",
    metadata,
    Column("position", _Key, primary_key=True, autoincrement=False),
    Column("stream", _Key, nullable=False),
    Column("version", Integer, nullable=False),
    Column("topic", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("branch", Integer, nullable=False),
    Column("occurred_at", BigInteger),
    Column("identity", LargeBinary),
    Column("marks", Integer),
    Column("turn", Integer),
    Column("prompt", Integer),
    Column("parent", Integer),
    Column("before", Integer),
    Column("place", Integer),
    Column("facts", Text),
    Column("body_hash", LargeBinary),
    Column("chain", LargeBinary, nullable=False),
    UniqueConstraint("stream", "version", name="events_of_stream"),
)
Index(
    "events_late",
    events.c.stream,
    events.c.version,
    sqlite_where=events.c.place.is_not(None),
    postgresql_where=events.c.place.is_not(None),
)

identities = Table(
    "identities",
    metadata,
    Column("stream", _Key, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

ENTRIES, LATE, OTHER = 0, 1, 2
"""The sorts of blocks: entries in their order, entries that came late, everything else."""

blocks = Table(
    "blocks",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("stream", _Key, nullable=False),
    Column("sort", SmallInteger, nullable=False),
    Column("branch", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("versions", LargeBinary),
    Column("careful", SmallInteger, nullable=False),
    Column("codec", SmallInteger, nullable=False),
    Column("dictionary", Integer),
    Column("seed", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
Index("blocks_of_stream", blocks.c.stream, blocks.c.sort, blocks.c.first)

snapshots = Table(
    "snapshots",
    metadata,
    Column("stream", _Key, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("transaction", BigInteger),
)

files = Table(
    "files",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("codec", SmallInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("preceding", LargeBinary),
)

sdk_summaries = Table(
    "sdk_summaries",
    metadata,
    Column("stream", _Key, primary_key=True, autoincrement=False),
    Column("sdk", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("life", Integer, nullable=False),
    Column("branch", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

projections = Table(
    "projections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stale_at", BigInteger),
    Column("stale_why", Text),
    Column("generation", Text, nullable=False, server_default=""),
)

tracking = Table(
    "tracking",
    metadata,
    Column("application_name", Text, primary_key=True),
    Column("notification_id", BigInteger, nullable=False),
)

stored_snapshots = Table(
    "stored_snapshots",
    metadata,
    Column("purpose", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
"""The snapshots of foreign streams, taken by the eventsourcing library."""

MEDDLING = "turnlog: events never change"

SQLITE_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON events
       BEGIN SELECT RAISE(ABORT, 'turnlog: events never change'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_are_kept BEFORE DELETE ON events
       BEGIN SELECT RAISE(ABORT, 'turnlog: events are never deleted'); END""",
    # INSERT OR REPLACE deletes without firing a delete trigger, unless the connection asks for it.
    """CREATE TRIGGER IF NOT EXISTS events_are_not_replaced BEFORE INSERT ON events
       WHEN EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
         OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
       BEGIN SELECT RAISE(FAIL, 'turnlog: events are only ever appended'); END""",
    """CREATE TRIGGER IF NOT EXISTS blocks_stay BEFORE UPDATE ON blocks
       WHEN NOT EXISTS (SELECT 1 FROM permits)
       BEGIN SELECT RAISE(ABORT, 'turnlog: bodies change only under a permit'); END""",
    """CREATE TRIGGER IF NOT EXISTS blocks_are_kept BEFORE DELETE ON blocks
       WHEN NOT EXISTS (SELECT 1 FROM permits)
       BEGIN SELECT RAISE(ABORT, 'turnlog: bodies change only under a permit'); END""",
    """CREATE TRIGGER IF NOT EXISTS blocks_are_not_replaced BEFORE INSERT ON blocks
       WHEN EXISTS (SELECT 1 FROM blocks WHERE id = NEW.id) AND NOT EXISTS (SELECT 1 FROM permits)
       BEGIN SELECT RAISE(ABORT, 'turnlog: bodies change only under a permit'); END""",
)

POSTGRES_TRIGGERS = (
    """CREATE OR REPLACE FUNCTION turnlog_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'turnlog: events never change (% on %)', TG_OP, TG_TABLE_NAME
             USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE OR REPLACE FUNCTION turnlog_permitted() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NOT EXISTS (SELECT 1 FROM permits
                        WHERE transaction = pg_current_xact_id()::text::bigint) THEN
           RAISE EXCEPTION 'turnlog: bodies change only under a permit (% on %)',
                 TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
         RETURN NEW;
       END $$""",
    """CREATE OR REPLACE TRIGGER events_stay BEFORE UPDATE OR DELETE ON events
       FOR EACH ROW EXECUTE FUNCTION turnlog_refuse()""",
    """CREATE OR REPLACE TRIGGER events_are_kept BEFORE TRUNCATE ON events
       FOR EACH STATEMENT EXECUTE FUNCTION turnlog_refuse()""",
    """CREATE OR REPLACE TRIGGER blocks_stay BEFORE UPDATE OR DELETE ON blocks
       FOR EACH ROW EXECUTE FUNCTION turnlog_permitted()""",
    """CREATE OR REPLACE TRIGGER blocks_are_kept BEFORE TRUNCATE ON blocks
       FOR EACH STATEMENT EXECUTE FUNCTION turnlog_refuse()""",
)
