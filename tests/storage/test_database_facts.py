"""What the databases do, as far as the log relies on it. Nothing of turnlog runs here.

`docs/internals.md` says where each fact is used.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

from tests.storage.storing import PATIENCE, running
from tests.support import servers

Sqlite = Callable[[], sqlite3.Connection]
Postgres = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Sqlite]:
    """Connections to one file in WAL mode, with a table ``t``."""
    opened = []

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            tmp_path / "facts.db", timeout=0, isolation_level=None, check_same_thread=False
        )
        opened.append(connection)
        return connection

    first = connect()
    first.execute("PRAGMA journal_mode = WAL")
    first.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture(scope="module")
def facts_database(postgres_server: URL) -> Iterator[URL]:
    """One database for all the facts."""
    with servers.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def postgres(facts_database: URL) -> Iterator[Postgres]:
    """Connections to one database, with a new table ``t``."""
    opened = []
    url = facts_database.set(drivername="postgresql").render_as_string(hide_password=False)

    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(url, autocommit=True)
        opened.append(connection)
        return connection

    first = connect()
    first.execute("DROP TABLE IF EXISTS t")
    first.execute("CREATE TABLE t (id bigint PRIMARY KEY, x text)")
    yield connect
    for connection in opened:
        connection.close()


def ask(connection: Any, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


def wait_until_blocked(watcher: psycopg.Connection[Any], blocked: psycopg.Connection[Any]) -> None:
    """Return when a connection waits for a lock."""
    pid = blocked.info.backend_pid
    patience = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if ask(watcher, f"SELECT cardinality(pg_blocking_pids({pid}))"):
            return
        patience.wait(0.005)
    raise AssertionError("it never waited")


# -- SQLite --------------------------------------------------------------------------------------


def test_a_wal_reader_keeps_its_look_while_a_writer_commits(sqlite: Sqlite) -> None:
    reader, writer = sqlite(), sqlite()
    reader.execute("BEGIN")
    assert ask(reader, "SELECT count(*) FROM t") == 0
    writer.execute("INSERT INTO t VALUES (1, 'a')")
    assert ask(reader, "SELECT count(*) FROM t") == 0
    reader.execute("ROLLBACK")
    assert ask(reader, "SELECT count(*) FROM t") == 1


def test_a_look_begins_with_the_first_read_not_with_begin(sqlite: Sqlite) -> None:
    reader, writer = sqlite(), sqlite()
    reader.execute("BEGIN")
    writer.execute("INSERT INTO t VALUES (1, 'a')")
    assert ask(reader, "SELECT count(*) FROM t") == 1


def test_wal_mode_stays_with_the_file_and_synchronous_does_not(sqlite: Sqlite) -> None:
    sqlite().execute("PRAGMA synchronous = NORMAL")
    other = sqlite()
    assert ask(other, "PRAGMA journal_mode") == "wal"
    assert ask(other, "PRAGMA synchronous") == 2  # FULL
    memory = sqlite3.connect(":memory:")
    assert ask(memory, "PRAGMA journal_mode = WAL") == "memory"
    memory.close()


def test_a_read_transaction_that_turns_to_writing_fails_without_waiting(sqlite: Sqlite) -> None:
    late, other = sqlite(), sqlite()
    late.execute("PRAGMA busy_timeout = 1000000")
    late.execute("BEGIN")
    ask(late, "SELECT count(*) FROM t")
    other.execute("INSERT INTO t VALUES (1, 'a')")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        late.execute("INSERT INTO t VALUES (2, 'b')")


def test_begin_immediate_keeps_other_writers_out_from_the_start(sqlite: Sqlite) -> None:
    first, second = sqlite(), sqlite()
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.execute("BEGIN IMMEDIATE")
    first.execute("COMMIT")
    second.execute("BEGIN IMMEDIATE")


def test_a_replacing_insert_fires_no_delete_trigger(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("INSERT INTO t VALUES (1, 'kept')")
    db.execute("CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'refused'); END")
    db.execute("INSERT OR REPLACE INTO t VALUES (1, 'replaced')")
    assert ask(db, "SELECT x FROM t") == "replaced"
    db.execute("PRAGMA recursive_triggers = ON")  # of this connection alone
    with pytest.raises(sqlite3.IntegrityError, match="refused"):
        db.execute("INSERT OR REPLACE INTO t VALUES (1, 'again')")


def test_a_trigger_before_the_insert_stops_a_replacing_one(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("INSERT INTO t VALUES (1, 'kept')")
    db.execute(
        """CREATE TRIGGER keep BEFORE INSERT ON t WHEN EXISTS (SELECT 1 FROM t WHERE id = NEW.id)
           BEGIN SELECT RAISE(ABORT, 'refused'); END"""
    )
    with pytest.raises(sqlite3.IntegrityError, match="refused"):
        db.execute("INSERT OR REPLACE INTO t VALUES (1, 'replaced')")
    assert ask(db, "SELECT x FROM t") == "kept"


def test_before_an_insert_a_number_not_given_is_minus_one(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("CREATE TABLE seen (id)")
    db.execute("CREATE TRIGGER look BEFORE INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.id); END")
    db.execute("INSERT INTO t (x) VALUES ('a')")
    db.execute("INSERT INTO t VALUES (7, 'b')")
    assert db.execute("SELECT id FROM seen").fetchall() == [(-1,), (7,)]


def test_what_a_trigger_aborts_is_the_statement_alone(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'refused'); END")
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (1, 'a')")
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("DELETE FROM t")
    db.execute("COMMIT")
    assert ask(db, "SELECT count(*) FROM t") == 1


def test_what_a_trigger_fails_keeps_the_rows_before_it(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute(
        "CREATE TRIGGER keep BEFORE INSERT ON t WHEN EXISTS (SELECT 1 FROM t WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(FAIL, 'refused'); END"
    )
    db.execute("INSERT INTO t VALUES (2, 'there')")
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT OR REPLACE INTO t VALUES (1, 'new'), (2, 'instead'), (3, 'later')")
    assert db.execute("SELECT * FROM t ORDER BY id").fetchall() == [(1, "new"), (2, "there")]


def test_a_savepoint_is_undone_alone(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("BEGIN IMMEDIATE")
    for number, kept in ((1, True), (2, False), (3, True)):
        db.execute("SAVEPOINT member")
        db.execute("INSERT INTO t (id) VALUES (?)", (number,))
        if not kept:
            db.execute("ROLLBACK TO member")
        db.execute("RELEASE member")
    db.execute("COMMIT")
    assert db.execute("SELECT id FROM t").fetchall() == [(1,), (3,)]


def test_only_integer_spelled_out_is_the_tables_own_key(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("CREATE TABLE wide (id BIGINT PRIMARY KEY)")
    indexes = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = '{}'"
    assert ask(db, indexes.format("t")) == 0
    assert ask(db, indexes.format("wide")) == 1


def test_sqlite_takes_a_file_of_a_byte_for_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"S")
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (id)")
    db.close()
    assert path.read_bytes()[:16] == b"SQLite format 3\0"


def test_sqlite_drops_what_is_ahead_of_an_empty_database(sqlite: Sqlite, tmp_path: Path) -> None:
    sqlite().execute("INSERT INTO t VALUES (1, 'x')")
    ahead = (tmp_path / "facts.db-wal").read_bytes()
    assert ahead
    (tmp_path / "cut.db").touch()
    (tmp_path / "cut.db-wal").write_bytes(ahead)
    db = sqlite3.connect(tmp_path / "cut.db")
    assert ask(db, "SELECT count(*) FROM sqlite_master") == 0
    db.close()
    assert not (tmp_path / "cut.db-wal").exists()


def test_making_tables_is_part_of_a_transaction(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("BEGIN IMMEDIATE")
    db.execute("CREATE TABLE made (id)")
    db.execute("ROLLBACK")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        db.execute("SELECT * FROM made")


def test_a_wal_reader_keeps_tables_that_were_dropped_meanwhile(sqlite: Sqlite) -> None:
    db, reader = sqlite(), sqlite()
    db.execute("CREATE TABLE old (id)")
    db.execute("INSERT INTO old VALUES (1)")
    reader.execute("BEGIN")
    ask(reader, "SELECT count(*) FROM t")
    db.execute("DROP TABLE old")
    assert ask(reader, "SELECT count(*) FROM old") == 1


def test_an_upsert_whose_condition_fails_gives_no_row(sqlite: Sqlite) -> None:
    db = sqlite()
    taking = (
        "INSERT INTO t VALUES (1, {0}) ON CONFLICT (id) DO UPDATE SET x = excluded.x "
        "WHERE t.x < 5 RETURNING x"
    )
    assert db.execute(taking.format(3)).fetchall() == [(3,)]
    assert db.execute(taking.format(7)).fetchall() == [(7,)]
    assert db.execute(taking.format(8)).fetchall() == []


def test_the_time_of_day_is_known_to_the_millisecond(sqlite: Sqlite) -> None:
    now = "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    db = sqlite()
    before = time.time_ns() // 1_000_000
    assert before - 1 <= ask(db, now) <= time.time_ns() // 1_000_000 + 1


def test_cursors_of_one_connection_see_what_is_not_committed(sqlite: Sqlite) -> None:
    db = sqlite()
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (1, 'a')")
    assert ask(db.cursor(), "SELECT count(*) FROM t") == 1


def test_what_was_deleted_stays_in_sqlites_files_until_they_are_written_anew(
    sqlite: Sqlite, tmp_path: Path
) -> None:
    db = sqlite()
    db.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"word{n} " * 200) for n in range(100)])
    db.execute("DELETE FROM t WHERE id < 50")

    def left() -> bool:
        return any(b"word42 " in path.read_bytes() for path in tmp_path.glob("facts.db*"))

    assert left()
    db.execute("VACUUM")
    assert left(), "it is in the write-ahead log still"
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not left()


def test_a_checkpoint_that_a_reader_holds_up_says_so(sqlite: Sqlite) -> None:
    writer, reader = sqlite(), sqlite()
    reader.execute("BEGIN")
    assert ask(reader, "SELECT count(*) FROM t") == 0
    writer.execute("INSERT INTO t VALUES (1, 'x')")
    assert ask(writer, "PRAGMA wal_checkpoint(TRUNCATE)") == 1
    reader.execute("COMMIT")
    assert ask(writer, "PRAGMA wal_checkpoint(TRUNCATE)") == 0


def test_sqlite_texts_hold_no_half_surrogate(sqlite: Sqlite) -> None:
    db = sqlite()
    with pytest.raises(UnicodeEncodeError):
        db.execute("INSERT INTO t (x) VALUES (?)", ("\ud800",))
    with pytest.raises(OverflowError):
        db.execute("INSERT INTO t (x) VALUES (?)", (2**63,))


# -- PostgreSQL: order ---------------------------------------------------------------------------


def test_a_sequence_is_never_rolled_back(postgres: Postgres) -> None:
    a, b = postgres(), postgres()
    a.execute("DROP SEQUENCE IF EXISTS s")
    a.execute("CREATE SEQUENCE s")
    a.execute("BEGIN")
    assert ask(a, "SELECT nextval('s')") == 1
    assert ask(b, "SELECT nextval('s')") == 2  # and may be committed first
    a.execute("ROLLBACK")
    assert ask(b, "SELECT nextval('s')") == 3


def test_a_lock_is_let_go_after_the_commit_can_be_seen(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("BEGIN")
    a.execute("SELECT pg_advisory_xact_lock(1)")
    a.execute("INSERT INTO t VALUES (1, 'a')")
    b.execute("BEGIN")
    with running(lambda: b.execute("SELECT pg_advisory_xact_lock(1)")) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        waiting.result(PATIENCE)
    assert ask(b, "SELECT count(*) FROM t") == 1


def test_a_statement_that_waited_for_a_lock_sees_what_was_there_before(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("BEGIN")
    a.execute("SELECT pg_advisory_xact_lock(1)")
    a.execute("INSERT INTO t VALUES (1, 'a')")
    both = "SELECT count(*) FROM t, pg_advisory_xact_lock(1)"
    with running(lambda: ask(b, both)) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        assert waiting.result(PATIENCE) == 0
    assert ask(b, both) == 1


def test_a_repeatable_look_does_not_grow(postgres: Postgres) -> None:
    reader, writer = postgres(), postgres()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    writer.execute("INSERT INTO t VALUES (1, 'a')")
    assert ask(reader, "SELECT count(*) FROM t") == 1  # it begins with the first statement
    writer.execute("INSERT INTO t VALUES (2, 'b')")
    assert ask(reader, "SELECT count(*) FROM t") == 1


def test_advisory_locks_are_listed_with_their_keys(postgres: Postgres) -> None:
    a, watcher = postgres(), postgres()
    a.execute("BEGIN")
    a.execute("SELECT pg_advisory_xact_lock(77, pg_backend_pid())")
    listed = "SELECT array_agg(objid::bigint) FROM pg_locks WHERE classid = 77 AND objsubid = 2"
    assert ask(watcher, listed) == [a.info.backend_pid]
    a.execute("COMMIT")
    assert ask(watcher, listed) is None


def test_a_lock_of_the_session_outlives_the_transaction(postgres: Postgres) -> None:
    a, b = postgres(), postgres()
    a.execute("BEGIN")
    a.execute("SELECT pg_advisory_lock(5)")
    a.execute("ROLLBACK")
    assert ask(b, "SELECT pg_try_advisory_lock(5)") is False
    a.close()
    with running(lambda: b.execute("SELECT pg_advisory_lock(5)")) as waiting:
        waiting.result(PATIENCE)


# -- PostgreSQL: writers at the same time --------------------------------------------------------


def test_an_insert_waits_for_the_same_key_and_then_does_nothing(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("BEGIN")
    a.execute("INSERT INTO t VALUES (1, 'first')")
    again = "INSERT INTO t VALUES (1, 'second') ON CONFLICT DO NOTHING"
    with running(lambda: b.execute(again)) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        waiting.result(PATIENCE)
    assert ask(b, "SELECT x FROM t") == "first"


def test_a_change_that_waited_for_a_row_asks_its_condition_again(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("INSERT INTO t VALUES (1, 'mine')")
    a.execute("BEGIN")
    a.execute("UPDATE t SET x = 'yours' WHERE id = 1")
    renewing = "UPDATE t SET x = 'mine again' WHERE id = 1 AND x = 'mine' RETURNING x"
    with running(lambda: b.execute(renewing).fetchall()) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        assert waiting.result(PATIENCE) == []


def test_an_upsert_that_waited_for_a_row_asks_its_condition_again(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("INSERT INTO t VALUES (1, 'free')")
    taking = (
        "INSERT INTO t VALUES (1, 'taken') ON CONFLICT (id) DO UPDATE SET x = excluded.x "
        "WHERE t.x = 'free' RETURNING x"
    )
    a.execute("BEGIN")
    assert a.execute(taking).fetchall() == [("taken",)]
    with running(lambda: b.execute(taking).fetchall()) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        assert waiting.result(PATIENCE) == []


def test_a_look_keeps_deleted_rows_but_not_dropped_tables(postgres: Postgres) -> None:
    a, b = postgres(), postgres()
    a.execute("DROP TABLE IF EXISTS old")
    a.execute("CREATE TABLE old (id bigint)")
    a.execute("INSERT INTO old VALUES (1)")
    b.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    ask(b, "SELECT count(*) FROM t")
    a.execute("DELETE FROM old")
    b.execute("SAVEPOINT before")
    assert ask(b, "SELECT count(*) FROM old") == 1
    b.execute("ROLLBACK TO before")
    a.execute("DROP TABLE old")
    with pytest.raises(psycopg.errors.UndefinedTable):
        ask(b, "SELECT count(*) FROM old")


def test_a_locked_row_is_read_as_it_was_committed(postgres: Postgres) -> None:
    a, b, watcher = postgres(), postgres(), postgres()
    a.execute("INSERT INTO t VALUES (1, 'old')")
    a.execute("BEGIN")
    a.execute("UPDATE t SET x = 'new'")
    with running(lambda: ask(b, "SELECT x FROM t WHERE id = 1 FOR UPDATE")) as waiting:
        wait_until_blocked(watcher, b)
        a.execute("COMMIT")
        assert waiting.result(PATIENCE) == "new"


def test_after_an_error_the_transaction_is_lost(postgres: Postgres) -> None:
    db = postgres()
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (1, 'a')")
    with pytest.raises(psycopg.errors.UndefinedTable):
        db.execute("SELECT * FROM there_is_none")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        db.execute("SELECT 1")
    assert db.execute("COMMIT").statusmessage == "ROLLBACK"
    assert ask(db, "SELECT count(*) FROM t") == 0


def test_in_a_pipeline_an_error_comes_late(postgres: Postgres) -> None:
    passed = []

    def ask_in_a_pipeline() -> None:
        with postgres() as db, db.pipeline():
            db.execute("INSERT INTO there_is_none VALUES (1)")
            passed.append("the statement itself")
            db.execute("SELECT 1").fetchone()

    # Which of the two is told depends on when the driver finds the first answer.
    told = (psycopg.errors.UndefinedTable, psycopg.errors.PipelineAborted)
    with pytest.raises(told):
        ask_in_a_pipeline()
    assert passed


def test_the_server_knows_what_became_of_a_transaction(postgres: Postgres) -> None:
    a, b = postgres(), postgres()
    outcomes = []
    for end in ("COMMIT", "ROLLBACK"):
        a.execute("BEGIN")
        number = ask(a, "SELECT pg_current_xact_id()::text")
        outcome = f"SELECT pg_xact_status('{number}'::xid8)"
        assert ask(b, outcome) == "in progress"
        a.execute(end)
        outcomes.append(ask(b, outcome))
    assert outcomes == ["committed", "aborted"]


def test_a_setting_of_the_transaction_ends_with_it(postgres: Postgres) -> None:
    db = postgres()
    name = "idle_in_transaction_session_timeout"
    before = ask(db, f"SHOW {name}")
    db.execute("BEGIN")
    db.execute(f"SELECT set_config('{name}', '300000', true)")
    assert ask(db, f"SHOW {name}") == "5min"
    db.execute("COMMIT")
    assert ask(db, f"SHOW {name}") == before


def test_making_tables_and_triggers_is_part_of_a_transaction_too(postgres: Postgres) -> None:
    db = postgres()
    db.execute("BEGIN")
    db.execute("CREATE TABLE made (id int)")
    db.execute("CREATE SEQUENCE made_ids")
    db.execute("ROLLBACK")
    assert ask(db, "SELECT to_regclass('made') IS NULL AND to_regclass('made_ids') IS NULL")


# -- PostgreSQL: news ----------------------------------------------------------------------------


def test_news_come_with_the_commit_and_once(postgres: Postgres) -> None:
    listener, writer = postgres(), postgres()
    listener.execute("LISTEN facts")
    writer.execute("BEGIN")
    writer.execute("NOTIFY facts, 'undone'")
    writer.execute("ROLLBACK")
    writer.execute("BEGIN")
    writer.execute("NOTIFY facts, 'kept'")
    writer.execute("NOTIFY facts, 'kept'")
    assert list(listener.notifies(timeout=0)) == []
    writer.execute("COMMIT")
    heard = [n.payload for n in listener.notifies(timeout=PATIENCE, stop_after=1)]
    assert heard + [n.payload for n in listener.notifies(timeout=0)] == ["kept"]


def test_what_was_told_before_one_listens_is_not_heard(postgres: Postgres) -> None:
    listener, writer = postgres(), postgres()
    writer.execute("NOTIFY facts, 'early'")
    listener.execute("LISTEN facts")
    writer.execute("NOTIFY facts, 'late'")
    heard = [n.payload for n in listener.notifies(timeout=PATIENCE, stop_after=1)]
    assert heard == ["late"]


# -- PostgreSQL: what columns take -----------------------------------------------------------------


def test_truncate_fires_no_trigger_for_rows(postgres: Postgres) -> None:
    db = postgres()
    db.execute(
        """CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'refused'; END $$"""
    )
    db.execute("INSERT INTO t VALUES (1, 'a')")
    db.execute("CREATE TRIGGER r BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION refuse()")
    db.execute("TRUNCATE t")
    assert ask(db, "SELECT count(*) FROM t") == 0
    db.execute("CREATE TRIGGER s BEFORE TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION refuse()")
    with pytest.raises(psycopg.errors.RaiseException, match="refused"):
        db.execute("TRUNCATE t")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_postgresql_texts_hold_neither_nul_nor_half_a_surrogate(
    postgres: Postgres, text: str
) -> None:
    db = postgres()
    with pytest.raises((psycopg.DataError, UnicodeEncodeError)):
        db.execute("INSERT INTO t VALUES (1, %s)", (text,))
    raw = text.encode("utf-8", "surrogatepass")
    assert db.execute("SELECT %s::bytea", (raw,)).fetchone() == (raw,)


def test_an_index_takes_rows_of_some_length_only(postgres: Postgres) -> None:
    db = postgres()
    db.execute("CREATE UNIQUE INDEX ON t (x)")
    for length in (1024, 2600):
        db.execute("INSERT INTO t VALUES (%s, %s)", (length, os.urandom(length // 2).hex()))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="index row size"):
        db.execute("INSERT INTO t VALUES (3, %s)", (os.urandom(2000).hex(),))


def test_the_c_collation_orders_by_bytes(postgres: Postgres) -> None:
    db = postgres()
    names = ["a/b", "a0", "a%2Fb", "B", "a", "a/", "Z%C3%84", "~"]
    values = ", ".join(f"('{name}')" for name in names)
    ordered = db.execute(f'SELECT x FROM (VALUES {values}) v(x) ORDER BY x COLLATE "C"').fetchall()
    assert [name for (name,) in ordered] == sorted(names, key=str.encode)
    between = f"""SELECT array_agg(x) FROM (VALUES {values}) v(x)
        WHERE x COLLATE "C" >= 'a/' AND x COLLATE "C" < 'a0'"""
    assert set(ask(db, between)) == {"a/b", "a/"}


def test_a_bigint_refuses_what_it_cannot_hold(postgres: Postgres) -> None:
    with pytest.raises(psycopg.DataError):
        postgres().execute("INSERT INTO t VALUES (%s, NULL)", (2**63,))


def test_a_deleted_row_is_copied_while_somebody_looks_from_before(postgres: Postgres) -> None:
    db, looking = postgres(), postgres()
    size = "SELECT pg_relation_size('t')"
    db.execute("INSERT INTO t SELECT n, repeat('x', 500) FROM generate_series(1, 100) n")
    looking.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    # It looks at another table; one that it looked at is locked until it ends.
    looking.execute("SELECT count(*) FROM pg_class")
    db.execute("DELETE FROM t")
    db.execute("VACUUM (FULL) t")
    assert ask(db, size) > 0
    looking.execute("COMMIT")
    db.execute("VACUUM (FULL) t")
    assert ask(db, size) == 0


def test_the_planners_notes_hold_values_and_those_of_an_empty_table_stay(
    postgres: Postgres,
) -> None:
    db = postgres()
    noted = "SELECT string_agg(s::text, ' ') FROM pg_stats s WHERE tablename = 't'"
    db.execute("INSERT INTO t SELECT n, 'a secret' FROM generate_series(1, 10) n")
    db.execute("ANALYZE t")
    assert "a secret" in ask(db, noted)
    db.execute("DELETE FROM t")
    db.execute("VACUUM (FULL, ANALYZE) t")
    assert "a secret" in ask(db, noted)
    db.execute("ALTER TABLE t ALTER COLUMN x TYPE text")
    assert "a secret" not in (ask(db, noted) or "")
