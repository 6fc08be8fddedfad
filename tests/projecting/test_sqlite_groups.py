"""Appends that wait together share a commit; whoever changes what they fold does not share it."""

from __future__ import annotations

import threading
import time
from typing import Any

from turnlog.adapters.storage.sql.account import Place
from turnlog.adapters.storage.sqlite.store import SqliteStore

from .logs import KEY, log_with, rows, talk


def test_an_append_that_waits_behind_a_switch_folds_the_new_tables(sqlite_url: str) -> None:
    """It must never be folded into tables that nobody reads any more."""
    with log_with(sqlite_url, lifecycle="inline") as log:
        store = log.store
        assert isinstance(store, SqliteStore)
        talk(log)
        store.make_room(store.registry["kinds"], "b", lambda cursor: None)

        def switch(transaction: Any) -> None:
            store.account.switch(transaction.cursor, "kinds", Place(1, "b", 0))

        with store._writer:
            first = threading.Thread(target=lambda: store.write(switch, alone=True))
            first.start()
            _wait_until(lambda: len(store._together._group) == 1)
            second = threading.Thread(target=lambda: log.rename(KEY, "One"))
            second.start()
            _wait_until(lambda: len(store._together._waiting) == 1)
        first.join()
        second.join()
        assert [row[-1] for row in rows(log)["_titles"]] == ["One"]


def _wait_until(true: Any) -> None:
    while not true():
        time.sleep(0.001)
