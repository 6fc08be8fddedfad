"""PostgreSQL goes away: the append says so, or is done again; the same log goes on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, make_url

import turnlog
from tests.faults.oracles import assert_whole, conversation, joined
from tests.support import servers
from turnlog.adapters.storage.postgres.driver import DriverCursor
from turnlog.domain.errors import StorageError
from turnlog.domain.keys import SessionKey

KEY = SessionKey("shop", "lost")


@contextmanager
def on_statement(
    patch: pytest.MonkeyPatch, number: int, do: Callable[[], None]
) -> Iterator[list[int]]:
    """Do something just before the log sends its nth statement; gives how many there were."""
    sent = [0]

    def stepping(original: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            sent[0] += 1
            if sent[0] == number:
                do()
            return original(*args, **kwargs)

        return stepped

    with patch.context() as context:
        for name in ("execute", "executemany"):
            context.setattr(DriverCursor, name, stepping(getattr(DriverCursor, name)))
        yield sent


def end_connections(url: str) -> None:
    """End every connection to the database but this one, as an administrator would."""
    with connected(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def connected(url: str | URL) -> psycopg.Connection[Any]:
    """A connection of our own."""
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


class Server:
    """A PostgreSQL of this test's own, which it may end and start again."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.data = Path(str(url.query["host"])) / "data"
        pid = self._pid()
        self._command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
        self._user = Path(f"/proc/{pid}").stat().st_uid
        self._started: subprocess.Popen[bytes] | None = None

    def _pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Shut it down as `pg_ctl stop -m fast` does."""
        os.kill(self._pid(), signal.SIGINT)
        if self._started is not None:
            self._started.wait(30)
        wait_until(lambda: not (self.data / "postmaster.pid").exists())

    def start(self) -> None:
        """Start it again, on the same data."""
        self._started = subprocess.Popen(
            self._command,
            cwd=self.data,
            user=self._user if os.getuid() == 0 else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def crash(self) -> None:
        """Kill one of its processes, which makes it end all the others and recover."""
        with connected(self.url) as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            os.kill(row[0], signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")

    def _answers(self) -> bool:
        try:
            connected(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for what happens within 30 seconds."""
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of our own."""
    with servers.postgres_server() as url:
        server = Server(url)
        try:
            yield server
        finally:
            if server._started is not None:
                server.stop()


def test_a_connection_that_is_ended_in_mid_transaction(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost connection must never leave an append in part, nor the log unusable."""
    batches = conversation(60)
    with turnlog.open(postgres_url) as log:
        there, statement, sent = 0, 0, [99]
        while statement <= sent[0]:
            statement += 1
            with on_statement(
                monkeypatch, statement, lambda: end_connections(postgres_url)
            ) as sent:
                try:
                    log.append(KEY, batches[there])
                except StorageError as problem:
                    advice = str(problem)
                    assert "again" in advice
            log.append(KEY, batches[there])  # again: what is recorded already is left out
            there += 1
            assert log.load(KEY) == joined(batches[:there])
        assert there > 8
        assert_whole(log)


def test_connections_that_were_ended_while_nobody_used_them(postgres_url: str) -> None:
    """A server that was restarted over night must never cost a batch or a reader's answer."""
    batches = conversation(3)
    with turnlog.open(postgres_url) as log:
        log.append(KEY, batches[0])
        at_once(log, 6)
        end_connections(postgres_url)
        log.append(KEY, batches[1])
        at_once(log, 6)
        end_connections(postgres_url)
        assert log.load(KEY) == joined(batches[:2])
        log.append(KEY, batches[2])
        assert log.load(KEY) == joined(batches)
        assert_whole(log)


def at_once(log: turnlog.Log, readers: int) -> None:
    """Open several of the pool's connections."""
    meet = threading.Barrier(readers)

    def read() -> None:
        with log.store.read() as reader:
            reader.last_position()
            meet.wait(30)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_server_that_is_stopped_and_started_again(server: Server) -> None:
    """A stopped server must never cost an acknowledged batch, nor show through its driver."""
    batches = conversation(4)
    url = server.url.render_as_string(hide_password=False)
    with turnlog.open(url) as log:
        log.append(KEY, batches[0])
        server.stop()
        for attempt in (
            lambda: log.append(KEY, batches[1]),
            lambda: log.load(KEY),
            lambda: log.sessions(),
            lambda: turnlog.open(url),
            lambda: next(log.subscribe()),
        ):
            with pytest.raises(StorageError, match="try again when the server answers"):
                attempt()
        server.start()
        assert log.load(KEY) == batches[0]
        log.append(KEY, batches[1])
        server.crash()
        there = again_and_again(log, batches[2])
        assert there < 50
        log.append(KEY, batches[3])
        assert log.load(KEY) == joined(batches)
        assert_whole(log)


def again_and_again(log: turnlog.Log, batch: Any) -> int:
    """Append until it is acknowledged; gives how many attempts were refused."""
    for attempt in range(50):
        try:
            log.append(KEY, batch)
            return attempt
        except StorageError:
            time.sleep(0.1)
    return 50


def test_who_follows_the_log_outlives_a_lost_connection(postgres_url: str) -> None:
    """A follower must never miss an event, nor see one twice, over a restart of the server."""
    batches = conversation(3)
    with turnlog.open(postgres_url) as log:
        log.append(KEY, batches[0])
        seen = []
        for recorded in log.subscribe(stop=lambda: len(seen) == total(log)):
            seen.append(recorded.position)
            if len(seen) == total(log) and len(log.load(KEY) or []) < len(joined(batches)):
                end_connections(postgres_url)
                log.append(KEY, batches[1])
                log.append(KEY, batches[2])
        events = list(log.events(KEY))
        assert seen == [recorded.position for recorded in events]


def total(log: turnlog.Log) -> int:
    """How many events there are."""
    return log.state(KEY).version
