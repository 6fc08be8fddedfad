"""A store that passes everything on to another: the base of stores that add one thing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ...domain.keys import SessionKey
from ...domain.recorded import Recorded
from ...projections.engine.registry import Registration
from .contract.reader import Reader
from .contract.store import Store
from .contract.transaction import Transaction
from .contract.values import Content, Packed, Reclaimed, Stretch
from .encryption.keys import Keys

T = TypeVar("T")


class WrappedStore(Store):
    """Does all that another store does; a derived class overrides what it does otherwise."""

    def __init__(self, store: Store) -> None:
        self.store = store
        """The store underneath."""
        self.url = store.url
        self.registry = store.registry
        self.generations = store.generations
        self.account = store.account

    def read(self) -> AbstractContextManager[Reader]:
        return self.store.read()

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        return self.store.log(after, limit, content)

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        return self.store.write(work, alone)

    def stretch(
        self, after: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        return self.store.stretch(after, most, topics, content)

    def project(self, work: Callable[[Any], T]) -> T:
        return self.store.project(work)

    def make_room(
        self, registration: Registration, generation: str, hold: Callable[[Any], None]
    ) -> None:
        self.store.make_room(registration, generation, hold)

    def retire(
        self,
        registration: Registration,
        version: int,
        generation: str,
        hold: Callable[[Any], None],
    ) -> None:
        self.store.retire(registration, version, generation, hold)

    def fails_alone(self, problem: Exception) -> bool:
        return self.store.fails_alone(problem)

    @property
    def encrypted(self) -> bool:
        return self.store.encrypted

    @property
    def locked(self) -> bool:
        return self.store.locked

    @property
    def keys(self) -> Keys | None:
        return self.store.keys

    def destroy_keys(self, sessions: Sequence[SessionKey]) -> int:
        return self.store.destroy_keys(sessions)

    def destroy_unused_keys(self) -> int:
        return self.store.destroy_unused_keys()

    def settle(self) -> None:
        self.store.settle()

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        return self.store.pack(bodies)

    def reclaim(self) -> Reclaimed:
        return self.store.reclaim()

    def wait(self, position: int, timeout: float) -> bool:
        return self.store.wait(position, timeout)

    def close(self) -> None:
        self.store.close()
