"""Bodies of a log in memory that are removed or replaced."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace

from ....domain.batch import Memory
from ....domain.errors import Refused
from ....domain.events import EntryRecorded, FileKept, TurnRecorded
from ....domain.evolving import fold
from ....domain.recorded import Recorded
from ....domain.session import SessionState
from ..contract.values import NOTHING_SQUEEZED, Repacked, Squeezed, Stream
from ..encoding.blocks import needs_care
from ..encoding.rows import from_row, to_row
from .evidence import hash_of, hashed
from .reader import MemoryReader


class MemoryBodies(MemoryReader):
    """Changes bodies, as a part of the transaction. There are no blocks, so nothing is packed."""

    def pack(self, stream: Stream, squeezed: Squeezed = NOTHING_SQUEEZED) -> Repacked:
        return Repacked(0, 0, 0, 0)

    def remove_bodies(self, stream: Stream, versions: Collection[int] | None = None) -> int:
        removed = 0
        for recorded in self._held.events.get(stream.key, ()):
            if versions is None or recorded.version in versions:
                removed += self._put(stream, recorded, None)
        self.forget_files([digest.hex() for digest in self._held.files])
        state = self._forget(stream, Memory(os.urandom(16)))
        if versions is not None:  # else the erasure clears it, and read models see what goes
            stream.state = state
        return removed

    def forget_files(self, digests: Collection[str]) -> None:
        told = (recorded.event for recorded in self._held.log())
        pointed = {event.digest for event in told if isinstance(event, FileKept)}
        for digest in set(digests) - pointed:
            self._held.files.pop(bytes.fromhex(digest), None)

    def replace_body(self, stream: Stream, version: int, body: bytes) -> str:
        found = self._held.events.get(stream.key, ())[version - 1 : version]
        if found and isinstance(found[0].event, TurnRecorded | EntryRecorded):
            needs_care(body)  # refuses what is no JSON
        if not found or not self._put(stream, found[0], body):
            raise Refused(f"version {version} has no content that could be replaced")
        memory = replace(stream.memory, batches=(), latest={})
        stream.state = self._forget(stream, memory)
        return hash_of(version, body).hex()

    def _put(self, stream: Stream, recorded: Recorded, body: bytes | None) -> bool:
        """Put a body, or none, in the place of one; whether there was one."""
        told = hashed(self._held, recorded)
        if told.body is None:
            return False
        place = stream.key, recorded.version
        self._held.hashes[place] = told.body_hash or b""
        if body is None:
            self._held.removed.add(place)
        self._held.salts.pop(place, None)
        row, *_ = to_row(recorded.event)
        event = from_row(recorded.topic, row, body)
        events = list(self._held.events[stream.key])
        events[recorded.version - 1] = recorded._replace(event=event)
        self._held.events[stream.key] = tuple(events)
        return True

    def _forget(self, stream: Stream, memory: Memory) -> SessionState:
        numbers = {self._held.heads[stream.key].id, *self._descendants(stream)}
        for place in [place for place in self._held.summaries if place[0] in numbers]:
            del self._held.summaries[place]
        stream.memory = memory
        state = fold(SessionState(stream.key), (r.event for r in self.events(stream)))
        self._held.heads[stream.key] = replace(stream, state=state)
        return state

    def _descendants(self, stream: Stream) -> set[int]:
        forks = [fork for key in self.forks(stream) if (fork := self.find(key)) is not None]
        return {fork.id for fork in forks}.union(*map(self._descendants, forks))
