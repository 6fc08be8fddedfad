"""Encrypted logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import turnlog
from turnlog import Log

Open = Callable[..., Log]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of the keys, which is not there yet."""
    return tmp_path / "keys"


@pytest.fixture
def open_log(keys: Path) -> Iterator[Open]:
    """Opens logs with the keys; whatever is opened is closed."""
    with ExitStack() as stack:
        yield lambda url, **given: stack.enter_context(turnlog.open(url, **{"keys": keys} | given))


@pytest.fixture
def log(open_log: Open, sqlite_url: str) -> Log:
    """An encrypted log in a SQLite file."""
    return open_log(sqlite_url)
