"""What a clean-up is asked for, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..projections.sessions import Session
from .linked import LinkedFiles

Strength = Literal["archive", "export", "erase"]
"""What becomes of a session that ended long ago: it is archived and packed; written to a file, and
then its content erased; or erased. Its headers stay in each."""
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
Outcome = Literal["abandoned", "archived", "exported", "erased", "kept"]
PRESENCES: dict[Strength, tuple[str, ...]] = {
    "archive": ("present",),
    "export": ("present", "archived", "deleted"),
    "erase": ("present", "archived", "deleted"),
}
"""What was deleted loses its content by the strengths that take it from others."""


@dataclass(frozen=True)
class Policy:
    """What is cleaned up, and how."""

    days: float = 30
    """Since something was recorded of a session that ended."""
    silent_hours: float = 24
    """Since something was recorded of one that is active: then it is abandoned."""
    strength: Strength = "archive"
    out: Path | None = None
    """The folder that sessions are written to before their content goes."""
    files: bool = False
    """Whether directories that are linked to a session go with it."""
    actor: str | None = None


class Collected(NamedTuple):
    """What became of one session, or would."""

    key: SessionKey
    title: str | None
    outcome: Outcome
    recorded_at: int
    """When something was recorded of it last, in milliseconds since 1970 UTC."""
    streams: int = 1
    why: str | None = None
    """Why it was kept."""
    file: Path | None = None
    """What it was written to."""
    linked: tuple[LinkedFiles, ...] = ()
    """The directories that went with it."""
    saved: int = 0
    """Bytes that packing saved."""


class CleanUp(NamedTuple):
    """What a clean-up did, or would do."""

    sessions: tuple[Collected, ...]
    done: bool
    unknown: tuple[str, ...] = ()
    """Read models that only another application knows: it must rebuild them to forget."""

    def of(self, *outcomes: Outcome) -> tuple[Collected, ...]:
        """The sessions that something became of."""
        return tuple(one for one in self.sessions if one.outcome in outcomes)


class AlreadyCleaning(Refused):
    """Another process cleans the log up now."""


def told(session: Session, outcome: Outcome) -> Collected:
    """What became of a listed session, without the rest."""
    key = SessionKey.parse(session.main)
    return Collected(key, session.title, outcome, session.recorded_at)
