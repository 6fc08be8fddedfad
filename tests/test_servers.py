"""The servers that other tests stand on."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text


def test_postgres_answers_from_an_empty_database(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE turns (n int)"))
        connection.execute(text("INSERT INTO turns VALUES (1)"))
        assert connection.scalar(text("SELECT count(*) FROM turns")) == 1
    engine.dispose()


@pytest.mark.parametrize("again", [1, 2])
def test_each_test_has_a_postgres_database_of_its_own(postgres_url: str, again: int) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE only_once (n int)"))
    engine.dispose()


@pytest.mark.parametrize("again", [1, 2])
def test_redis_answers_from_an_empty_database(redis_url: str, again: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("active", "1")
        assert client.get("active") == b"1"


def test_every_store_has_a_url(store_url: str) -> None:
    assert store_url.startswith(("memory:", "sqlite://", "postgresql+psycopg://"))


def test_the_home_is_empty_and_not_the_real_one(home: Path) -> None:
    assert Path.home() == home
    assert list(home.iterdir()) == []


def test_a_killed_test_run_leaves_no_server_behind() -> None:
    """A test run that is killed must never leave a database server running."""
    script = (
        "from tests.support.servers import redis_server\n"
        "import time\n"
        "with redis_server() as url:\n"
        "    print(url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        socket = Path(run.stdout.readline().removeprefix("unix://").split("?")[0])
        assert socket.exists()
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while socket.parent.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not socket.parent.exists()
