"""What is told of a session: whose it is and where, its title, tags, metadata and status."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from .base import SessionEvent

Status = Literal["active", "complete", "incomplete", "error", "abandoned"]


class SessionDescribed(SessionEvent):
    """More was told of a session, or something else; what is None stays as it was."""

    TOPIC: ClassVar[str] = "SessionDescribed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("user_id", "working_dir", "prompt", "actor")
    user_id: str | None = None
    working_dir: str | None = None
    prompt: str | None = None
    model: str | None = None
    actor: str | None = None


class SessionLocated(SessionEvent):
    """The working directory, where the first entries did not tell it."""

    TOPIC: ClassVar[str] = "SessionLocated.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("working_dir",)
    working_dir: str


class WorkspaceChanged(SessionEvent):
    """Another Git branch is checked out from the next entry on."""

    TOPIC: ClassVar[str] = "WorkspaceChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("git_branch", "working_dir")
    git_branch: str
    working_dir: str | None = None
    """Where, as that entry has it."""


class StatusChanged(SessionEvent):
    """The session was found in another state."""

    TOPIC: ClassVar[str] = "StatusChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("why", "actor")
    status: Status
    stop_reason: str | None = None
    why: str | None = None
    actor: str | None = None


class SessionRenamed(SessionEvent):
    """A title. The best kind that is set shows: custom, ai, last-prompt, summary, prompt."""

    TOPIC: ClassVar[str] = "SessionRenamed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("title", "actor")
    title: str
    kind: Literal["custom", "ai", "last-prompt", "summary", "prompt"] = "custom"
    source: Literal["transcript", "api"] = "api"
    actor: str | None = None


class SessionTagged(SessionEvent):
    """The tags, whole."""

    TOPIC: ClassVar[str] = "SessionTagged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("tags", "actor")
    tags: tuple[str, ...]
    source: Literal["transcript", "api"] = "api"
    actor: str | None = None


class MetadataChanged(SessionEvent):
    """The metadata, whole."""

    TOPIC: ClassVar[str] = "MetadataChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("metadata", "actor")
    metadata: dict[str, Any]
    actor: str | None = None


class ContinuationAttempted(SessionEvent):
    """The application tried to go on with an interrupted answer."""

    TOPIC: ClassVar[str] = "ContinuationAttempted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("why", "actor")
    attempt: int
    why: str | None = None
    actor: str | None = None
