"""A session as messages."""

from __future__ import annotations

from pathlib import Path

from ..domain.keys import SessionKey
from ..messages.conversation import Conversation
from ..messages.writing import Owner
from .part import Key, Part


class Conversing(Part):
    """Conversations."""

    def conversation(
        self,
        key: Key,
        *,
        user_id: str | None = None,
        working_dir: str | Path | None = None,
    ) -> Conversation:
        """A session as messages, to record and to read: of any agent, not only Claude's.

        Nothing is read or written by this itself; the session begins with its first message.

        Args:
            user_id: whose session it is, taken when it begins.
            working_dir: the folder it works in, taken when it begins.
        """
        directory = str(working_dir) if working_dir is not None else None
        every = self.settings.checkpoint_interval
        owner = Owner(user_id, directory, self._redaction, every)
        return Conversation(self.store, SessionKey.of(key), owner)
