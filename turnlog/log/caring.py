"""Care of the log as a whole: what is in it is checked."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..evidence.checking_seals import check_own_seals, check_seal, seal_by_fingerprint
from ..evidence.seals import Seal
from ..reading.verifying import Verified, verify
from .part import Key, Part, there


class Caring(Part):
    """Care of the log."""

    def verify(
        self,
        key: Key | None = None,
        progress: Callable[[int], None] | None = None,
        seal: Seal | str | None = None,
    ) -> Verified:
        """Check every event (of one session, or of all) against its hash chain.

        All of the log is also compared with the seals that were recorded in it.

        Args:
            key: the session; None for all of the log.
            progress: called with the number of streams checked so far.
            seal: also check that nothing before it was changed, removed or put in; a seal that was
                kept elsewhere, or its fingerprint.

        Raises:
            UnknownSession: there is no such session.
            Refused: a seal is of the whole log, not of one session.
            InvalidEvidence: the log has no seal of that fingerprint.
        """
        if isinstance(seal, str):
            seal = seal_by_fingerprint(self.store, seal)
        if key is None:
            found = verify(self.store, None, progress)
            problems = [*found.problems, *(check_seal(self.store, seal) if seal else ())]
            # What is wrong is named better by its own chain, or by the seal that was kept.
            return found._replace(problems=tuple(problems or check_own_seals(self.store)))
        if seal is not None:
            raise Refused("a seal is of the whole log: verify it without naming a session")
        place = SessionKey.of(key)
        with self._look(place) as (reader, stream):
            keys = [there(stream, place).key, *reader.subkeys(place)]
        return verify(self.store, keys, progress)
