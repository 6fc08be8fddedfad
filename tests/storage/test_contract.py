"""Every store passes the contract that is published: ``turnlog.testing.StoreContract``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.storage.storing import opened, record, turn
from turnlog.adapters.storage.sqlite import together
from turnlog.adapters.storage.stores import open_store
from turnlog.testing.store import MakeStore, StoreContract

THREADS = 16


class Certified(StoreContract):
    """A store that a URL names."""

    @pytest.fixture
    def make_store(self, url: str) -> MakeStore:
        return lambda clock: open_store(url, clock=clock)


class TestInMemory(Certified):
    """The definition."""

    durable = False

    @pytest.fixture
    def url(self) -> str:
        return "memory:"


class TestSqliteInMemory(Certified):
    durable = False
    grows = True

    @pytest.fixture
    def url(self) -> str:
        return "sqlite://"


class TestSqlite(Certified):
    @pytest.fixture
    def url(self, sqlite_url: str) -> str:
        return sqlite_url


class TestPostgres(Certified):
    @pytest.fixture
    def url(self, postgres_log_url: str) -> str:
        return postgres_log_url


def test_more_threads_than_a_group_takes_are_all_answered(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append must never come back before it was done."""
    monkeypatch.setattr(together, "LARGEST_GROUP", 3)
    with opened(sqlite_url) as store, ThreadPoolExecutor(THREADS) as pool:
        versions = pool.map(
            lambda number: record(store, turn(number)).first_version, range(THREADS)
        )
        assert sorted(versions) == list(range(1, THREADS + 1))
