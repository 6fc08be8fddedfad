"""Care of the log as a whole: what is in it is checked."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.keys import SessionKey
from ..reading.verifying import Verified, verify
from .part import Key, Part, there


class Caring(Part):
    """Care of the log."""

    def verify(
        self, key: Key | None = None, progress: Callable[[int], None] | None = None
    ) -> Verified:
        """Check every event (of one session, or of all) against its hash chain."""
        keys = None
        if key is not None:
            place = SessionKey.of(key)
            with self._look(place) as (reader, stream):
                keys = [there(stream, place).key, *reader.subkeys(place)]
        return verify(self.store, keys, progress)
