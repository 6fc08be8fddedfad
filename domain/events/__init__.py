"""What can happen in a session, each a fact that never changes.

Every event has a ``TOPIC``: its stable, versioned name in the log. An event's fields are of two
sorts. Facts (numbers, ids, names of kinds) stay in the header for ever; content (anything a
person wrote) lies in the body, which can be erased. ``CONTENT`` names the fields of the body.
"""

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
    Status,
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
from .history import (
    NO_FIGURES,
    CheckpointCreated,
    Figures,
    Origin,
    SessionForked,
    SessionRewound,
    TranscriptForked,
)
from .life import (
    SessionArchived,
    SessionDeleted,
    SessionErased,
    SessionPacked,
    SessionRestored,
    SessionStarted,
)
from .topics import EVENTS, UPCASTS, revive

__all__ = [
    "EVENTS",
    "NO_FIGURES",
    "UPCASTS",
    "CheckpointCreated",
    "ContextSummarized",
    "ContextTrimmed",
    "ContinuationAttempted",
    "EntryConflicted",
    "EntryCorrupted",
    "EntryRecorded",
    "EntryRedacted",
    "Figures",
    "FileKept",
    "GapDetected",
    "GapFilled",
    "MetadataChanged",
    "Origin",
    "PromptRemembered",
    "SessionArchived",
    "SessionDeleted",
    "SessionDescribed",
    "SessionErased",
    "SessionEvent",
    "SessionForked",
    "SessionLocated",
    "SessionPacked",
    "SessionRenamed",
    "SessionRestored",
    "SessionRewound",
    "SessionStarted",
    "SessionTagged",
    "Status",
    "StatusChanged",
    "SubagentCalled",
    "SubagentLinked",
    "TranscriptForked",
    "TurnRecorded",
    "UsageRecorded",
    "WorkspaceChanged",
    "revive",
]
