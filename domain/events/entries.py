"""What a transcript brings: entries, what stands in their place, what is missing of them."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from ..entry import Entry, Mark
from .base import SessionEvent, built


class _Recorded(SessionEvent):
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    body: bytes
    """The entry, verbatim."""
    kind: str
    marks: int = 0
    parent: int | None = None
    """The version of the entry it hangs on, where that is recorded."""
    before: int | None = None
    """Set on a late entry: the version it stands before when the session is loaded."""
    turn: int | None = None
    prompt: int | None = None

    @classmethod
    def of(
        cls,
        entry: Entry,
        identity: bytes,
        branch: int,
        marks: int,
        parent: int | None,
        before: int | None,
        place: int | None,
        turn: int | None,
        prompt: int,
    ) -> Self:
        """An entry as it is recorded. Every entry passes here, so the fields are set at once."""
        values = {
            "branch": branch,
            "occurred_at": entry.occurred_at,
            "identity": identity,
            "place": place,
            "body": entry.body,
            "kind": entry.kind,
            "marks": marks,
            "parent": parent,
            "before": before,
            "turn": turn,
            "prompt": prompt,
        }
        return built(cls, values, _ENTRY_FIELDS)

    @property
    def entry(self) -> dict[str, Any]:
        """The entry as an object; an empty one where its bytes were erased, or not asked for."""
        line, _, _ = self.body.partition(b"\n")  # behind it, the line as it was found
        entry: dict[str, Any] = json.loads(line) if line else {}
        return entry


_ENTRY_FIELDS = set(_Recorded.model_fields)


class TurnRecorded(_Recorded):
    """A user's or an assistant's entry."""

    TOPIC: ClassVar[str] = "TurnRecorded.v1"

    @property
    def role(self) -> str:
        """``assistant`` or ``user``."""
        return "assistant" if self.marks & Mark.ASSISTANT else "user"


class EntryRecorded(_Recorded):
    """Any other transcript line: titles, modes, attachments, kinds nobody knows yet."""

    TOPIC: ClassVar[str] = "EntryRecorded.v1"


class EntryConflicted(SessionEvent):
    """Another content under a uuid that is recorded already. Kept, never loaded."""

    TOPIC: ClassVar[str] = "EntryConflicted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    of: int
    """The version that holds the first content."""
    body: bytes


class EntryCorrupted(SessionEvent):
    """Bytes that are no entry, kept as they were found."""

    TOPIC: ClassVar[str] = "EntryCorrupted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    body: bytes
    why: str
    """Our own words; nothing of the content."""


class EntryRedacted(SessionEvent):
    """Something in an event's content was taken out for good, and reads ``[redacted]`` now."""

    TOPIC: ClassVar[str] = "EntryRedacted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    of: int
    """The version whose content it was: an entry, or a title that repeated it."""
    digest: str = ""
    """The salted hash of the content as it is now, in hexadecimal, where it was there before."""
    automatic: bool = False
    """Whether patterns found it while it arrived: then it was never recorded otherwise."""
    reason: str | None = None
    actor: str | None = None


class GapDetected(SessionEvent):
    """An entry hangs on one that never arrived. ``identity`` makes the missing one findable."""

    TOPIC: ClassVar[str] = "GapDetected.v1"
    missing: str
    of: int


class GapFilled(SessionEvent):
    """The missing entry arrived after all."""

    TOPIC: ClassVar[str] = "GapFilled.v1"
    missing: str
    of: int


class PromptRemembered(SessionEvent):
    """A prompt known from the CLI's history alone; its transcript is gone, or not here yet."""

    TOPIC: ClassVar[str] = "PromptRemembered.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("prompt", "pasted")
    prompt: str
    pasted: dict[str, Any] = {}


class FileKept(SessionEvent):
    """A file that the transcript points to and the CLI would delete, kept once per content."""

    TOPIC: ClassVar[str] = "FileKept.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("name", "digest")
    name: str
    """Its place in the configuration directory."""
    digest: str = ""
    """SHA-256 of its content, in hexadecimal: the key of the content's own table."""
    kind: str
    size: int
