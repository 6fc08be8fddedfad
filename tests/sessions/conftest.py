"""A log, with a clock that a test may set where it needs one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import turnlog
from turnlog import Log
from turnlog.adapters.storage.stores import open_store

HALF_PAST_TWO = 1_769_783_400_123  # 2026-01-30 14:30:00.123 in UTC
"""Milliseconds since 1970."""
MINUTE = 60_000
HOUR = 60 * MINUTE


class Clock:
    """Goes only when it is told to."""

    def __init__(self) -> None:
        self.now = HALF_PAST_TWO

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def log() -> Iterator[Log]:
    """An empty log in memory."""
    with turnlog.open("memory:") as log:
        yield log


@pytest.fixture(params=["memory", "postgres"])
def any_log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """An empty log whose read models are in SQLite, or in PostgreSQL."""
    url = "memory:" if request.param == "memory" else request.getfixturevalue("postgres_url")
    with turnlog.open(url) as log:
        yield log


@pytest.fixture
def clock() -> Clock:
    """What ``timed`` goes by."""
    return Clock()


@pytest.fixture
def timed(clock: Clock) -> Iterator[Log]:
    """An empty log in memory that goes by ``clock``."""
    with Log(open_store("memory:", clock=clock)) as log:
        yield log
