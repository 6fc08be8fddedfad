"""What proves the log to others: the audit trail, and seals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..domain.keys import SessionKey
from ..evidence.exporting import TrailExported
from ..evidence.files import export_trail
from ..evidence.proofs import Proof, prove
from ..evidence.seals import Seal, seal_log
from ..evidence.trail import EVERYTHING, AuditFilter, Deed, checked, deeds
from ..projecting.catching_up import catch_up
from ..projecting.standings import last_position
from ..projections.audit.tables import NAME
from .part import Key, Part


class Proving(Part):
    """The audit trail, and seals."""

    def audit(
        self, asked: AuditFilter = EVERYTHING, limit: int = 50, before: int | None = None
    ) -> list[Deed]:
        """Who did what, when, and why: a page of the audit trail, the newest first.

        Args:
            asked: which deeds.
            limit: how many at the most, 1 to 10,000.
            before: only what came before this position: that of the last deed of a page gives the
                next one.

        Raises:
            Refused: the filter asks for what cannot be.
            CannotFold, NotCaughtUp: as ``catch_up`` does.
        """
        asked = checked(asked, limit)
        catch_up(self.store, self.store.registry[NAME], last_position(self.store))
        return deeds(self.store, asked, limit, before)

    def export_audit(
        self,
        path: str | Path,
        key: Key | None = None,
        *,
        after: int = 0,
        content: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> TrailExported:
        """Write every event with its hashes into a new file, to be verified without a database.

        Args:
            path: of the file; docs/evidence.md describes the format.
            key: only this session with its subagents, or this subagent; None for all of the log.
            after: the position after which to begin.
            content: whether the events' content is written too.
            progress: called with the position written and the last there is.

        Raises:
            UnknownSession: there is no such session.
            Refused: there is a file already.
            DamagedEvent: an event cannot be read back.
            OSError: the file cannot be written.
        """
        place = SessionKey.of(key) if key is not None else None
        return export_trail(self.store, Path(path), place, after, content, progress)

    def seal(self, actor: str | None = None, reason: str | None = None) -> Seal:
        """Record the heads of all streams under one hash; keep what it returns elsewhere.

        Whatever is changed, removed or put in before its position is found from then on by
        ``verify``. Nobody who appends waits for it.
        """
        return seal_log(self.store, actor, reason)

    def prove(self, key: Key) -> Proof:
        """Prove that a session was in the log at its last seal, without showing the others.

        Raises:
            UnknownSession: there is no such session.
            Refused: the log was not sealed since the session began.
        """
        return prove(self.store, SessionKey.of(key))
