"""Bodies on their way into blocks."""

from __future__ import annotations

from ....domain.events import EntryRecorded, SessionEvent, TurnRecorded
from ..encoding.blocks import LARGEST
from ..encoding.rows import Row
from ..encoding.salts import new_seed
from .schema import ENTRIES, LATE, OTHER


class OpenBlock:
    """Bodies on their way into one block."""

    __slots__ = ("bodies", "branch", "careful", "secret", "seed", "size", "sort", "versions")

    def __init__(self, sort: int, branch: int) -> None:
        self.sort = sort
        self.branch = branch
        self.seed = new_seed()
        self.secret = self.seed[1:]
        self.size = 0
        self.careful = False
        self.versions: list[int] = []
        self.bodies: list[bytes] = []


class OpenBlocks:
    """The blocks of one append: one a sort and branch, and another where one is full."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], OpenBlock] = {}
        self._full: list[OpenBlock] = []

    def take(
        self, event: SessionEvent, row: Row, version: int, body: bytes, careful: bool
    ) -> bytes:
        """Put a body where it belongs; returns the secret that its salt follows from."""
        kind = type(event)
        if kind is TurnRecorded or kind is EntryRecorded:
            sort = ENTRIES if row.place is None else LATE
        else:
            sort = OTHER
        block = self._open.get((sort, row.branch))
        if block is None or block.size + len(body) > LARGEST:
            if block is not None:
                self._full.append(block)
            block = self._open[sort, row.branch] = OpenBlock(sort, row.branch)
        block.size += len(body)
        block.careful |= careful
        block.versions.append(version)
        block.bodies.append(body)
        return block.secret

    def all(self) -> list[OpenBlock]:
        """Every block, full or not."""
        return [*self._full, *self._open.values()]
