"""The log: what an application, the SDK's store and the command line all work through.

Its methods lie in parts, a module each; a new one goes to the part it belongs to.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ..adapters.claude.session_store import SessionStore
from ..reading.summarizing import ProjectLists
from .beginning import Beginning
from .caring import Caring
from .changing import Changing
from .conversing import Conversing
from .counting import Counting
from .exporting import Exporting
from .listing import Listing
from .migrating import Migrating
from .part import At as At
from .part import Key as Key
from .projected import Projected
from .projecting import Projecting
from .proving import Proving
from .reading import Reading
from .recording import Recording
from .retaining import Retaining
from .searching import Searching
from .travelling import Travelling


class Log(
    Beginning,
    Recording,
    Conversing,
    Migrating,
    Reading,
    Travelling,
    Listing,
    Counting,
    Searching,
    Changing,
    Retaining,
    Projecting,
    Projected,
    Proving,
    Exporting,
    Caring,
):
    """An event-sourced log of agent sessions. Safe to share between threads.

    Every method that takes a key raises ``InvalidKey`` for one that cannot name a session, and
    ``StorageError`` where the database fails; whatever raises has changed nothing.
    """

    @property
    def url(self) -> str:
        """Where the log is."""
        return self.store.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._stop_projecting()
        self.store.close()

    def session_store(self, user_id: str | None = None) -> SessionStore:
        """The log as a store for ``ClaudeAgentOptions(session_store=…)``.

        Args:
            user_id: whose sessions those are that begin here.
        """
        return SessionStore(self, ProjectLists(self.store), user_id)
