"""The life of a session: it begins, is archived, packed, deleted, restored, erased."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ..lineage import Lineage
from .base import SessionEvent
from .history import Figures, Origin


class SessionStarted(SessionEvent):
    """A stream began: a session's own or a subagent's."""

    TOPIC: ClassVar[str] = "SessionStarted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = (
        "working_dir",
        "prompt",
        "metadata",
        "user_id",
        "machine",
        "git_branch",
        "actor",
    )
    project_key: str
    session_id: str
    subpath: str | None = None
    source: Literal["sdk", "import", "api"] = "api"
    model: str | None = None
    called_by: str | None = None
    """The tool call in the parent session that started this subagent."""
    forked_from: Origin | None = None
    base: Lineage = ()
    figures: Figures = Figures()
    """What the part taken over by a fork adds up to."""
    leaf: str | None = None
    """The identity of the last entry taken over, in hexadecimal."""
    user_id: str | None = None
    working_dir: str | None = None
    prompt: str | None = None
    machine: str | None = None
    git_branch: str | None = None
    """The branch checked out in the working directory, where that is a Git repository."""
    metadata: dict[str, Any] = {}
    actor: str | None = None
    """Who began it by hand."""


class SessionArchived(SessionEvent):
    """Out of the daily lists, still readable."""

    TOPIC: ClassVar[str] = "SessionArchived.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionPacked(SessionEvent):
    """The bodies were merged into large blocks and compressed for good; nothing reads otherwise."""

    TOPIC: ClassVar[str] = "SessionPacked.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("actor",)
    blocks_before: int
    blocks_after: int
    bytes_before: int
    """Of compressed bodies."""
    bytes_after: int
    actor: str | None = None


class SessionDeleted(SessionEvent):
    """``load`` gives nothing and the lists leave it out; what is appended later is a new life."""

    TOPIC: ClassVar[str] = "SessionDeleted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionRestored(SessionEvent):
    """A deletion or an archiving was taken back."""

    TOPIC: ClassVar[str] = "SessionRestored.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionErased(SessionEvent):
    """The content is gone for good; the headers stay. What is appended later is a new life."""

    TOPIC: ClassVar[str] = "SessionErased.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "exported", "actor")
    bodies: int = 0
    reason: str | None = None
    exported: str | None = None
    """The file that the session was written to before, and the SHA-256 of it."""
    actor: str | None = None
