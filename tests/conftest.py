"""What every test may ask for: a clean environment and places to store a log."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from sqlalchemy.engine import URL

import turnlog
from tests.support import memory, servers

# A shell starts what runs in its background with SIGINT ignored, and what the tests start and
# interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Every commit to a SQLite file is flushed, and a test makes several: in memory that waits for no
# disk. What the tests kill are processes, and files survive those there as on a disk.
if (_folder := memory.folder()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_folder))

# Settings of the machine that must not reach a test, by the start of their names.
FOREIGN = ("ANTHROPIC_", "CLAUDE", "TURNLOG_", "SESSION_", "DATABASE_URL", "REDIS_URL", "XDG_")
OURS = ("TURNLOG_TEST_",)


# A landing tries the examples that every landing tries; new ones are found at the desk. Fewer than
# hypothesis takes by itself: the properties are many, and the whole suite has ten minutes. How long
# examples take to draw is no property: on a busy machine any test would fail for it.
_UNTIMED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("landing", derandomize=True, max_examples=40, **_UNTIMED)
hypothesis.settings.register_profile("desk", max_examples=40, **_UNTIMED)
hypothesis.settings.load_profile("landing" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, in an environment without the settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) and not name.startswith(OURS):
            monkeypatch.delenv(name)
    path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("TURNLOG_ENV_FILE", "")  # none, whatever lies in the checkout
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'turnlog.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server, one for each worker: TURNLOG_TEST_DATABASE_URL or one we start."""
    if text := os.environ.get("TURNLOG_TEST_DATABASE_URL"):
        yield servers.external_postgres(text)
    else:
        with servers.postgres_server() as url:
            yield url


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with servers.fresh_database(postgres_server) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_model(postgres_server: URL) -> Iterator[str]:
    """The name of a database that holds an empty log: a copy is made sooner than its tables."""
    with servers.fresh_database(postgres_server) as url:
        turnlog.open(url.render_as_string(hide_password=False)).close()
        yield url.database or ""


@pytest.fixture
def postgres_log_url(postgres_server: URL, postgres_model: str) -> Iterator[str]:
    """The URL of a PostgreSQL database that holds an empty log."""
    with servers.fresh_database(postgres_server, like=postgres_model) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def redis_server(worker_id: str) -> Iterator[str]:
    """A Redis server, one for each worker: TURNLOG_TEST_REDIS_URL or one we start."""
    if text := os.environ.get("TURNLOG_TEST_REDIS_URL"):
        yield servers.external_redis(text, int(worker_id.removeprefix("gw").replace("master", "0")))
    else:
        with servers.redis_server() as url:
            yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis database."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


_NO_SERVER = {"memory": "memory:", "sqlite-memory": "sqlite://"}


@pytest.fixture(params=["memory", "sqlite-memory", "sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty log: in memory twice, in a SQLite file, in a PostgreSQL database."""
    return _url(request)


@pytest.fixture(params=["sqlite", "postgres"])
def durable_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty log that outlives its process: a SQLite file, a PostgreSQL database."""
    return _url(request)


def _url(request: pytest.FixtureRequest) -> str:
    if request.param in _NO_SERVER:
        return _NO_SERVER[request.param]
    name = "postgres_log_url" if request.param == "postgres" else f"{request.param}_url"
    url: str = request.getfixturevalue(name)
    return url
