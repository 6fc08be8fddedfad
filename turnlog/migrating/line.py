"""How one state of a conversation follows from the one before, told by messages alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from ..adapters.migration.found import Foreign

_OURS = uuid5(NAMESPACE_URL, "turnlog:migrate")


class Placed(NamedTuple):
    """A message at its place: what came before it is part of its identity."""

    uuid: str
    message: Foreign


class Moved(NamedTuple):
    """What leads to a state."""

    kept: int
    """How many messages of the line before stay; the rest was gone back behind."""
    trimmed_to: str | None
    """The first message that stays in the context, where that changed."""


class Line:
    """A conversation on its way through the states that another library kept of it.

    Libraries keep lists. A list that goes on where the last one ended is said further; one that
    lacks the beginning was trimmed, one that has it again takes it back into the context; any other
    goes back to what both have in common.
    """

    def __init__(self, stream_id: str) -> None:
        self.placed: list[Placed] = []
        self._root = uuid5(_OURS, stream_id)
        self._trims: list[tuple[int, int]] = []
        """Each as the length of the line when it was made, and where the context began then."""

    @property
    def start(self) -> int:
        """Where the context begins."""
        return self._trims[-1][1] if self._trims else 0

    def go_on(self, messages: Sequence[Foreign]) -> Moved:
        """Take the next state."""
        keys = [message.key for message in messages]
        start = self._trimmed(keys)
        if start is None:
            common = self._common(keys)
            start = self.start if common else 0
            self._go_back(start + common if common else 0)
        kept = len(self.placed)
        changed = start != self.start
        if changed:
            self._trims.append((kept, start))
        for message in messages[kept - start :]:
            self._say(message)
        return Moved(kept, self.placed[start].uuid if changed else None)

    def _trimmed(self, keys: list[str]) -> int | None:
        """Where the context begins if all that is left of the line is how the list begins."""
        if not self.placed:
            return 0
        there = [placed.message.key for placed in self.placed]
        for start in chain(range(self.start, len(there)), range(self.start)):
            if there[start:] == keys[: len(there) - start]:
                return start
        return None

    def _common(self, keys: list[str]) -> int:
        there = [placed.message.key for placed in self.placed[self.start :]]
        both = zip(there, keys, strict=False)
        return next((i for i, (a, b) in enumerate(both) if a != b), min(len(there), len(keys)))

    def _go_back(self, kept: int) -> None:
        del self.placed[kept:]
        self._trims = [trim for trim in self._trims if trim[0] <= kept]

    def _say(self, message: Foreign) -> None:
        before = UUID(self.placed[-1].uuid) if self.placed else self._root
        uuid = uuid5(before, message.key.encode("utf-8", "surrogatepass").hex())
        self.placed.append(Placed(str(uuid), message))
