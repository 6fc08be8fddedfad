"""turnlog: every turn of an AI-agent session, on the record."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .public import *

__all__ = [
    "AmbiguousSession",
    "Appended",
    "Archived",
    "AsyncConversation",
    "AsyncLog",
    "AuditFilter",
    "Begun",
    "Block",
    "Budget",
    "Checkpoint",
    "CheckpointRecord",
    "CheckpointRow",
    "CleanUp",
    "Collected",
    "ContentErased",
    "Conversation",
    "Deed",
    "Details",
    "Erased",
    "Filter",
    "Forked",
    "Found",
    "Hit",
    "ImportSummary",
    "InvalidEvidence",
    "InvalidKey",
    "InvalidPattern",
    "InvalidPoint",
    "InvalidProjection",
    "InvalidQuery",
    "InvalidSettings",
    "InvalidURL",
    "KeyDestroyed",
    "KeyFolder",
    "KeyLost",
    "Keys",
    "KeysNeeded",
    "Log",
    "Message",
    "MessageFigures",
    "Migrated",
    "MissingExtra",
    "NotMigratable",
    "Point",
    "PointNotFound",
    "Projection",
    "Proof",
    "Recorded",
    "Redacted",
    "Refused",
    "Rewound",
    "Rows",
    "Saved",
    "Seal",
    "SearchFilter",
    "Session",
    "SessionKey",
    "SessionRecord",
    "SessionState",
    "SessionStore",
    "SessionsExported",
    "SessionsImported",
    "Settings",
    "SharedContent",
    "Spending",
    "StorageError",
    "Table",
    "Totals",
    "Trimmed",
    "TurnlogError",
    "UnknownSession",
    "Verified",
    "events",
    "figures_of",
    "installed_projections",
    "open",
    "open_async",
    "verify_file",
]


def __getattr__(name: str) -> Any:
    # The command line answers --help before anything that a log needs is loaded.
    if name in __all__:
        from . import public

        return getattr(public, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
