"""The topics: every kind of event by its stable name, and how older ones are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UnknownTopic
from .agents import ContextSummarized, ContextTrimmed, SubagentCalled, SubagentLinked
from .base import SessionEvent
from .counters import UsageRecorded
from .details import (
    ContinuationAttempted,
    MetadataChanged,
    SessionDescribed,
    SessionLocated,
    SessionRenamed,
    SessionTagged,
    StatusChanged,
    WorkspaceChanged,
)
from .entries import (
    EntryConflicted,
    EntryCorrupted,
    EntryRecorded,
    EntryRedacted,
    FileKept,
    GapDetected,
    GapFilled,
    PromptRemembered,
    TurnRecorded,
)
from .history import CheckpointCreated, SessionForked, SessionRewound, TranscriptForked
from .life import (
    SessionArchived,
    SessionDeleted,
    SessionErased,
    SessionPacked,
    SessionRestored,
    SessionStarted,
)

EVENTS: dict[str, type[SessionEvent]] = {
    event.TOPIC: event
    for event in (
        SessionStarted,
        SessionDescribed,
        SessionLocated,
        WorkspaceChanged,
        PromptRemembered,
        TurnRecorded,
        EntryRecorded,
        EntryConflicted,
        EntryCorrupted,
        UsageRecorded,
        CheckpointCreated,
        StatusChanged,
        SessionRewound,
        TranscriptForked,
        SessionForked,
        SubagentCalled,
        SubagentLinked,
        SessionRenamed,
        SessionTagged,
        MetadataChanged,
        ContextSummarized,
        ContextTrimmed,
        ContinuationAttempted,
        GapDetected,
        GapFilled,
        FileKept,
        SessionArchived,
        SessionPacked,
        SessionDeleted,
        SessionRestored,
        SessionErased,
        EntryRedacted,
    )
}

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTS: dict[str, tuple[str, Upcast]] = {}
"""Older topics: the topic that replaced each, and how its fields become the newer ones'."""


def revive(topic: str, fields: Mapping[str, Any]) -> SessionEvent:
    """Make an event of stored fields, whatever version wrote them.

    Raises:
        UnknownTopic: this release does not know the topic.
    """
    values = dict(fields)
    while topic in UPCASTS:
        topic, upcast = UPCASTS[topic]
        values = upcast(values)
    if topic not in EVENTS:
        raise UnknownTopic(
            f"the log holds an event of kind {topic!r}, which this release of turnlog does not "
            "know; read it with the release that wrote it, or a later one"
        )
    return EVENTS[topic].model_validate(values)
