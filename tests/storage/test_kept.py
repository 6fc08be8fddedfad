"""What a database keeps: it outlives the process, others see it, and nobody can change it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.faults import children
from tests.faults.processes import child
from tests.storage.storing import (
    KEY,
    PATIENCE,
    found,
    opened,
    record,
    recorded,
    running,
    started,
    turn,
    turns,
)
from turnlog.adapters.storage.contract.store import Store

Database = sqlite3.Connection | psycopg.Connection[Any]
REFUSALS = (sqlite3.IntegrityError, psycopg.errors.IntegrityConstraintViolation)


@pytest.fixture
def store(durable_url: str) -> Iterator[Store]:
    with opened(durable_url) as opened_store:
        yield opened_store


@pytest.fixture
def database(store: Store, durable_url: str) -> Iterator[Database]:
    """A connection that knows nothing of turnlog, to a log of three events."""
    record(store, started(), *turns(1, 2))
    url = make_url(durable_url)
    connection: Database
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        connection = sqlite3.connect(url.database, isolation_level=None)
    else:
        text = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(text, autocommit=True)
    yield connection
    connection.close()


def test_what_was_recorded_is_there_when_the_log_is_opened_again(durable_url: str) -> None:
    """Nothing that was acknowledged may be missing after a restart."""
    with opened(durable_url) as store:
        record(store, started(), *turns(1, 3))
        before, stream = recorded(store), found(store)
    with opened(durable_url) as store:
        assert recorded(store) == before
        assert found(store) == stream
        assert record(store, turn(4)).first_version == 5
        with store.read() as reader:
            assert reader.check(KEY) == (5, None)


def test_an_append_of_another_process_wakes_who_waits(store: Store, durable_url: str) -> None:
    batch = [{"type": "user", "uuid": "u1", "message": {"role": "user", "content": "Hello"}}]
    record(store, started())
    with (
        child(children.append_when_told, durable_url, KEY, [batch]) as other,
        running(lambda: store.wait(1, PATIENCE)) as waiting,
    ):
        assert other.hear() == "ready"
        assert not waiting.done()
        other.tell()
        assert waiting.result(PATIENCE)
        other.hear()
    assert found(store).version > 1


def test_two_processes_that_append_the_same_batch_record_it_once(durable_url: str) -> None:
    """A batch that is mirrored twice at the same time must never be there twice."""
    batch = [
        {"type": "user", "uuid": f"u{n}", "message": {"role": "user", "content": f"line {n}"}}
        for n in range(40)
    ]
    batches = [batch[n : n + 10] for n in (0, 5, 10, 15, 20, 25, 30)]
    with (
        child(children.append_when_told, durable_url, KEY, batches) as a,
        child(children.append_when_told, durable_url, KEY, batches) as b,
    ):
        for process in (a, b):
            assert process.hear() == "ready"
        told = 0
        for _ in batches:
            a.tell()
            b.tell()
            told += a.hear()[0] + b.hear()[0]
    assert told == len(batch)
    with opened(durable_url) as store:
        entries = [r for r in recorded(store) if r.topic == "TurnRecorded.v1"]
        assert len(entries) == len(batch)
        with store.read() as reader:
            assert reader.check(KEY)[1] is None


# -- the database itself refuses -----------------------------------------------------------------

CHANGES = [
    "UPDATE events SET recorded_at = 0",
    "UPDATE events SET chain = chain WHERE version = 2",
    "DELETE FROM events",
    "DELETE FROM events WHERE version = 3",
    "UPDATE blocks SET data = data",
    "UPDATE blocks SET first = first + 1",
    "DELETE FROM blocks",
]
ONLY_SQLITE = [
    "INSERT OR REPLACE INTO events SELECT * FROM events WHERE version = 3",
    "REPLACE INTO events SELECT * FROM events",
    "UPDATE OR REPLACE events SET version = 2 WHERE version = 3",
    "INSERT OR REPLACE INTO blocks SELECT * FROM blocks",
    """INSERT INTO events SELECT * FROM events WHERE version = 3
       ON CONFLICT (position) DO UPDATE SET recorded_at = 0""",
]
ONLY_POSTGRES = [
    "TRUNCATE events",
    "TRUNCATE events CASCADE",
    "TRUNCATE blocks",
    """INSERT INTO events SELECT * FROM events WHERE version = 3
       ON CONFLICT (position) DO UPDATE SET recorded_at = 0""",
    "MERGE INTO events USING (VALUES (1)) AS t(x) ON version = 3 WHEN MATCHED THEN DELETE",
]


def _everything(database: Database) -> list[Any]:
    events = database.execute("SELECT * FROM events ORDER BY position").fetchall()
    blocks = database.execute("SELECT * FROM blocks ORDER BY id").fetchall()
    return [events, blocks]


def _refuses(database: Database, change: str) -> None:
    before = _everything(database)
    with pytest.raises(REFUSALS, match="turnlog: "):
        database.execute(change)
    assert _everything(database) == before


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_what_was_recorded(database: Database, change: str) -> None:
    """Whoever has the database open must not be able to change an event by a plain statement."""
    _refuses(database, change)


@pytest.mark.parametrize("durable_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", ONLY_SQLITE)
def test_sqlite_refuses_to_put_another_row_in_its_place(database: Database, change: str) -> None:
    """A replacing insert must never get past the triggers: it deletes without firing one."""
    _refuses(database, change)


@pytest.mark.parametrize("durable_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("change", ONLY_POSTGRES)
def test_postgresql_refuses_to_empty_the_table(database: Database, change: str) -> None:
    """TRUNCATE must never get past the triggers: it fires none for rows."""
    _refuses(database, change)


def test_a_body_changes_under_a_permit_of_the_same_transaction(database: Database) -> None:
    change = "UPDATE blocks SET data = data"
    if isinstance(database, sqlite3.Connection):
        permit = "INSERT INTO permits (purpose) VALUES ('pack')"
    else:
        permit = """INSERT INTO permits (purpose, transaction)
                    VALUES ('pack', pg_current_xact_id()::text::bigint)"""
    database.execute("BEGIN")
    database.execute(permit)
    database.execute(change)
    database.execute("DELETE FROM permits")
    database.execute("COMMIT")
    _refuses(database, change)


@pytest.mark.parametrize("durable_url", ["postgres"], indirect=True)
def test_a_permit_of_another_transaction_permits_nothing(database: Database) -> None:
    """A permit that was left behind must never leave the bodies open to change."""
    database.execute(
        """INSERT INTO permits (purpose, transaction)
           VALUES ('pack', pg_current_xact_id()::text::bigint)"""
    )
    _refuses(database, "UPDATE blocks SET data = data")
