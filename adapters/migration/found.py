"""What is found in the database of another library, in the words of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from ..claude.messages import Given
from ..storage.encoding.json_bytes import encode

MOST_TOLD = 100
"""Of what could not be read, how much is told one by one; all of it is counted."""


class Foreign(NamedTuple):
    """A message as another library holds it."""

    key: str
    """By what it is known again at its place: what the library calls it, and its content."""
    given: Given
    at: int | None
    """Milliseconds since 1970 UTC."""
    kept_from: int | None = None
    """Of a summary: which message is the first that it does not stand for."""


class Snapshot(NamedTuple):
    """All messages of a conversation at one time, in order."""

    messages: Sequence[Foreign]
    name: str | None = None
    """What the library calls this state; it becomes a checkpoint."""
    label: str | None = None


@dataclass
class ForeignSession:
    """A conversation of another library."""

    project: str
    session_id: str
    snapshots: Iterable[Snapshot]
    """In the order they came about; of most libraries there is one, the present state."""
    subpath: str | None = None
    user_id: str | None = None
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: int | None = None
    total: Mapping[str, int] | None = None
    """The tokens of the whole session, where they are not told message by message."""
    total_cost_usd: float | None = None


class Unread(NamedTuple):
    """Something that could not be read, and why."""

    where: str
    why: str


class Unreadable:
    """What of a database could not be read."""

    def __init__(self) -> None:
        self.count = 0
        self.told: list[Unread] = []
        self.kinds: dict[str, int] = {}
        """What is of no conversation, or of a kind not understood: counted by kind."""

    def add(self, where: str, why: str) -> None:
        """Note one thing that could not be read."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(Unread(where, why))

    def note(self, kind: str, count: int = 1) -> None:
        """Note things by their kind: left out, or kept as they are."""
        if count:
            self.kinds[kind] = self.kinds.get(kind, 0) + count


def known_by(name: object, original: object) -> str:
    """By what a message is known: what the library calls it, and what it holds."""
    body, _ = encode(original)
    return f"{name or ''} {blake2b(body, digest_size=16).hexdigest()}"


def foreign(
    kind: str, name: object, original: Any, given: Given, at: int | None, **more: Any
) -> Foreign:
    """A message, with what it was made of kept in its entry.

    Args:
        kind: of the database.
        name: what the library calls the message.
        original: as the library has it, as JSON values.
        more: what else the entry says of where it comes from.
    """
    also = {"migrated": {"from": kind, **more, "original": original}, **(given.also or {})}
    return Foreign(known_by(name, original), given._replace(also=also), at)
