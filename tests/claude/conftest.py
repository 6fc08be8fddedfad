"""Logs of every kind for the tests of what speaks with the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.support import servers
from turnlog import Log

KINDS = ("memory", "sqlite in memory", "sqlite", "postgres")


@pytest.fixture(scope="module", params=KINDS)
def new_log(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Log]]:
    """Opens an empty log whenever it is called; of each kind in turn."""
    with ExitStack() as stack:

        def url() -> str:
            match request.param:
                case "memory":
                    return "memory:"
                case "sqlite in memory":
                    return "sqlite://"
                case "sqlite":
                    return f"sqlite:///{tmp_path_factory.mktemp('log') / 'turnlog.db'}"
            server = request.getfixturevalue("postgres_server")
            database = stack.enter_context(servers.fresh_database(server))
            return database.render_as_string(hide_password=False)

        yield lambda: stack.enter_context(turnlog.open(url()))


@pytest.fixture(scope="module")
def log(new_log: Callable[[], Log]) -> Log:
    """One log for all tests of a module: each has a project of its own."""
    return new_log()


@pytest.fixture
def key(tmp_path: Path) -> Any:
    """A session in a project that no other test writes to, as the SDK spells it."""
    return {"project_key": str(tmp_path), "session_id": "5e551014-0000-4000-8000-000000000001"}
