"""What a migration found and did, in figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..adapters.migration.found import MOST_TOLD, Unread, Unreadable


@dataclass(slots=True)
class Migrated:
    """What a migration found and did, or would do."""

    path: Path
    kinds: tuple[str, ...] = ()
    """openai-agents, langgraph, adk, table."""
    sessions: int = 0
    """Sessions and subgraphs found with messages."""
    begun: int = 0
    """Those of them that were new to the log."""
    empty: int = 0
    """Sessions found without a message: nothing is recorded of them."""
    deleted: int = 0
    """Sessions left out because they were deleted or erased here."""
    messages: int = 0
    """Found, each once for each branch that it lies on for itself."""
    recorded: int = 0
    """Messages that were new."""
    checkpoints: int = 0
    """States of the other library that can be gone back to now, new ones."""
    rewinds: int = 0
    trims: int = 0
    uncounted: int = 0
    """Tokens that a session's row tells and no new message could take."""
    unread: int = 0
    """Things that could not be read."""
    unread_things: list[Unread] = field(default_factory=list)
    """The first of them, each with its reason."""
    notes: dict[str, int] = field(default_factory=dict)
    """What of it is of note, by kind: left out, or kept as it is because nobody knows it."""
    dry_run: bool = False
    seconds: float = 0.0

    @property
    def known(self) -> int:
        """Messages that were recorded before."""
        return self.messages - self.recorded

    def take(self, unread: Unreadable) -> None:
        """Add what could not be read."""
        self.unread += unread.count
        self.unread_things += unread.told[: MOST_TOLD - len(self.unread_things)]
        for kind, count in unread.kinds.items():
            self.notes[kind] = self.notes.get(kind, 0) + count

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, as plain JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        things = [thing._asdict() for thing in self.unread_things]
        return {**values, "path": str(self.path), "known": self.known, "unread_things": things}
