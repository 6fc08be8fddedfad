"""Events of another log, written as they were recorded there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ....domain.batch import Memory
from ....domain.evolving import fold
from ....domain.session import SessionState
from ....projections.engine.read_model import Run
from ..adopted import Adopted, adopted
from ..contract.evidence import Hashed
from ..contract.values import Packed, Stream
from ..encoding.identities import digest
from ..encoding.salts import own
from .open_blocks import OpenBlock, OpenBlocks
from .topics import Topics

_Group = tuple[int, Sequence[Adopted]]


class Adopting:
    """Takes events over, as a part of the transaction."""

    cursor: Any
    _topics: Topics
    _positions: Callable[[Any, int], int]

    def _write(
        self,
        stream: Stream,
        rows: Sequence[tuple[object, ...]],
        identities: Sequence[tuple[int, int]],
        blocks: Sequence[OpenBlock],
        packed: Packed | None = None,
    ) -> None:
        raise NotImplementedError

    def _advance(
        self, stream: Stream, before: int, state: SessionState, memory: Memory, now: int
    ) -> None:
        raise NotImplementedError

    def _fold(self, happened: Sequence[Run]) -> None:
        raise NotImplementedError

    def adopt(self, stream: Stream, events: Sequence[Hashed], memory: Memory) -> None:
        """Append events with their times, their hashes and their salts; see ``contract``."""
        taken = adopted(stream, events)
        position = self._positions(self.cursor, len(taken))
        topics = {one.hashed.topic for one in taken}
        numbers = {topic: self._topics.number(self.cursor, topic) for topic in topics}
        rows, identities = [], []
        blocks, salts = OpenBlocks(), {}
        for n, (event, row, hashed, careful) in enumerate(taken):
            told = (position + n, stream.id, hashed.version, numbers[hashed.topic])
            columns = (hashed.recorded_at, *row.columns(), hashed.body_hash, hashed.chain)
            rows.append((*told, *columns))
            if row.identity is not None:
                identities.append((digest(row.identity), hashed.version))
            if hashed.body is not None and hashed.seed is not None:
                salts[hashed.version] = hashed.seed
                blocks.take(event, row, hashed.version, hashed.body, careful)
        for block in blocks.all():
            block.seed = own([salts[version] for version in block.versions])
        self._write(stream, rows, identities, blocks.all())
        happened = []
        for at, group in groupby(taken, key=lambda one: one.hashed.recorded_at):
            happened.append(self._step(stream, position, at, list(group), memory))
            position += len(happened[-1].events)
        self._fold(happened)

    def _step(
        self, stream: Stream, position: int, at: int, group: Sequence[Adopted], memory: Memory
    ) -> Run:
        """Go on by the events that were recorded together."""
        before, first, count = stream.state, stream.version + 1, len(group)
        events = [one.event for one in group]
        stream.version += count
        stream.chain = group[-1].hashed.chain
        self._advance(stream, first - 1, fold(before, events), memory, at)
        positions, versions = range(position, position + count), range(first, first + count)
        return Run(stream.id, stream.key, at, positions, versions, events, before, stream.state)
