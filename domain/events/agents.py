"""Subagents and their calls, and what leaves the context of the one that works."""

from __future__ import annotations

from typing import ClassVar

from .base import SessionEvent


class SubagentCalled(SessionEvent):
    """A tool call that starts a subagent; its stream is live while this entry is."""

    TOPIC: ClassVar[str] = "SubagentCalled.v1"
    tool_use_id: str
    of: int


class SubagentLinked(SessionEvent):
    """In a subagent's stream: which tool call of the parent started it."""

    TOPIC: ClassVar[str] = "SubagentLinked.v1"
    tool_use_id: str


class ContextSummarized(SessionEvent):
    """A compaction: a summary stands for older context from here on."""

    TOPIC: ClassVar[str] = "ContextSummarized.v1"
    of: int
    trigger: str = "auto"


class ContextTrimmed(SessionEvent):
    """The messages before one left the live context. They stay in the log, and in ``load``."""

    TOPIC: ClassVar[str] = "ContextTrimmed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    first_kept: str
    """The uuid of the first message that stays."""
    reason: str | None = None
    actor: str | None = None
