"""Sessions that begin by hand, and what is told of them."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Unpack

from ..beginning import Begun, Ids, continued, new_session, tell
from ..domain.beginning import Details, Told
from ..domain.keys import SessionKey
from .part import Key, Part


class Beginning(Part):
    """Beginning sessions. ``details`` are those of ``turnlog.Details``.

    Each raises ``Refused`` where a detail makes no sense, or the session is not in a state for it.
    """

    def create(
        self,
        key: Key | None = None,
        *,
        project: str | None = None,
        ids: Ids = "uuid",
        actor: str | None = None,
        **details: Unpack[Details],
    ) -> Begun:
        """Begin a session, which entries and messages are then recorded to.

        Args:
            key: its key; without one it gets a new id.
            project: the key of its project; else the one the SDK would give to ``working_dir``,
                or ``default``.
            ids: ``uuid``, as the SDK makes them and the CLI wants them, or ``time``:
                ``2026-01-30-1423-123`` (UTC), which nobody else gets, in no process.
            actor: who begins it.

        Raises:
            Refused: it is there already.
        """
        place = SessionKey.of(key) if key is not None else None
        return new_session(self.store, place, project, ids, details, actor)

    def update(
        self,
        key: Key,
        *,
        create: bool = False,
        actor: str | None = None,
        **details: Unpack[Details],
    ) -> Begun:
        """Tell more of a session, or something else, in one go. What is so changes nothing.

        A new ``user_id`` is that of its subagents too: what they spent is that user's.

        Args:
            create: begin it where there is none.

        Raises:
            UnknownSession: there is none.
        """
        return tell(self.store, SessionKey.of(key), create, details, actor)

    def get_or_create(
        self,
        working_dir: str | os.PathLike[str],
        *,
        within: timedelta | None = None,
        ids: Ids = "uuid",
        actor: str | None = None,
        **details: Unpack[Told],
    ) -> Begun:
        """Go on with a directory's latest session, or begin one where that is too long ago.

        Of processes that ask at the same time, one begins a session and the others get it. One
        whose last message is in the future, because a clock was set back, goes on.

        Args:
            working_dir: the directory, links resolved as the CLI does.
            within: how long ago its last message may be; else as ``continue_hours`` is set (4
                hours).
            ids: as for ``create``.
            details: of a new session; with ``user_id``, only that user's sessions go on.

        Raises:
            NotCaughtUp: the list of sessions is out of date.
        """
        if within is None:
            within = timedelta(hours=self.settings.continue_hours)
        return continued(self.store, working_dir, within, ids, details, actor)
