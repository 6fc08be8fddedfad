"""The topics: every kind of event by its stable name, and how older ones are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UnknownTopic
from . import agents, counters, details, entries, history, life
from .base import SessionEvent

EVENTS: dict[str, type[SessionEvent]] = {
    event.TOPIC: event
    for event in (
        life.SessionStarted,
        details.SessionDescribed,
        details.SessionLocated,
        details.WorkspaceChanged,
        entries.PromptRemembered,
        entries.TurnRecorded,
        entries.EntryRecorded,
        entries.EntryConflicted,
        entries.EntryCorrupted,
        counters.UsageRecorded,
        history.CheckpointCreated,
        details.StatusChanged,
        history.SessionRewound,
        history.TranscriptForked,
        history.SessionForked,
        agents.SubagentCalled,
        agents.SubagentLinked,
        details.SessionRenamed,
        details.SessionTagged,
        details.MetadataChanged,
        agents.ContextSummarized,
        agents.ContextTrimmed,
        details.ContinuationAttempted,
        entries.GapDetected,
        entries.GapFilled,
        entries.FileKept,
        life.SessionArchived,
        life.SessionPacked,
        life.SessionDeleted,
        life.SessionRestored,
        life.SessionErased,
        entries.EntryRedacted,
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
