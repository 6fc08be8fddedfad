"""What every part of the contract suite stands on: how an empty store is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from ...adapters.storage.contract.store import Store
from ...adapters.storage.sql.store import now

Clock = Callable[[], int]
"""Milliseconds since 1970 UTC."""


class MakeStore(Protocol):
    """Makes a store that goes by a clock: empty at first, then again over the same place."""

    def __call__(self, clock: Clock, /) -> Store: ...


class Base:
    """How an empty store is made; overridden by whoever certifies one."""

    durable = True
    """Whether a store that is closed and made again holds what was committed."""

    grows = False
    """Whether what a look finds may grow; only where one connection serves all."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """What makes the stores that are certified.

        Raises:
            NotImplementedError: it is not overridden.
        """
        raise NotImplementedError("override the fixture make_store of StoreContract")

    @pytest.fixture
    def store(self, make_store: MakeStore) -> Iterator[Store]:
        """An empty store, closed afterwards."""
        store = make_store(now)
        try:
            yield store
        finally:
            store.close()
