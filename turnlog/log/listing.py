"""Lists and figures: what is asked of the read models."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..domain.keys import SessionKey
from ..projections.sessions import ALL, Filter, Session, Totals
from ..reading.finding import Sessions
from ..reading.spending import ModelSpent, spent_by_model
from .part import Key, Part, When, there


class Listing(Part):
    """Lists and figures."""

    @cached_property
    def _sessions(self) -> Sessions:
        return Sessions(self.store)

    def sessions(
        self,
        asked: Filter = ALL,
        limit: int = 50,
        after: str | None = None,
        at: When | None = None,
    ) -> list[Session]:
        """The newest sessions that match, page by page.

        Args:
            asked: which sessions.
            limit: how many at the most, 1 to 10,000.
            after: the ``cursor`` of the last session of the page before.
            at: as they were then.

        Raises:
            Refused: the limit or the cursor is none.
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        with self._then(at) as store:
            return Sessions(store).page(asked, limit, after)

    def session(self, name: str) -> Session:
        """A session by its id, or by any beginning of it that no other shares.

        Where several projects have a session of one id, ``PROJECT/ID`` names it; the end of the
        project's key is enough.

        Raises:
            UnknownSession: none begins so.
            AmbiguousSession: several do; the error has the candidates.
        """
        return self._sessions.find(name)

    def checkpoints(self, key: Key) -> list[Any]:
        """A session's checkpoints, oldest first, with ``live`` for those on the live branch."""
        return self._sessions.checkpoints(SessionKey.of(key))

    def subagents(self, key: Key) -> list[Session]:
        """The streams of a session's subagents."""
        return self._sessions.subagents(SessionKey.of(key))

    def stats(self, at: When | None = None) -> Totals:
        """The whole log in figures: each response counted once.

        Args:
            at: as they were then.

        Raises:
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        with self._then(at) as store:
            return Sessions(store).totals()

    def spent_by_model(self, key: Key | None = None, at: When | None = None) -> list[ModelSpent]:
        """Billed tokens and cost by model: of a session with its subagents, or of the log.

        Args:
            at: as it was then.

        Raises:
            UnknownSession: there is no such session.
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        place = SessionKey.of(key) if key is not None else None
        with self._then(at) as store, store.read() as reader:
            if place is not None:
                there(reader.find(place), place)
            return spent_by_model(reader, place)
