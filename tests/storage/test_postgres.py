"""What only PostgreSQL asks for: writers that run at the same time, and connections that die."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
    held,
    key,
    opened,
    record,
    recorded,
    recording,
    renamed,
    running,
    started,
    turn,
    turns,
)
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.postgres.driver import DriverCursor
from turnlog.adapters.storage.postgres.store import PostgresStore
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.errors import NewerSchema, NotADatabase, StorageError

WAITING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    with opened(postgres_url) as opened_store:
        assert isinstance(opened_store, PostgresStore)
        yield opened_store


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of our own to the database."""
    url = make_url(postgres_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def ask(database: psycopg.Connection[Any], query: str) -> Any:
    row = database.execute(query).fetchone()
    return row[0] if row is not None else None


def wait_for_lock(database: psycopg.Connection[Any], waiting: int = 1) -> None:
    """Return when so many sessions wait for a lock."""
    patience = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if ask(database, WAITING) >= waiting:
            return
        patience.wait(0.005)
    raise AssertionError("nobody waits for a lock")


def positions(store: PostgresStore, after: int = 0) -> list[int]:
    return [r.position for r in store.log(after, 100)]


# -- the order of the log ----------------------------------------------------------------------


def test_a_reader_never_passes_an_append_that_is_not_committed(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """An event that commits after a later one must never be skipped."""
    with held(store, recording([started(), turn(1)])) as first:
        record(store, started(key(2)), at=key(2))
        with running(lambda: positions(store)) as reading:
            wait_for_lock(database)
            assert not reading.done()
            first.release()
            assert reading.result(PATIENCE) == [1, 2, 3]


def test_a_reader_takes_what_lies_before_the_hole_without_waiting(store: PostgresStore) -> None:
    record(store, started())
    with held(store, recording(turns(1, 2))) as first:
        record(store, started(key(2)), at=key(2))
        assert positions(store) == [1]
        first.release()
    assert positions(store) == [1, 2, 3, 4]
    assert positions(store, 1) == [2, 3, 4]


def test_a_hole_that_was_rolled_back_is_passed(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """A reader must never wait for ever for an append that failed."""
    with held(store, recording([started(), turn(1)])) as first:
        record(store, started(key(2)), at=key(2))
        with running(lambda: positions(store)) as reading:
            wait_for_lock(database)
            first.undo()
            assert reading.result(PATIENCE) == [3]
    record(store, turn(2), at=key(2))
    assert positions(store) == [3, 4]


def test_a_reader_that_waits_does_not_hold_up_those_who_write(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    with held(store, recording([started()])) as first:
        record(store, started(key(2)), at=key(2))
        with running(lambda: positions(store)) as reading:
            wait_for_lock(database)
            for number in range(5):
                record(store, turn(number), at=key(2))
            assert not reading.done()
            first.release()
            assert reading.result(PATIENCE)[:2] == [1, 2]


def test_a_reader_waits_only_for_those_that_may_fill_the_hole(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """Writers that come one after the other must never keep a reader waiting for ever."""
    with held(store, recording([started()])) as first:
        record(store, started(key(2)), at=key(2))
        with running(lambda: positions(store)) as reading:
            wait_for_lock(database)
            with held(store, recording([started(key(3))], key(3))) as later:
                first.release()
                assert reading.result(PATIENCE) == [1, 2]
                later.release()


def test_a_range_of_positions_is_drawn_whole(store: PostgresStore) -> None:
    """The events of one append must never stand between those of another."""

    def work(thread: int) -> list[tuple[int, int]]:
        drawn = [record(store, *turns(1, 7), at=key(thread)) for _ in range(6)]
        return [(a.first_position, a.events) for a in drawn]

    with ThreadPoolExecutor(8) as pool:
        ranges = sorted(r for drawn in pool.map(work, range(8)) for r in drawn)
    position = 1
    for first, count in ranges:
        assert first == position
        position += count


def test_a_reader_that_follows_writers_misses_nothing(store: PostgresStore) -> None:
    """Of many appends at once, some undone, a reader must never miss one or see one twice."""
    kept: list[int] = []
    writing = threading.Event()

    def append(thread: int, number: int) -> None:
        def work(transaction: Transaction) -> range:
            appended = recording(turns(1, 1 + number % 3), key(thread))(transaction)
            if (thread + number) % 5 == 0:
                raise LookupError
            return range(appended.first_position, appended.first_position + appended.events)

        with suppress(LookupError):
            kept.extend(store.write(work))

    def write(thread: int) -> None:
        for number in range(12):
            append(thread, number)

    def read() -> list[int]:
        seen: list[int] = []
        while True:
            last = not writing.is_set()
            seen.extend(r.position for r in store.log(seen[-1] if seen else 0, 7))
            if last and not store.log(seen[-1] if seen else 0, 7):
                return seen

    writing.set()
    with ThreadPoolExecutor(9) as pool:
        reading = pool.submit(read)
        list(pool.map(write, range(6)))
        writing.clear()
        seen = reading.result(PATIENCE)
    assert seen == sorted(kept)


# -- writing alone, deadlocks ------------------------------------------------------------------


def test_a_write_that_must_be_alone_waits_for_the_others_and_keeps_them_out(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    with held(store, recording([started()])) as other:
        seen: list[int] = []

        def alone(transaction: Transaction) -> None:
            seen.append(transaction.last_position())

        with running(lambda: store.write(alone, alone=True)) as writing:
            wait_for_lock(database)
            with running(lambda: record(store, started(key(2)), at=key(2))) as later:
                wait_for_lock(database, 2)
                other.release()
                writing.result(PATIENCE)
                later.result(PATIENCE)
    assert seen == [1]


def test_a_deadlock_is_tried_again(store: PostgresStore) -> None:
    """Two pieces of work that lock two streams in opposite order must both succeed."""
    for number in (1, 2):
        record(store, started(key(number)), at=key(number))
    both = threading.Barrier(2)
    ran: list[int] = []

    def crossing(first: int, second: int) -> Callable[[Transaction], None]:
        def work(transaction: Transaction) -> None:
            recording([turn(first)], key(first))(transaction)
            if first not in ran:
                ran.append(first)
                both.wait(PATIENCE)
            else:
                ran.append(first)
            recording([turn(second)], key(second))(transaction)

        return work

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(store.write, crossing(*pair)) for pair in ((1, 2), (2, 1))]:
            done.result(PATIENCE)
    assert len(ran) == 3
    assert [len(recorded(store, key(number))) for number in (1, 2)] == [3, 3]
    with store.read() as reader:
        assert reader.stale() == {}


# -- processes ---------------------------------------------------------------------------------


def test_processes_that_open_a_new_database_at_once_all_can(postgres_url: str) -> None:
    """Making the tables must never fail because another process makes them too."""
    batches = [[{"type": "user", "uuid": str(n), "message": {}}] for n in range(4)]
    with (
        child(children.open_when_told, postgres_url, KEY, batches[0]) as a,
        child(children.open_when_told, postgres_url, KEY, batches[1]) as b,
        child(children.open_when_told, postgres_url, KEY, batches[2]) as c,
        child(children.open_when_told, postgres_url, KEY, batches[3]) as d,
    ):
        for process in (a, b, c, d):
            assert process.hear() == "ready"
        for process in (a, b, c, d):
            process.tell()
        assert [process.hear() for process in (a, b, c, d)] == [1, 1, 1, 1]


# -- connections that die ------------------------------------------------------------------------


END_OTHERS = """SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def test_connections_that_died_while_idle_are_replaced(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """A restart of the server must never fail the next append, read or wait."""
    record(store, started())
    store.wait(1, 0)
    assert ask(database, END_OTHERS) >= 2
    record(store, turn(1))
    assert ask(database, END_OTHERS) >= 1
    assert found(store).version == 2
    assert ask(database, END_OTHERS) >= 1
    assert positions(store) == [1, 2]
    assert store.wait(1, 0)


def test_an_append_whose_connection_dies_is_done_on_another(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """A connection lost before the commit must never lose the append, nor record it twice."""
    with held(store, recording([started(), turn(1)])) as appending:
        assert ask(database, END_OTHERS) >= 1
        appending.release()
    assert [r.version for r in recorded(store)] == [1, 2]


def test_an_append_whose_connection_dies_in_the_commit_is_recorded_once(
    store: PostgresStore, database: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the answer to a commit is lost, the append must be neither lost nor done twice."""
    record(store, started())
    run, outcome = DriverCursor.execute, DriverCursor.outcome
    unheard: list[DriverCursor] = []

    def die(self: DriverCursor, sql: str, parameters: Any = ()) -> None:
        run(self, sql, parameters)
        if sql == "COMMIT" and not unheard:
            unheard.append(self)
            self._connection.execute("SELECT 1").fetchone()  # by now the server has committed
            with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)

    def hear(self: DriverCursor) -> str | None:
        return None if self in unheard else outcome.fget(self)  # type: ignore[attr-defined]

    monkeypatch.setattr(DriverCursor, "execute", die)
    monkeypatch.setattr(DriverCursor, "outcome", property(hear))
    assert record(store, turn(1)).first_version == 2
    assert unheard
    assert [r.version for r in recorded(store)] == [1, 2]


def test_a_server_that_is_gone_is_said_to_be(
    store: PostgresStore, database: psycopg.Connection[Any], postgres_url: str
) -> None:
    record(store, started())
    name = ask(database, "SELECT current_database()")
    elsewhere = make_url(postgres_url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(elsewhere.render_as_string(hide_password=False)) as outside:
        outside.autocommit = True
        outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        ask(database, END_OTHERS)
        with pytest.raises(StorageError, match="connection"):
            record(store, turn(1))
        with pytest.raises(StorageError, match="connection"):
            found(store)
        outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert record(store, turn(1)).first_version == 2


def test_readers_that_are_abandoned_give_their_connections_back(store: PostgresStore) -> None:
    """Whoever stops in the middle of an iteration must never use the pool up."""
    record(store, started(), *turns(1, 5))
    for _ in range(60):
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            next(iter(reader.events(stream)))
    for _ in range(60):
        with suppress(LookupError), store.read():
            raise LookupError
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


# -- news ----------------------------------------------------------------------------------------


def test_an_append_between_the_first_look_and_the_wait_is_noticed(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed just before one begins to wait must never be slept through."""
    from turnlog.adapters.storage.postgres import store as postgres

    record(store, started())
    monkeypatch.setattr(postgres, "_POLL", 1e6)
    look = PostgresStore._is_after
    looks = []

    def late(self: PostgresStore, position: int, connection: psycopg.Connection[Any]) -> bool:
        news = look(self, position, connection)
        looks.append(news)
        if len(looks) == 1:
            record(store, turn(1))
        return news

    monkeypatch.setattr(PostgresStore, "_is_after", late)
    with running(lambda: store.wait(1, 1e6)) as waiting:
        assert waiting.result(PATIENCE)
    assert looks == [False, True]


def test_nobody_is_told_when_nobody_listens(
    store: PostgresStore, database: psycopg.Connection[Any]
) -> None:
    """An append must never pay for news that nobody waits for."""
    database.execute("LISTEN turnlog")
    record(store, started())
    with running(lambda: store.wait(1, PATIENCE)) as waiting:
        listening = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
        )
        while not ask(database, listening):
            pass
        record(store, turn(1))
        assert waiting.result(PATIENCE)
    assert len(list(database.notifies(timeout=PATIENCE, stop_after=1))) == 1
    assert list(database.notifies(timeout=0.1)) == []


# -- opening -------------------------------------------------------------------------------------


def test_opening_again_changes_nothing_and_waits_for_no_writer(
    store: PostgresStore, postgres_url: str
) -> None:
    """Opening a log must never wait until somebody else's append is done."""
    with held(store, recording([started()])) as writing:
        with running(lambda: open_store(postgres_url)) as opening:
            opening.result(PATIENCE).close()
        writing.release()
    assert found(store).version == 1


def test_a_database_with_tables_of_that_name_is_refused(
    postgres_url: str, database: psycopg.Connection[Any]
) -> None:
    database.execute("CREATE TABLE streams (id int)")
    with pytest.raises(NotADatabase, match="'streams' that is not turnlog's"):
        open_store(postgres_url)
    assert ask(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1


def test_a_log_of_a_later_release_is_refused(
    store: PostgresStore, postgres_url: str, database: psycopg.Connection[Any]
) -> None:
    database.execute("UPDATE about SET value = '99' WHERE name = 'schema'")
    with pytest.raises(NewerSchema, match="schema 99"):
        open_store(postgres_url)
    database.execute("UPDATE about SET value = '0' WHERE name = 'schema'")
    with pytest.raises(StorageError, match="earlier release"):
        open_store(postgres_url)


def test_a_log_may_have_a_schema_of_its_own(
    postgres_url: str, database: psycopg.Connection[Any]
) -> None:
    database.execute("CREATE TABLE events (id int)")
    database.execute("CREATE SCHEMA turnlog")
    url = make_url(postgres_url).update_query_dict({"options": "-csearch_path=turnlog"})
    with opened(url.render_as_string(hide_password=False)) as store:
        record(store, started())
        assert positions(store) == [1]
    assert ask(database, "SELECT count(*) FROM turnlog.events") == 1


def test_a_database_in_another_encoding_is_refused(
    postgres_url: str, database: psycopg.Connection[Any]
) -> None:
    url = make_url(postgres_url)
    name = f"{url.database}_latin"
    database.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(StorageError, match="LATIN1"):
            open_store(url.set(database=name).render_as_string(hide_password=False))
    finally:
        database.execute(f'DROP DATABASE "{name}"')


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"database": "there_is_none"}, "createdb"),
        ({"host": "localhost", "port": 1, "query": {}}, "connection"),
        ({"query": {"host": "/there/is/none"}}, "connection"),
        ({"query": {"no_such_option": "1"}}, "no_such_option"),
    ],
)
def test_a_url_that_leads_nowhere_is_explained(
    postgres_url: str, change: dict[str, Any], told: str
) -> None:
    url = make_url(postgres_url).set(**change)
    with pytest.raises(StorageError, match=told):
        open_store(url.render_as_string(hide_password=False))


def test_a_user_without_rights_is_told_so(
    store: PostgresStore, postgres_url: str, database: psycopg.Connection[Any]
) -> None:
    role = "reader_" + ask(database, "SELECT current_database()")
    database.execute(f"CREATE ROLE {role} LOGIN")
    try:
        url = make_url(postgres_url).set(username=role).render_as_string(hide_password=False)
        with pytest.raises(StorageError, match="permission denied"):
            open_store(url)
    finally:
        database.execute(f"DROP ROLE {role}")


def test_a_password_is_never_shown(postgres_url: str) -> None:
    """A password must never reach a message, a log or a screen."""
    url = make_url(postgres_url).set(password="open-sesame")
    with opened(url.render_as_string(hide_password=False)) as store:
        assert "open-sesame" not in store.url
    gone = url.set(database="there_is_none").render_as_string(hide_password=False)
    with pytest.raises(StorageError) as refused:
        open_store(gone)
    assert "open-sesame" not in str(refused.value)


def test_a_projection_that_fails_while_others_append_is_stale_from_one_place_on(
    store: PostgresStore, database: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was appended before the mark may be unfolded, nothing after it folded."""
    from turnlog.projections.sessions import Sessions

    fold_well = Sessions.fold

    def fail(self: Sessions, cursor: Any, runs: Any) -> None:
        if runs[0].key == key(9):
            raise ValueError("this cannot be folded")
        fold_well(self, cursor, runs)

    monkeypatch.setattr(Sessions, "fold", fail)
    with (
        held(store, recording([started(), renamed("Held")])) as other,
        running(lambda: record(store, started(key(9)), at=key(9))) as failing,
    ):
        wait_for_lock(database)
        other.release()
        appended = failing.result(PATIENCE)
    folded = [r.position for r in recorded(store)]
    with store.read() as reader:
        assert max(folded) < reader.stale()["sessions"] <= appended.first_position
    record(store, renamed("Later"))
    with store.read() as reader:
        table = f"{reader.live('sessions')}_sessions"
    title = ask(database, f"SELECT title FROM {table} WHERE name = '{KEY.stream_id}'")
    assert title == "Held"
