"""Appending to a log kept in a SQL database: one transaction, whatever its dialect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ....domain.batch import Memory
from ....domain.errors import NewerSchema
from ....domain.events import SessionEvent
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ....projections.engine.read_model import ReadModel, Run
from ....projections.engine.runs import asked
from ..contract.values import Appended, Packed, Stream
from ..encoding.blocks import BlockCodec
from ..encoding.chain import START, body_hash, hashed_header, linked
from ..encoding.identities import Maps, digest, pack
from ..encoding.rows import to_row
from ..encoding.salts import derived
from .adopting import Adopting
from .cursor import Cursor
from .heads import Heads, sealed_head, sealed_snapshot
from .open_blocks import OpenBlock, OpenBlocks
from .own_stream import OwnStreamWriter
from .packing import Packing
from .reader import SqlReader
from .removing import Removing
from .sources import SourceWriter
from .statements import Statements
from .summaries import SummaryWriter
from .topics import Topics

SNAPSHOT_EVERY = 256
"""Versions between snapshots: what ``at`` has to replay at the most, batches apart."""


class FoldFailed(Exception):
    """An inline projection raised; it is undone alone, marked stale, and caught up later."""

    def __init__(self, projection: ReadModel, position: int, problem: Exception) -> None:
        super().__init__(f"projection {projection.name!r} failed at position {position}: {problem}")
        self.projection = projection
        self.position = position
        self.problem = problem


class SqlTransaction(
    Adopting, SqlReader, SourceWriter, SummaryWriter, OwnStreamWriter, Packing, Removing
):
    """A write: all of it happens or nothing."""

    def __init__(
        self,
        cursor: Cursor,
        statements: Statements,
        topics: Topics,
        codec: BlockCodec,
        maps: Maps,
        heads: Heads,
        inline: Sequence[ReadModel],
        positions: Callable[[Cursor, int], int],
        clock: Callable[[], int],
    ) -> None:
        super().__init__(cursor, statements, topics, codec, maps, heads)
        self._touched: set[int] = set()
        self._inline = inline
        self._positions = positions
        self._clock = clock

    def now(self) -> int:
        """Milliseconds since 1970 UTC, by the store's clock, which may be set back."""
        return self._clock()

    def open(self, key: SessionKey) -> Stream:
        """The stream at its head, locked; a new one where there is none."""
        stream = self._stream(key, self._sql.lock_stream)
        if self.codec.cipher.refresh():
            # Whoever held the lock may have destroyed the key.
            self._heads.forget()
            stream = self._stream(key, self._sql.lock_stream)
        if stream is not None:
            return stream
        self.codec.cipher.begin(key.stream_id)
        head = sealed_head(self.codec.cipher, 0, SessionState(key), Memory(os.urandom(16)))
        self.cursor.execute(
            self._sql.create_stream,
            (key.stream_id, 0, START, 0, head.state_bytes, head.memory_bytes),
        )
        stream = self._stream(key, self._sql.lock_stream)
        assert stream is not None
        return stream

    def record(
        self,
        stream: Stream,
        events: Sequence[SessionEvent],
        state: SessionState,
        memory: Memory | None = None,
        packed: Packed | None = None,
    ) -> Appended:
        """Append events, fold the inline projections, and keep the new head."""
        memory = memory or stream.memory
        now = max(self._clock(), stream.recorded_at)
        count = len(events)
        position = self._positions(self.cursor, count) if count else 0
        appended = Appended(stream.version + 1, count, position, now)
        before = stream.state
        if events:
            self._insert(stream, events, appended, packed)
        stream.version += count
        self._advance(stream, before.version, state, memory, now)
        if events:
            happened = Run(
                stream.id,
                stream.key,
                now,
                range(position, position + count),
                range(appended.first_version, appended.first_version + count),
                events,
                before,
                state,
            )
            self._fold([happened])
        return appended

    def _advance(
        self, stream: Stream, before: int, state: SessionState, memory: Memory, now: int
    ) -> None:
        """Keep the new head of a stream whose version and chain are known."""
        stream.recorded_at = now
        stream.state, stream.memory = state, memory
        cipher = self.codec.cipher
        head = sealed_head(cipher, stream.version, state, memory)
        self._heads.keep(stream.id, head)
        self.cursor.execute(
            self._sql.store_stream,
            (stream.version, stream.chain, now, head.state_bytes, head.memory_bytes, stream.id),
        )
        if stream.version // SNAPSHOT_EVERY > before // SNAPSHOT_EVERY:
            snapshot = sealed_snapshot(cipher, stream.version, state)
            self.cursor.execute(self._sql.store_snapshot, (stream.id, stream.version, snapshot))

    def _fold(self, happened: Sequence[Run]) -> None:
        """Fold the inline projections."""
        for model in self._inline:
            try:
                runs = [run for one in happened if (run := asked(model, one)) is not None]
                if runs:
                    model.fold(self.cursor, runs)
            except NewerSchema:
                raise  # another release folds it by now: appending would leave it behind
            except Exception as problem:
                raise FoldFailed(model, happened[0].positions[0], problem) from problem

    def take_positions(self, count: int) -> int:
        """Positions for events that are not written by ``record``; the first of them."""
        return self._positions(self.cursor, count)

    def _insert(
        self,
        stream: Stream,
        events: Sequence[SessionEvent],
        appended: Appended,
        packed: Packed | None,
    ) -> None:
        version, now, position = stream.version, appended.recorded_at, appended.first_position
        name, chain, number = stream.key.stream_id, stream.chain, stream.id
        rows = []
        identities = []
        topics = self._topics.of(self.cursor, events)
        blocks = OpenBlocks()
        for event in events:
            version += 1
            row, body, careful = to_row(event)
            hashed = None
            if body is not None:
                secret = blocks.take(event, row, version, body, careful)
                hashed = body_hash(derived(secret, version), version, body)
            topic, identity = event.TOPIC, row[2]
            header = hashed_header(name, version, topic, now, row)
            chain = linked(chain, header, identity, hashed)
            rows.append(
                (position, number, version, topics[topic], now, *row.columns(), hashed, chain)
            )
            position += 1
            if identity is not None:
                identities.append((digest(identity), version))
        self._write(stream, rows, identities, blocks.all(), packed)
        stream.chain = chain

    def _write(
        self,
        stream: Stream,
        rows: Sequence[tuple[object, ...]],
        identities: Sequence[tuple[int, int]],
        blocks: Sequence[OpenBlock],
        packed: Packed | None = None,
    ) -> None:
        """Write the rows of events that follow on a stream's version, and their bodies."""
        number, first = stream.id, stream.version + 1
        self.cursor.executemany(self._sql.append_event, rows)
        for block in blocks:
            ready = packed if packed is not None and packed.bodies == block.bodies else None
            if ready is not None and not self.codec.suits(ready):
                ready = None
            self.cursor.execute(
                self._sql.append_block,
                self.codec.seal(
                    number,
                    block.sort,
                    block.branch,
                    block.versions,
                    ready or self.codec.compress(block.bodies),
                    block.seed,
                    block.careful,
                ),
            )
        self._touched.add(number)
        self._maps.add(number, stream.version, identities, stream.version + len(rows))
        if identities:
            self.cursor.execute(
                self._sql.store_identities, (number, first, pack(first, identities))
            )

    def forget(self) -> None:
        """Undo what a rolled back transaction left in memory. Call it before the rollback."""
        for stream in self._touched:
            self._maps.forget(stream)
