"""What becomes of sessions in time: found abandoned, archived, erased; entries redacted."""

from __future__ import annotations

from . import events as e
from .entry import REDACTED
from .errors import Refused
from .session import THERE, SessionState

ENDED: tuple[e.Status, ...] = ("complete", "incomplete", "error", "abandoned")
"""The statuses of a session that is not going on."""


def abandon(
    state: SessionState, silent_hours: float, actor: str | None = None
) -> list[e.SessionEvent]:
    """Say of a session that fell silent that nobody goes on with it; an ended one stays as it is.

    Args:
        silent_hours: since when nothing was recorded.
    """
    if state.presence not in THERE or state.status != "active":
        return []
    why = f"silent for {silent_hours:g} hours"
    return [e.StatusChanged(branch=state.branch, status="abandoned", why=why, actor=actor)]


def archive(
    state: SessionState, reason: str | None = None, actor: str | None = None
) -> list[e.SessionEvent]:
    """Take a session out of the daily lists; it stays readable. One that is archived stays so.

    Raises:
        Refused: it does not exist, or is deleted or erased.
    """
    if state.presence == "archived":
        return []
    if state.presence != "present":
        raise Refused(f"session {state.key.session_id!r} is {state.presence}: nothing to archive")
    return [e.SessionArchived(branch=state.branch, reason=reason, actor=actor)]


def erase(
    state: SessionState,
    bodies: int,
    reason: str | None = None,
    exported: str | None = None,
    actor: str | None = None,
) -> list[e.SessionEvent]:
    """Say that a session's content is gone. Of one that is erased, or never was, nothing is said.

    Args:
        bodies: how many there were.
        exported: the file it was written to before, and its hash.
    """
    if state.presence in ("absent", "erased"):
        return []
    return [
        e.SessionErased(
            branch=state.branch, bodies=bodies, reason=reason, exported=exported, actor=actor
        )
    ]


def redact(
    version: int,
    branch: int,
    identity: bytes | None,
    digest: str = "",
    automatic: bool = False,
    reason: str | None = None,
    actor: str | None = None,
) -> e.EntryRedacted:
    """Say that something was taken out of an event's content.

    Args:
        version: whose content.
        branch: on which it lies.
        identity: by what it is known: so that the entry as it was, when it comes again, is known
            for the same.
        digest: the salted hash of the content as it is now, in hexadecimal.
        automatic: patterns found it while it arrived.
    """
    return e.EntryRedacted(
        branch=branch,
        identity=REDACTED + identity if identity is not None else None,
        of=version,
        digest=digest,
        automatic=automatic,
        reason=reason,
        actor=actor,
    )
