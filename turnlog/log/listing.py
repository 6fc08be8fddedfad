"""Lists and figures: what is asked of the read models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ..active.keeping import at_hand_of
from ..domain.errors import PointNotFound
from ..domain.keys import SessionKey
from ..domain.points import Point
from ..domain.statuses import RESUMABLE
from ..projections.sessions import ALL, Filter, Session, Totals
from ..projections.sessions.filters import MOST
from ..reading.checkpoints import CheckpointRecord, records_of
from ..reading.finding import CheckpointRow, Sessions
from ..reading.spending import ModelSpent, spent_by_model
from ..reading.whole import SessionRecord, whole
from .part import At, Key, Part, When, there


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
            Refused: the limit or the cursor is none, there is no such status, or no session can
                be between two bounds.
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        with self._then(at) as store:
            return Sessions(store).page(asked, limit, after)

    def session(self, name: str) -> Session:
        """A session by its id, or by any beginning of it that no other shares.

        Where several projects have a session of one id, ``PROJECT/ID`` names it; the end of the
        project's key is enough. A session of which only subagents were recorded is on no list, and
        is found here: it can be deleted and erased.

        Raises:
            UnknownSession: none begins so.
            AmbiguousSession: several do; the error has the candidates.
        """
        return self._sessions.find(name, strays=True)

    def active_sessions(
        self, user_id: str | None = None, limit: int = 50, after: str | None = None
    ) -> list[Session]:
        """The sessions that may be gone on with, the newest first: active or incomplete ones.

        Args:
            user_id: of this user; None for everybody's.
            limit, after: as for ``sessions``.
        """
        at_hand = at_hand_of(self.store)
        if at_hand is not None and 1 <= limit <= MOST:
            found = at_hand.page(user_id, limit, after)
            if found is not None:
                return found
        return self._sessions.page(Filter(user_id, status=RESUMABLE), limit, after)

    def checkpoints(self, key: Key) -> list[CheckpointRow]:
        """A session's checkpoints, oldest first, with ``live`` for those on the live branch."""
        return self._sessions.checkpoints(SessionKey.of(key))

    def get(self, key: Key, at: At | None = None) -> SessionRecord:
        """A session as one value: what is known of it, its tokens, and what the model said.

        The text is read from the log, so this takes as long as ``load``. One that is deleted or
        erased has none.

        Args:
            at: a point, such as ``checkpoint:NAME``: as it was then.

        Raises:
            UnknownSession: there is no such session.
            InvalidPoint, PointNotFound: it has no such point.
            DamagedEvent: an entry cannot be read.
        """
        with self._look(key) as (reader, stream):
            return whole(reader, there(stream, key), Point.of(at) if at is not None else None)

    def get_checkpoint(self, key: Key, name: str) -> CheckpointRecord:
        """A checkpoint with the session as it was there: turn, text, tokens.

        Where a rewind left one of the same name behind, the live one is meant.

        Raises:
            UnknownSession: there is no such session.
            PointNotFound: it has no such checkpoint.
        """
        found = [row for row in self.checkpoints(key) if row.name == name]
        if not found:
            raise PointNotFound(
                f"{name!r:.100}: this session has no such checkpoint; "
                "see `turnlog checkpoint ID --list` for those it has"
            )
        row = max(found, key=lambda row: (row.live, row.version))
        return CheckpointRecord(row, self.get(key, Point("checkpoint", name)))

    def iter_checkpoints(self, key: Key) -> Iterator[CheckpointRecord]:
        """Every checkpoint of the live branch with the session as it was there, oldest first.

        Raises:
            UnknownSession: there is no such session.
            DamagedEvent: an entry cannot be read.
        """
        rows = self.checkpoints(key)
        with self._look(key) as (reader, stream):
            yield from records_of(reader, there(stream, key), rows)

    def subagents(self, key: Key) -> list[Session]:
        """The streams of a session's subagents."""
        return self._sessions.subagents(SessionKey.of(key))

    def stats(self, at: When | None = None, asked: Filter | None = None) -> Totals:
        """The whole log in figures: sessions by status, turns, tokens, each response counted once.

        Args:
            at: as they were then.
            asked: of these sessions alone, with their subagents. What several of them hold live
                is then counted in each; what was billed never is.

        Raises:
            Refused: as for ``sessions``.
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        with self._then(at) as store:
            return Sessions(store).totals(asked)

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
