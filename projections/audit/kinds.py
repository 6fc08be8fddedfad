"""Which events are deeds, and where each comes from."""

from __future__ import annotations

from typing import Any, Literal, get_args

from ...domain import events as e
from ...domain.entry import Mark
from ...domain.errors import Refused

Source = Literal["sdk", "import", "api", "transcript"]
"""How it came into the log: with the SDK's mirror, by an import, by a command or a program, or it
was read off the transcript."""
SOURCES: tuple[Source, ...] = get_args(Source)

_BY_COMMAND = (
    e.SessionRewound,
    e.SessionForked,
    e.SessionDescribed,
    e.MetadataChanged,
    e.ContextTrimmed,
    e.ContinuationAttempted,
    e.SessionArchived,
    e.SessionPacked,
    e.SessionDeleted,
    e.SessionRestored,
    e.SessionErased,
    e.EntryRedacted,
)
_OFF_THE_TRANSCRIPT = (
    e.EntryConflicted,
    e.EntryCorrupted,
    e.TranscriptForked,
    e.ContextSummarized,
    e.SubagentCalled,
    e.GapDetected,
    e.GapFilled,
)
_TELL_THEMSELVES = (e.SessionStarted, e.SessionRenamed, e.SessionTagged)
_SOURCES: dict[type[e.SessionEvent], Source] = {
    **dict.fromkeys(_BY_COMMAND, "api"),
    **dict.fromkeys(_OFF_THE_TRANSCRIPT, "transcript"),
    e.PromptRemembered: "import",
    e.FileKept: "import",
}
DEEDS: frozenset[type[e.SessionEvent]] = frozenset(
    (*_SOURCES, *_TELL_THEMSELVES, e.TurnRecorded, e.CheckpointCreated, e.StatusChanged)
)
"""The kinds of which some events are deeds, or all."""
TOPICS = frozenset(kind.TOPIC for kind in DEEDS)
SEALED = "LogSealed"
"""The kind of a seal, which is an event of the log, not of a session."""
MOVED = "BillingMoved"
"""The kind of what is no event but follows from one: a response is billed to another session."""
KINDS: tuple[str, ...] = tuple(sorted((*(kind.__name__ for kind in DEEDS), SEALED, MOVED)))


def source_of(event: e.SessionEvent) -> Source | None:
    """Where a deed comes from; None for an event that is none: what follows from others.

    Of what was said in a conversation, the prompts are deeds; of checkpoints, those set by hand.
    """
    kind: Any = type(event)
    if kind is e.TurnRecorded:
        return "transcript" if event.marks & Mark.PROMPT else None  # type: ignore[attr-defined]
    if kind is e.CheckpointCreated:
        return "api" if event.kind == "version" else None  # type: ignore[attr-defined]
    if kind is e.StatusChanged:  # only who and why tell one that was set by hand
        by_hand = event.actor or event.why  # type: ignore[attr-defined]
        return "api" if by_hand else "transcript"
    if kind in _TELL_THEMSELVES:
        source: Source = event.source  # type: ignore[attr-defined]
        return source
    return _SOURCES.get(kind)


def kind_named(name: str) -> str:
    """A kind by its name in any case, with or without ``Session`` before it.

    Raises:
        Refused: there is none of that name.
    """
    wanted = name.lower().partition(".")[0]
    for kind in KINDS:
        if wanted in (kind.lower(), kind.removeprefix("Session").lower()):
            return kind
    raise Refused(f"{name!r:.80} is no kind of the audit trail; there are {', '.join(KINDS)}")
