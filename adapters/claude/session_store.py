"""The Claude Agent SDK's SessionStore on a log: for ``ClaudeAgentOptions(session_store=…)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from ...domain.keys import SessionKey
from .. import threads

if TYPE_CHECKING:
    import claude_agent_sdk as sdk


class Log(Protocol):
    """What the store asks of the log."""

    def append(
        self, key: SessionKey, entries: Iterable[object], *, user_id: str | None = None
    ) -> object: ...

    def load(self, key: SessionKey) -> list[dict[str, Any]] | None: ...

    def subkeys(self, key: SessionKey) -> list[SessionKey]: ...

    def delete(self, key: SessionKey, *, actor: str | None = None) -> object: ...


class Listed(Protocol):
    """A session on a list."""

    @property
    def session_id(self) -> str: ...

    @property
    def recorded_at(self) -> int:
        """Of its newest event: milliseconds since 1970 UTC, by the store's clock."""


class Summarized(Listed, Protocol):
    """A session with what the SDK made of its entries."""

    @property
    def data(self) -> dict[str, Any]: ...


class Lists(Protocol):
    """A project's sessions that can be resumed."""

    def sessions(self, project_key: str) -> Sequence[Listed]: ...

    def summaries(self, project_key: str) -> Sequence[Summarized]: ...


class SessionStore:
    """Mirrors sessions of the SDK to a log, and gives them back to be resumed anywhere.

    One store serves any number of agents, event loops and threads. Batches may come twice, in
    part, late and out of order: every entry is recorded once, at its place. No entry is refused,
    whatever it holds; what is no entry is recorded as it came.
    """

    def __init__(self, log: Log, lists: Lists, user_id: str | None = None) -> None:
        self._log = log
        self._lists = lists
        self._user_id = user_id

    async def append(self, key: sdk.SessionKey, entries: list[sdk.SessionStoreEntry]) -> None:
        """Record a batch. Durable once this returns.

        Raises:
            InvalidKey: the key cannot name a session.
            StorageError: the log cannot be written; nothing of the batch was kept.
        """
        work = partial(self._log.append, SessionKey.of(key), entries, user_id=self._user_id)
        # The SDK gives up on a batch after a minute, and knows that it may still land.
        await threads.run(work, abandon=True)

    async def load(self, key: sdk.SessionKey) -> list[sdk.SessionStoreEntry] | None:
        """The entries of the live branch, deep-equal to what was appended; None for no session.

        Raises:
            InvalidKey, StorageError: as ``append`` does.
        """
        entries = await self._read(partial(self._log.load, SessionKey.of(key)))
        return cast("list[sdk.SessionStoreEntry] | None", entries)

    async def list_sessions(self, project_key: str) -> list[sdk.SessionStoreListEntry]:
        """A project's sessions that can be resumed, with when each was last recorded to."""
        found = await self._read(partial(self._lists.sessions, project_key))
        return [{"session_id": one.session_id, "mtime": one.recorded_at} for one in found]

    async def list_session_summaries(self, project_key: str) -> list[sdk.SessionSummaryEntry]:
        """The same sessions as the SDK sums them up, with the titles and tags set in turnlog.

        Raises:
            MissingExtra: the SDK is not installed.
        """
        found = await self._read(partial(self._lists.summaries, project_key))
        return [
            {"session_id": one.session_id, "mtime": one.recorded_at, "data": one.data}
            for one in found
        ]

    async def delete(self, key: sdk.SessionKey) -> None:
        """Take a session and its subagents off the lists, or one subagent; see ``Log.delete``."""
        await threads.run(partial(self._log.delete, SessionKey.of(key), actor=self._user_id))

    async def list_subkeys(self, key: sdk.SessionListSubkeysKey) -> list[str]:
        """The subpaths of a session's subagents on its live branch."""
        found = await self._read(partial(self._log.subkeys, SessionKey.of(key)))
        return [subkey.subpath for subkey in found if subkey.subpath is not None]

    async def _read(self, look: Callable[[], Any]) -> Any:
        return await threads.run(look, abandon=True)


if TYPE_CHECKING:

    def _is_one(store: SessionStore) -> sdk.SessionStore:
        return store
