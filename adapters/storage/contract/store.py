"""What a log asks of the place where its events are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ....domain.errors import Refused
from ....domain.keys import SessionKey
from ....domain.recorded import Recorded
from ....projections.engine.registry import Registration, Registry
from ..encryption.keys import Keys
from .reader import Reader
from .transaction import Transaction
from .values import Content, Packed, Reclaimed, Stretch

if TYPE_CHECKING:
    from ..sql.account import Account
    from ..sql.generations import Generations

T = TypeVar("T")


class Store(Protocol):
    """A place where events are kept."""

    url: str
    registry: Registry
    generations: Generations
    account: Account

    def read(self) -> AbstractContextManager[Reader]:
        """A consistent look at the log."""

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        """Events of sessions by position, gap-safe: none is ever skipped.

        None are returned only where there is none up to the newest position of the log.

        It is no part of a consistent look: what was not committed yet when that look began may
        have to be waited for. Never call it from within a piece of work.
        """

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        """Run a piece of work in a transaction; durable once this returns.

        Args:
            work: may be run more than once, each time on what the log then holds.
            alone: no other write is in progress meanwhile, in any process.

        Raises:
            StorageError: the store could not write; nothing of the work was kept.
        """

    def stretch(
        self, after: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        """Events by position, gap-safe as ``log``: of some kinds, as runs without states.

        Args:
            most: how many events; more where one append recorded more.
            topics: the kinds; None for all, and then one that is not known is unreadable.
        """

    def project(self, work: Callable[[Any], T]) -> T:
        """Change the read models alone: run a piece of work on a cursor, in a transaction.

        Args:
            work: may be run more than once.

        Raises:
            StorageError: the database failed; nothing of the work was kept.
        """

    def make_room(
        self, registration: Registration, generation: str, hold: Callable[[Any], None]
    ) -> None:
        """Make the empty tables of a generation, and drop those that are neither live nor these.

        Args:
            hold: given a cursor of the same transaction; raises where one has no right to.
        """

    def retire(
        self,
        registration: Registration,
        version: int,
        generation: str,
        hold: Callable[[Any], None],
    ) -> None:
        """Let go of what lies in a generation that is live no more."""

    def fails_alone(self, problem: Exception) -> bool:
        """Whether what a fold raised is its own failure, and not the database's."""

    @property
    def encrypted(self) -> bool:
        """Whether what people wrote is encrypted."""
        return False

    @property
    def locked(self) -> bool:
        """Whether it is, and the keys were not given: nothing can be written then."""
        return False

    @property
    def keys(self) -> Keys | None:
        """What keeps the keys, where it is encrypted and they were given."""
        return None

    def destroy_keys(self, sessions: Sequence[SessionKey]) -> int:
        """Destroy the keys of some streams: what they hold is lost in every copy of the log.

        Returns:
            How many were destroyed now.

        Raises:
            Refused: the log is not encrypted.
            KeysNeeded: the keys were not given.
        """
        raise Refused("the log is not encrypted: there are no keys to destroy; use `erase`")

    def destroy_unused_keys(self) -> int:
        """Destroy the keys of what was erased, so that no copy of the log can be read with them.

        Returns:
            How many; 0 where the log is not encrypted.
        """
        return 0

    def settle(self) -> None:
        """Wait until whatever is being written now is committed or rolled back.

        Then no position can come any more before one that was seen.
        """

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        """Compress a batch's bodies before any lock is taken, where the store keeps blocks."""

    def reclaim(self) -> Reclaimed:
        """Let nothing that was removed be left in the database's files, and give the space back.

        The search index is no part of it: its words go when the read model forgets them.

        Raises:
            StorageError: somebody uses the log so that it cannot be; or the disk is full.
        """

    def wait(self, position: int, timeout: float) -> bool:
        """Sleep until there is an event after ``position``, at most ``timeout`` seconds."""

    def close(self) -> None:
        """Let go of every connection."""
