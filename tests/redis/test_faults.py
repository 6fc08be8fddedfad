"""A Redis that is away, hangs, holds rubbish, or is shared: no append and no list fails for it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

import turnlog
from tests.redis.conftest import OpenLog, at_hand, in_database, in_redis, put, talk
from tests.support import servers
from turnlog.active.rows import row_of
from turnlog.adapters.redis import server as asked
from turnlog.adapters.redis.server import Away, InvalidRedis, Server
from turnlog.examining import examine
from turnlog.settings import InvalidSettings, Settings


@pytest.fixture
def own() -> Iterator[tuple[str, ExitStack]]:
    """A Redis of the test's own; closing the stack kills it."""
    with ExitStack() as stack:
        yield stack.enter_context(servers.redis_server()), stack


@contextmanager
def hung() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://:open-sesame@127.0.0.1:{listening.getsockname()[1]}/0"


def test_a_server_that_is_killed_is_done_without(
    own: tuple[str, ExitStack], sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A Redis that goes away must never fail an append or a list."""
    url, server = own
    with turnlog.open(sqlite_url, redis_url=url) as log:
        put(log, talk(1))
        assert len(in_redis(log)) == 1
        server.close()
        put(log, talk(2))
        assert log.active_sessions() == in_database(log)
        assert len(log.active_sessions()) == 2
        assert at_hand(log).page(None, 10, None) is None
        assert at_hand(log).server.problem is not None
        with pytest.raises(Away):
            at_hand(log).follower.catch_up()


def test_a_server_that_comes_back_is_caught_up(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A list of before it went away must never be taken for the present one."""
    path = tmp_path / "redis.sock"
    with turnlog.open(sqlite_url, redis_url=f"unix://{path}") as log:
        put(log, talk(1))
        assert len(log.active_sessions()) == 1
        with servers.redis_server() as url:
            path.symlink_to(url.removeprefix("unix://").partition("?")[0])
            at_hand(log).server.try_again()
            assert len(in_redis(log)) == 1
            path.rename(tmp_path / "away.sock")
            at_hand(log).server.close()
            put(log, talk(2))
            assert len(log.active_sessions()) == 2
            (tmp_path / "away.sock").rename(path)
            at_hand(log).server.try_again()
            assert in_redis(log) == in_database(log)
            assert len(in_redis(log)) == 2


def test_a_server_that_hangs_holds_nobody_up(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that does not answer must never be waited for by an append, nor twice by a list."""
    monkeypatch.setattr(asked, "PATIENCE", 0.05)
    with hung() as url, turnlog.open(sqlite_url, redis_url=url) as log:
        put(log, talk(1))
        assert len(log.active_sessions()) == 1
        problem = at_hand(log).server.problem
        assert problem is not None
        assert "Timeout" in problem
        assert "open-sesame" not in problem
        asked_again: list[object] = []
        with pytest.raises(Away):  # it is left alone for a while
            at_hand(log).server.ask(asked_again.append)
        assert asked_again == []


def test_an_append_does_not_wait_for_redis(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append must never come back later because Redis is asked."""
    reached, go_on = threading.Event(), threading.Event()

    def stopped(self: Server, question: object) -> None:
        reached.set()
        assert go_on.wait(30)
        raise Away("stopped")

    monkeypatch.setattr(Server, "ask", stopped)
    log = turnlog.open(sqlite_url, redis_url="redis://127.0.0.1:1/0")
    put(log, talk(1))
    assert reached.wait(30)
    put(log, talk(2))
    assert log.stats().sessions == 2
    go_on.set()
    log.close()


@pytest.mark.parametrize(
    "meddle",
    [
        lambda client, name: client.set(f"{name}:about", "rubbish"),
        lambda client, name: client.hset(f"{name}:about", "position", "many"),
        lambda client, name: client.hset(f"{name}:about", "mark", b"\xff"),
        lambda client, name: client.hset(f"{name}:rows", f"{1:020d}", "not json"),
        lambda client, name: client.hset(f"{name}:rows", f"{1:020d}", "[1]"),
        lambda client, name: client.hset(f"{name}:rows", f"{1:020d}", '{"stream": 1}'),
        lambda client, name: client.hdel(f"{name}:rows", f"{1:020d}"),
        lambda client, name: client.zadd(f"{name}:list", {"nobody": 9e15}),
        lambda client, name: client.hset(f"{name}:owners", f"{1:020d}", "grace"),
    ],
)
def test_rubbish_in_redis_is_not_shown(open_log: OpenLog, redis_url: str, meddle: object) -> None:
    """What others wrote into Redis must never be taken for a session, nor fail a list."""
    log = open_log()
    put(log, talk(1), "ada")
    expected = in_redis(log)
    log.store.settle()
    with redis.Redis.from_url(redis_url) as client:
        (about,) = [key.decode() for key in client.keys("*:about")]
        meddle(client, about.removesuffix(":about"))  # type: ignore[operator]
        assert log.active_sessions() == expected == in_database(log)
        at_hand(log).server.try_again()
        assert log.active_sessions() == expected


def test_a_row_of_another_release_is_made_again(open_log: OpenLog, redis_url: str) -> None:
    log = open_log()
    put(log, talk(1))
    (session,) = in_redis(log)
    older = {name: value for name, value in row_of(session).items() if name != "tags"}
    with redis.Redis.from_url(redis_url) as client:
        (rows,) = client.keys("*:rows")
        client.hset(rows, f"{session.stream:020d}", json.dumps(older))
    assert log.active_sessions() == [session]
    assert in_redis(log) == [session]


_OTHER = """
import sys
import turnlog
from tests.redis.conftest import put, talk

with turnlog.open(sys.argv[1], redis_url=sys.argv[2]) as log:
    for seed in range(100, 104):
        put(log, talk(seed), "grace")
        log.active_sessions()
"""


def test_two_processes_keep_one_list(open_log: OpenLog, sqlite_url: str, redis_url: str) -> None:
    """Two processes that write and read at once must never leave a list that is neither's."""
    log = open_log(sqlite_url)
    with subprocess.Popen([sys.executable, "-c", _OTHER, sqlite_url, redis_url]) as other:
        for seed in range(4):
            put(log, talk(seed), "ada")
            shown = {s.session_id for s in log.active_sessions(limit=100)}
            assert {talk(n).session_id for n in range(seed + 1)} <= shown
        assert other.wait(60) == 0
    assert len(in_redis(log)) == 8
    assert in_redis(log) == in_database(log)
    assert len(in_redis(log, "grace")) == 4


def test_an_encrypted_log_keeps_no_list(tmp_path: Path, redis_url: str) -> None:
    """A text of an encrypted log must never lie open in Redis."""
    pytest.importorskip("cryptography")
    with pytest.raises(turnlog.Refused, match="is encrypted, and Redis would hold the titles"):
        turnlog.open(
            f"sqlite:///{tmp_path / 'log.db'}", redis_url=redis_url, keys=tmp_path / "keys"
        )
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


# -- what is told ----------------------------------------------------------------------------


def findings(monkeypatch: pytest.MonkeyPatch, database: str, url: str) -> dict[str, str]:
    monkeypatch.setenv("TURNLOG_DATABASE_URL", database)
    monkeypatch.setenv("TURNLOG_REDIS_URL", url)
    return {f.about: f"{f.level}: {f.what} → {f.todo}" for f in examine(Settings.load().location())}


def test_the_doctor_says_how_redis_is(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, redis_url: str
) -> None:
    with turnlog.open(sqlite_url, redis_url=redis_url) as log:
        put(log, talk(1))
    told = findings(monkeypatch, sqlite_url, redis_url)["redis"]
    assert told.startswith("good: ")
    assert "1 active session" in told
    away = findings(monkeypatch, sqlite_url, "redis://:open-sesame@127.0.0.1:1/0")["redis"]
    assert away.startswith("warn: redis://:***@127.0.0.1:1/0 (TURNLOG_REDIS_URL) does not answer")
    assert "the database is asked instead" in away
    assert "open-sesame" not in away


@pytest.mark.parametrize("url", ["http://host/0", "127.0.0.1:6379", "postgresql://host/x"])
def test_what_names_no_redis_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TURNLOG_REDIS_URL", url)
    with pytest.raises(InvalidSettings, match="TURNLOG_REDIS_URL names no Redis"):
        turnlog.open("memory:")


def test_a_redis_url_that_makes_no_sense_is_told_without_its_password() -> None:
    with pytest.raises(InvalidRedis) as refused:
        turnlog.open("memory:", redis_url="redis://:open-sesame@host:many/0")
    assert "open-sesame" not in str(refused.value)


def test_without_its_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(turnlog.MissingExtra, match=r"pip install 'turnlog\[redis\]'"):
        turnlog.open("memory:", redis_url="redis://127.0.0.1:1/0")
    turnlog.open("memory:").close()
