"""What a person says of a session: its title, tags, status; that it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..adapters.storage.contract.transaction import Transaction
from ..domain import commands, details
from ..domain.events import SessionEvent, Status
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.session import SessionState
from ..time.rewinding import found
from .part import Key, Part, there

Decide = Callable[[SessionState], list[SessionEvent]]


class Changing(Part):
    """Changing a session by hand. What is so already changes nothing.

    Each raises ``UnknownSession`` where there is no such session, and ``Refused`` where it is
    deleted or erased, or the value makes no sense.
    """

    def rename(self, key: Key, title: str | None, actor: str | None = None) -> None:
        """Give a session a title of its own.

        Args:
            title: 1 to 10,000 characters; None takes it away, and the transcript's own shows.
        """
        self._command(key, lambda state: details.rename(state, title, actor))

    def tag(self, key: Key, tags: Iterable[str], actor: str | None = None) -> None:
        """Replace a session's tags: at most 1,000, of 1 to 200 characters each, any characters."""
        tags = _whole(tags)
        self._command(key, lambda state: details.retag(state, tags, actor))

    def change_tags(
        self,
        key: Key,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        actor: str | None = None,
    ) -> None:
        """Take tags away and add others, whoever else does so at the same time."""
        add, remove = _whole(add), _whole(remove)
        self._command(key, lambda state: details.change_tags(state, add, remove, actor))

    def set_metadata(self, key: Key, metadata: Mapping[str, Any], actor: str | None = None) -> None:
        """Replace a session's metadata: JSON, at most 65,536 characters of it."""
        self._command(key, lambda state: details.set_metadata(state, metadata, actor))

    def change_metadata(
        self,
        key: Key,
        add: Mapping[str, Any] | None = None,
        remove: Iterable[str] = (),
        actor: str | None = None,
    ) -> None:
        """Take metadata away by name and add other, in place of what has the same name."""
        new, remove = dict(add or {}), _whole(remove)
        self._command(key, lambda state: details.change_metadata(state, new, remove, actor))

    def set_status(
        self,
        key: Key,
        status: Status,
        why: str | None = None,
        actor: str | None = None,
        stop_reason: str | None = None,
    ) -> None:
        """Set the status by hand; it holds until the transcript says otherwise.

        Args:
            status: active, complete, incomplete, error or abandoned.
            stop_reason: why the last answer ended, in the words of whoever gave it.
        """
        self._command(
            key, lambda state: details.change_status(state, status, stop_reason, why, actor)
        )

    def attempt_continuation(
        self, key: Key, why: str | None = None, actor: str | None = None
    ) -> int:
        """Note that the application tries to go on with an interrupted answer.

        Returns:
            Which attempt of the session this is, from 1.
        """
        after = self._command(key, lambda state: details.attempt_continuation(state, why, actor))
        return after.continuations

    def delete(
        self, key: Key, reason: str | None = None, actor: str | None = None
    ) -> list[SessionKey]:
        """Take a session and its subagents off the lists; ``undelete`` takes that back.

        A key with a subpath deletes that subagent's stream alone.

        Returns:
            The streams that were deleted; none if there was nothing.
        """
        place = SessionKey.of(key)
        return self._each(place, lambda state: commands.delete(state, reason, actor))

    def undelete(
        self, key: Key, reason: str | None = None, actor: str | None = None
    ) -> list[SessionKey]:
        """Take a deletion back.

        Raises:
            UnknownSession, Refused: there is no deletion to take back.
        """
        place = SessionKey.of(key)

        def decide(state: SessionState) -> list[SessionEvent]:
            if state.key != place and state.presence != "deleted":
                return []
            return commands.restore(state, reason, actor)

        with self._look(place) as (_, stream):
            there(stream, place)
        return self._each(place, decide)

    def _command(self, key: Key, decide: Decide) -> SessionState:
        place = SessionKey.of(key)

        def work(transaction: Transaction) -> SessionState:
            found(transaction, place)
            return _record(transaction, place, decide)[1]

        return self.store.write(work)

    def _each(self, key: SessionKey, decide: Decide) -> list[SessionKey]:
        def work(transaction: Transaction) -> list[SessionKey]:
            streams = [key] if transaction.find(key) is not None else []
            if key.subpath is None:
                streams += transaction.subkeys(key)
            return [place for place in streams if _record(transaction, place, decide)[0]]

        return self.store.write(work)


def _record(transaction: Transaction, key: SessionKey, decide: Decide) -> tuple[bool, SessionState]:
    stream = transaction.open(key)
    events = decide(stream.state)
    state = fold(stream.state, events)
    if events:
        transaction.record(stream, events, state)
    return bool(events), state


def _whole(values: Iterable[str]) -> Iterable[str]:
    """An iterator can be read once, and a decision may be taken more than once."""
    return values if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
