"""Events of a SQL database as they are hashed: what exports and seals are made of.

The one place, with ``checking``, that knows how a stored row becomes the header that is hashed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Select, func, select

from ....domain.errors import DamagedEvent, KeyDestroyed, TurnlogError
from ..contract.evidence import Hashed, Link
from ..contract.values import StoredFile, Stream
from ..damage import UNREADABLE, damaged
from ..encoding.blocks import Block
from ..encoding.chain import hashed_header
from ..encoding.compression import Compressor
from ..encoding.rows import Row
from ..encryption.cipher import SEALED
from .checking import Headers, check
from .own_stream import OwnStreamReader
from .schema import AFTER_FOREIGN, ENTRIES, FOREIGN, events, files, permits, streams

_CHUNK = 512
_COLUMNS = (
    events.c.position,
    events.c.stream,
    events.c.version,
    events.c.topic,
    events.c.recorded_at,
    events.c.body_hash,
    events.c.chain,
    *(events.c[name] for name in Row._fields),
    streams.c.name,
)


class EvidenceReader(OwnStreamReader):
    """Reads events as they are hashed."""

    def links(self, upto: int) -> Iterator[Link]:
        """Every event by position, of all streams, those that are no session's included."""
        columns = (events.c.position, streams.c.name, events.c.version, events.c.chain)
        for rows in self._by_position(select(*columns), 0, upto, 4 * _CHUNK):
            yield from map(Link._make, rows)

    def hashed(
        self, after: int, upto: int, streams: Sequence[str] | None = None, content: bool = True
    ) -> Iterator[Hashed]:
        """Events by position, of some streams or of all."""
        statement = select(*_COLUMNS)
        if streams is not None:
            statement = statement.where(events.c.stream.in_(self._numbers(streams)))
        for rows in self._by_position(statement, after, upto, _CHUNK):
            bodies = self._bodies_of(rows) if content else {}
            yield from (self._hashed(row, bodies) for row in rows)

    def hashed_of(self, stream: Stream, after: int, upto: int) -> Iterator[Hashed]:
        """The events of one stream by version, with their bodies."""
        while after < upto:
            end = min(after + _CHUNK, upto)
            self.cursor.execute(self._sql.events_of_stream, (stream.id, after, end))
            rows = [(*row, stream.key.stream_id) for row in self.cursor.fetchall()]
            bodies = self._bodies_of(rows)
            yield from (self._hashed(row, bodies) for row in rows)
            after = end

    def file(self, digest: bytes) -> StoredFile | None:
        """A kept file's content by its digest."""
        raise NotImplementedError

    def _by_position(
        self, statement: Select[Any], after: int, upto: int, count: int
    ) -> Iterator[list[Any]]:
        statement = statement.join_from(events, streams, events.c.stream == streams.c.id)
        while True:
            chunk = statement.where(events.c.position > after, events.c.position <= upto)
            chunk = chunk.order_by(events.c.position).limit(count)
            self.cursor.execute(*self._sql.once(chunk))
            rows = list(self.cursor.fetchall())
            yield rows
            if len(rows) < count:
                return
            after = rows[-1][0]

    def _numbers(self, names: Sequence[str]) -> list[int]:
        statement = select(streams.c.id).where(streams.c.name.in_(names))
        self.cursor.execute(*self._sql.once(statement))
        return [number for (number,) in self.cursor.fetchall()]

    def _bodies_of(self, rows: Sequence[Any]) -> dict[tuple[int, int], tuple[bytes, bytes]]:
        """Salt and body by stream and version."""
        spans: dict[int, list[int]] = {}
        for row in rows:
            if row[5] is not None:
                spans.setdefault(row[1], []).append(row[2])
        found = {}
        for stream, versions in spans.items():
            wanted = set(versions)
            self.cursor.execute(
                self._sql.blocks_around, (stream, ENTRIES, max(versions), min(versions))
            )
            for block in map(Block._make, self.cursor.fetchall()):
                try:
                    block = self.codec.plain(block)
                except KeyDestroyed:
                    continue
                salts = block.salts()
                for body in self.codec.bodies(block):
                    if body.version in wanted:
                        found[stream, body.version] = (salts[body.version], body.data)
        return found

    def _hashed(self, row: Any, bodies: dict[tuple[int, int], tuple[bytes, bytes]]) -> Hashed:
        position, number, version, topic_number, at, body_hash, chain, *columns, name = row
        try:
            header = Row.stored(columns)
            topic = self._topics.name(self.cursor, topic_number)
            seed, body = bodies.get((number, version), (None, None))
            told = hashed_header(name, version, topic, at, header)
        except UNREADABLE as problem:
            raise damaged(f"version {version} of {name!r}", problem) from problem
        return Hashed(
            position, name, version, topic, at, told, header.identity, body_hash, chain, seed, body
        )

    def others(self) -> list[str]:
        """The names of the streams that are no session's."""
        self.cursor.execute(self._sql.names_between, (FOREIGN, AFTER_FOREIGN))
        return [name for (name,) in self.cursor.fetchall()]

    def check_other(self, name: str) -> tuple[int, tuple[int, int | None, str] | None]:
        """Check such a stream against its hash chain."""
        self.cursor.execute(self._sql.find_stream, (name,))
        number, version, chain, *_ = self.cursor.fetchone()
        return check(cast(Headers, self), number, name, (version, chain))

    def has_file(self, digest: str) -> bool:
        """Whether a kept file's content is there; an encrypted one is looked into, too."""
        try:
            known = bytes.fromhex(digest)
        except ValueError:
            return False
        if self.codec.cipher.encrypted:
            return self._holds_file(known)
        self.cursor.execute(*self._sql.once(select(files.c.size).where(files.c.digest == known)))
        return self.cursor.fetchone() is not None

    def _holds_file(self, digest: bytes) -> bool:
        try:
            found = self.file(digest)
        except DamagedEvent:
            return False
        return found is not None and _wrong_file(digest, *found[1:]) is None

    def loose(self) -> Iterator[str]:
        """What is wrong with that which belongs to no stream: kept files, permits left behind."""
        self.cursor.execute(*self._sql.once(select(func.count()).select_from(permits)))
        if self.cursor.fetchone()[0]:
            yield "a permit to change bodies was left behind: somebody changed the database by hand"
        after = b""
        while True:
            chunk = select(files).where(files.c.digest > after).order_by(files.c.digest).limit(8)
            self.cursor.execute(*self._sql.once(chunk))
            rows = self.cursor.fetchall()
            for digest, size, codec, data in rows:
                if self.codec.cipher.encrypted and codec >= SEALED:
                    continue  # only who has its digest opens it: it is checked with its session
                if (what := _wrong_file(digest, size, codec, data)) is not None:
                    yield f"the kept file {bytes(digest).hex()[:16]}… {what}"
            if len(rows) < 8:
                return
            after = rows[-1][0]


def _wrong_file(digest: Any, size: Any, codec: Any, data: Any) -> str | None:
    try:
        content = Compressor().decompress(codec, None, data)
    except (TurnlogError, *UNREADABLE) as problem:
        return f"cannot be read: {problem}"
    if sha256(content).digest() != digest:
        return "has another content than its digest says"
    return None if len(content) == size else f"has {len(content):,} bytes, not {size!r}"
