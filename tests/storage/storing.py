"""Stores for tests, opened and held; the rest is what the contract suite uses itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from turnlog.adapters.storage.contract.store import Store
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.stores import open_store
from turnlog.testing.store.recording import KEY as KEY
from turnlog.testing.store.recording import PATIENCE as PATIENCE
from turnlog.testing.store.recording import entry as entry
from turnlog.testing.store.recording import found as found
from turnlog.testing.store.recording import key as key
from turnlog.testing.store.recording import record as record
from turnlog.testing.store.recording import recorded as recorded
from turnlog.testing.store.recording import recording as recording
from turnlog.testing.store.recording import renamed as renamed
from turnlog.testing.store.recording import running as running
from turnlog.testing.store.recording import started as started
from turnlog.testing.store.recording import turn as turn
from turnlog.testing.store.recording import turns as turns
from turnlog.testing.store.recording import uuid as uuid


@contextmanager
def opened(url: str, **settings: Any) -> Iterator[Store]:
    """A store, closed afterwards."""
    store = open_store(url, **settings)
    try:
        yield store
    finally:
        store.close()


class Held:
    """A write that stops after its work, before its commit, until it is let go."""

    def __init__(self, store: Store, work: Callable[[Transaction], Any]) -> None:
        self._reached, self._released = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(1)

        def stopped(transaction: Transaction) -> Any:
            result = work(transaction)
            self._reached.set()
            assert self._released.wait(PATIENCE)
            if self.fails:
                raise RuntimeError("undone")
            return result

        self.fails = False
        self._done = self._pool.submit(store.write, stopped)
        assert self._reached.wait(PATIENCE), self._done

    def release(self) -> Any:
        """Let it commit."""
        self._released.set()
        return self._done.result(PATIENCE)

    def undo(self) -> None:
        """Let it fail."""
        self.fails = True
        self._released.set()
        problem = self._done.exception(PATIENCE)
        assert isinstance(problem, RuntimeError), problem

    def close(self) -> None:
        """Never leave it holding."""
        self._released.set()
        self._pool.shutdown()


@contextmanager
def held(store: Store, work: Callable[[Transaction], Any]) -> Iterator[Held]:
    """A write in another thread that has done its work and not committed it."""
    holding = Held(store, work)
    try:
        yield holding
    finally:
        holding.close()
