"""What a person says of a session: its title, tags, status; that it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..adapters.storage.contract import Transaction
from ..domain import commands
from ..domain.events import SessionEvent, Status
from ..domain.keys import SessionKey
from ..domain.session import SessionState, fold
from ..time.rewinding import found
from .part import Key, Part, there

Decide = Callable[[SessionState], list[SessionEvent]]


class Changing(Part):
    """Changing a session by hand."""

    def rename(self, key: Key, title: str, actor: str | None = None) -> None:
        """Give a session a title of its own."""
        self._command(key, lambda state: commands.rename(state, title, actor))

    def tag(self, key: Key, tags: Iterable[str], actor: str | None = None) -> None:
        """Replace a session's tags."""
        self._command(key, lambda state: commands.retag(state, tuple(tags), actor))

    def set_metadata(self, key: Key, metadata: Mapping[str, Any], actor: str | None = None) -> None:
        """Replace a session's metadata."""
        self._command(key, lambda state: commands.set_metadata(state, metadata, actor))

    def set_status(
        self, key: Key, status: Status, why: str | None = None, actor: str | None = None
    ) -> None:
        """Set the status by hand; it holds until the transcript says otherwise."""
        self._command(key, lambda state: commands.change_status(state, status, None, why, actor))

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

    def _command(self, key: Key, decide: Decide) -> None:
        place = SessionKey.of(key)

        def work(transaction: Transaction) -> None:
            found(transaction, place)
            _record(transaction, place, decide)

        self.store.write(work)

    def _each(self, key: SessionKey, decide: Decide) -> list[SessionKey]:
        def work(transaction: Transaction) -> list[SessionKey]:
            streams = [key] if transaction.find(key) is not None else []
            if key.subpath is None:
                streams += transaction.subkeys(key)
            return [place for place in streams if _record(transaction, place, decide)]

        return self.store.write(work)


def _record(transaction: Transaction, key: SessionKey, decide: Decide) -> bool:
    stream = transaction.open(key)
    events = decide(stream.state)
    if events:
        transaction.record(stream, events, fold(stream.state, events))
    return bool(events)
