"""Appending to a log kept in a SQL database: one transaction, whatever its dialect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ....domain.batch import Memory
from ....domain.errors import NewerSchema
from ....domain.events import EntryRecorded, SessionEvent, TurnRecorded
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ....projections.engine.read_model import ReadModel, Run
from ....projections.engine.runs import asked
from ..contract import Appended, Packed, Stream
from ..encoding.blocks import LARGEST, BlockCodec
from ..encoding.chain import START, body_hash, hashed_header, linked
from ..encoding.identities import Maps, digest, pack
from ..encoding.rows import Row, to_row
from ..encoding.salts import derived, new_seed
from .heads import Heads, sealed_head, sealed_snapshot
from .own_stream import OwnStreamWriter
from .packing import Packing
from .reader import Cursor, SqlReader, Topics
from .removing import Removing
from .schema import ENTRIES, LATE, OTHER
from .sources import SourceWriter
from .statements import Statements
from .summaries import SummaryWriter

SNAPSHOT_EVERY = 256
"""Versions between snapshots: what ``at`` has to replay at the most, batches apart."""


class FoldFailed(Exception):
    """An inline projection raised; it is undone alone, marked stale, and caught up later."""

    def __init__(self, projection: ReadModel, position: int, problem: Exception) -> None:
        super().__init__(f"projection {projection.name!r} failed at position {position}: {problem}")
        self.projection = projection
        self.position = position
        self.problem = problem


class SqlTransaction(SqlReader, SourceWriter, SummaryWriter, OwnStreamWriter, Packing, Removing):
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

    def open(self, key: SessionKey) -> Stream:
        """The stream at its head, locked; a new one where there is none."""
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
        stream.recorded_at = now
        stream.state, stream.memory = state, memory
        cipher = self.codec.cipher
        head = sealed_head(cipher, stream.version, state, memory)
        self._heads.keep(stream.id, head)
        self.cursor.execute(
            self._sql.store_stream,
            (stream.version, stream.chain, now, head.state_bytes, head.memory_bytes, stream.id),
        )
        if stream.version // SNAPSHOT_EVERY > before.version // SNAPSHOT_EVERY:
            snapshot = sealed_snapshot(cipher, stream.version, state)
            self.cursor.execute(self._sql.store_snapshot, (stream.id, stream.version, snapshot))
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
            for model in self._inline:
                try:
                    if (run := asked(model, happened)) is not None:
                        model.fold(self.cursor, [run])
                except NewerSchema:
                    raise  # another release folds it by now: appending would leave it behind
                except Exception as problem:
                    raise FoldFailed(model, position, problem) from problem
        return appended

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
        blocks = _OpenBlocks()
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
            rows.append((position, number, version, topics[topic], now, *row, hashed, chain))
            position += 1
            if identity is not None:
                identities.append((digest(identity), version))
        self.cursor.executemany(self._sql.append_event, rows)
        for block in blocks.all():
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
        self._maps.add(number, stream.version, identities, version)
        if identities:
            first = appended.first_version
            packed_identities = pack(first, identities)
            self.cursor.execute(self._sql.store_identities, (number, first, packed_identities))
        stream.chain = chain

    def forget(self) -> None:
        """Undo what a rolled back transaction left in memory. Call it before the rollback."""
        for stream in self._touched:
            self._maps.forget(stream)


class _OpenBlock:
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


class _OpenBlocks:
    """The blocks of one append: one a sort and branch, and another where one is full."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], _OpenBlock] = {}
        self._full: list[_OpenBlock] = []

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
            block = self._open[sort, row.branch] = _OpenBlock(sort, row.branch)
        block.size += len(body)
        block.careful |= careful
        block.versions.append(version)
        block.bodies.append(body)
        return block.secret

    def all(self) -> list[_OpenBlock]:
        """Every block, full or not."""
        return [*self._full, *self._open.values()]
