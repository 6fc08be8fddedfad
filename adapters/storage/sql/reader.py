"""Reading a log kept in a SQL database, whatever its dialect."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Select

from ....domain.batch import Known, Memory
from ....domain.entry import Entry, message_identity
from ....domain.errors import (
    DamagedEvent,
    KeyDestroyed,
    KeyLost,
    KeysNeeded,
    NotJson,
    TurnlogError,
)
from ....domain.events import SessionEvent
from ....domain.keys import SessionKey
from ....domain.lineage import Segment
from ....domain.points import Head
from ....domain.recorded import Recorded
from ....domain.session import SessionState, fold
from ....domain.usage import NOTHING, Response, Usage
from ..contract.values import Body, Content, Stream
from ..damage import UNREADABLE, damaged
from ..encoding.blocks import Block, BlockCodec
from ..encoding.chain import body_hash
from ..encoding.frames import Frame
from ..encoding.identities import Maps, digest
from ..encoding.json_bytes import decode
from ..encoding.rows import Row, from_row
from ..encoding.state_bytes import load_state
from ..encryption import states
from ..encryption.reading import SealedReader
from .checking import Beside, check
from .evidence import EvidenceReader
from .forks import ForkReader
from .generations import LiveTables
from .heads import Heads
from .packing import PackingReader
from .schema import AFTER_FOREIGN, ENTRIES, LATE, OTHER
from .sources import SourceReader
from .statements import LIST_SIZES, Statements, padded
from .stretches import StretchReader
from .summaries import SummaryReader

FOREVER = (1 << 31) - 1
"""A version that no stream reaches: the largest integer of a PostgreSQL column."""
FOREVER_MS = (1 << 63) - 1
_CHUNK = 256


class Cursor(Protocol):
    """What sqlite3 and psycopg have in common."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Any, /) -> Any: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> Any: ...

    def fetchmany(self, size: int, /) -> Any: ...


class Topics:
    """The topics' short numbers, as the database knows them."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def load(self, cursor: Cursor) -> None:
        """Read the table again: another process may have added to it."""
        cursor.execute("SELECT id, name FROM topics")
        for number, name in cursor.fetchall():
            self._ids[name], self._names[number] = number, name

    def name(self, cursor: Cursor, number: int) -> str:
        """The topic of a number."""
        if number not in self._names:
            self.load(cursor)
        return self._names[number]

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of some topics that are not known here to be in the table."""
        return [name for name in names if name not in self._ids]

    def numbers(self, cursor: Cursor, names: Collection[str]) -> list[int]:
        """The numbers of those topics that are in the table."""
        if self.missing(names):
            self.load(cursor)
        return [self._ids[name] for name in names if name in self._ids]

    def of(self, cursor: Cursor, events: Sequence[SessionEvent]) -> dict[str, int]:
        """The numbers of some events' topics, by topic."""
        if self.missing(event.TOPIC for event in events):
            self.load(cursor)
        return self._ids

    def number(self, cursor: Cursor, name: str) -> int:
        """The number of a topic, which must be in the table."""
        if name not in self._ids:
            self.load(cursor)
        return self._ids[name]


class SqlReader(
    SourceReader,
    SummaryReader,
    EvidenceReader,
    LiveTables,
    StretchReader,
    ForkReader,
    SealedReader,
    PackingReader,
):
    """One consistent look at the log."""

    def __init__(
        self,
        cursor: Cursor,
        statements: Statements,
        topics: Topics,
        codec: BlockCodec,
        maps: Maps,
        heads: Heads,
    ) -> None:
        self.cursor = cursor
        self._sql = statements
        self._topics = topics
        self.codec = codec
        self._maps = maps
        self._heads = heads
        self._opened: tuple[int, Frame, list[int]] | None = None
        self._holding: dict[tuple[int, int], tuple[Block, bytes]] = {}

    # -- streams -----------------------------------------------------------------------------

    def find(self, key: SessionKey) -> Stream | None:
        """The stream at its head; None where nothing was ever recorded."""
        return self._stream(key, self._sql.find_stream)

    def _stream(self, key: SessionKey, statement: str) -> Stream | None:
        self.cursor.execute(statement, (key.stream_id,))
        row = self.cursor.fetchone()
        if row is None:
            return None
        number, version, chain, recorded_at, state_bytes, memory_bytes = row
        self.codec.names[number] = key.stream_id
        content: Content = "all"
        try:
            state, memory = self._heads.read(
                number, key, version, state_bytes, memory_bytes, self.codec.cipher
            )
        except (KeysNeeded, KeyLost) as problem:
            # Whoever only looks is told what the headers tell; who would add to it is not, unless
            # the key was destroyed: that is how a session is erased.
            if statement != self._sql.find_stream and not isinstance(problem, KeyDestroyed):
                raise
            state, memory, content = None, Memory(os.urandom(16)), "none"
        if state is not None:
            return Stream(number, key, version, chain, recorded_at, state, memory)
        # Another release wrote the head, or it cannot be decrypted: fold it again.
        stream = Stream(number, key, version, chain, recorded_at, SessionState(key), memory)
        stream.state = self._folded(stream, content)
        return stream

    def _folded(self, stream: Stream, content: Content = "all") -> SessionState:
        events = self.events(stream, content=content)
        return fold(SessionState(stream.key), (recorded.event for recorded in events))

    def subkeys(self, key: SessionKey) -> list[SessionKey]:
        """The subagents' streams of a session."""
        prefix = key.main.stream_id + "/"
        self.cursor.execute(
            self._sql.names_between,
            (prefix, prefix[:-1] + "0"),  # "0" comes after "/"
        )
        return [SessionKey.parse(name) for (name,) in self.cursor.fetchall()]

    def streams(self) -> Iterator[SessionKey]:
        """The stream of every session and of every subagent."""
        after = AFTER_FOREIGN
        while True:
            self.cursor.execute(self._sql.names_after, (after, _CHUNK))
            names = [name for (name,) in self.cursor.fetchall()]
            for name in names:
                yield SessionKey.parse(name)
            if len(names) < _CHUNK:
                return
            after = names[-1]

    def last_position(self) -> int:
        """The position of the newest event, 0 for an empty log."""
        self.cursor.execute(self._sql.last_position)
        return int(self.cursor.fetchone()[0])

    # -- events ------------------------------------------------------------------------------

    def events(
        self, stream: Stream, after: int = 0, upto: int | None = None, content: Content = "all"
    ) -> Iterator[Recorded]:
        """A stream's events by version, in chunks."""
        name = stream.key.stream_id
        last = FOREVER if upto is None else upto
        while after < last:
            end = min(after + _CHUNK, last)
            self.cursor.execute(self._sql.events_of_stream, (stream.id, after, end))
            rows = self.cursor.fetchall()
            bodies = self._bodies_between(stream.id, after + 1, end, content) if rows else {}
            for row in rows:
                yield self._recorded(name, row, bodies)
            if len(rows) < end - after:
                return
            after = end

    def log(self, after: int, upto: int, limit: int, content: Content) -> list[Recorded]:
        """Events of the whole log by position."""
        self.cursor.execute(self._sql.events_of_log, (after, upto, limit))
        rows = self.cursor.fetchall()
        spans: dict[int, list[int]] = {}
        for row in rows:
            if type(row[2]) is not int:  # SQLite takes a value of any type into any column
                raise damaged(f"an event of {row[-1]!r}", f"its version is {row[2]!r}")
            spans.setdefault(row[1], []).append(row[2])
        bodies = {
            stream: self._bodies_between(stream, min(versions), max(versions), content)
            for stream, versions in spans.items()
        }
        return [self._recorded(row[-1], row[:-1], bodies[row[1]]) for row in rows]

    def _recorded(self, name: str, row: Any, bodies: Mapping[int, bytes]) -> Recorded:
        position, _, version, topic_number, recorded_at, _, chain, *rest = row
        try:
            topic = self._topics.name(self.cursor, topic_number)
            event = from_row(topic, Row._make(rest), bodies.get(version))
        except (DamagedEvent, *UNREADABLE) as problem:
            raise damaged(f"version {version} of {name!r}", problem) from problem
        return Recorded(position, name, version, topic, recorded_at, event, chain)

    def check(self, key: SessionKey) -> tuple[int, tuple[int, int | None, str] | None]:
        """Check a stream against its hash chain: how many events hold, and the first problem."""
        self.cursor.execute(self._sql.find_stream, (key.stream_id,))
        number, version, chain, at, state, memory = self.cursor.fetchone()
        self.cursor.execute(self._sql.snapshots_of, (number,))
        kept = dict(self.cursor.fetchall())
        opened = self._opened_beside(key.stream_id, version, state, memory, kept)
        beside = Beside(key, at, *opened, self._identities(number, -1))
        return check(self, number, key.stream_id, (version, chain), beside)

    def strays(self) -> list[tuple[SessionKey, int]]:
        """Events of streams that are not there: the session they name, and the first position."""
        self.cursor.execute(self._sql.strays)
        found = []
        for number, position in self.cursor.fetchall():
            rows = self.rows(number, 0, 1)
            facts: Any = decode((rows[0][-1] or "{}").encode(), True) if rows else {}
            names = (facts.get(name) for name in SessionKey._fields)
            found.append((SessionKey(*(n if isinstance(n, str) else "?" for n in names)), position))
        return found

    def rows(self, number: int, after: int, upto: int) -> list[Any]:
        """The headers of a stream as they are stored."""
        self.cursor.execute(self._sql.events_of_stream, (number, after, upto))
        return list(self.cursor.fetchall())

    def blocks_between(self, number: int, first: int, last: int) -> list[Any]:
        """The blocks of a stream that hold a version between."""
        self.cursor.execute(self._sql.blocks_around, (number, ENTRIES, last, first))
        return list(self.cursor.fetchall())

    def topic(self, number: int) -> str:
        """The name of a topic's number."""
        return self._topics.name(self.cursor, number)

    def version_at(self, stream: Stream, recorded_at: int) -> int:
        """The last version recorded not after a time by the store's clock."""
        self.cursor.execute(self._sql.version_at, (stream.id, recorded_at))
        return int(self.cursor.fetchone()[0])

    def _bodies_between(
        self, stream: int, first: int, last: int, content: Content
    ) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        if content == "none":
            return found
        lowest = OTHER if content == "notes" else ENTRIES
        self.cursor.execute(self._sql.blocks_around, (stream, lowest, last, first))
        for row in self.cursor.fetchall():
            # What went with its key is as if it were erased.
            with suppress(KeyDestroyed):
                found.update(self.codec.between(Block._make(row), first, last))
        return found

    # -- entries -----------------------------------------------------------------------------

    def heads(self, stream: Stream, segment: Segment) -> Iterator[Head]:
        """The headers of a segment's entries by version, those that came late left out."""
        upto = FOREVER if segment.upto is None else segment.upto
        self.cursor.execute(self._sql.heads, (stream.id, segment.branch, upto))
        return iter([Head(*row) for row in self.cursor.fetchall()])

    def all_heads(self, stream: Stream) -> Iterator[Head]:
        """The headers of all entries on every branch, by version."""
        self.cursor.execute(self._sql.all_heads, (stream.id,))
        return iter([Head(*row) for row in self.cursor.fetchall()])

    def late_heads(self, stream: Stream) -> list[Head]:
        """The headers of all entries that came late."""
        self.cursor.execute(self._sql.late_heads, (stream.id,))
        return [Head(*row) for row in self.cursor.fetchall()]

    def bodies(self, stream: Stream, segment: Segment) -> Iterator[Body]:
        """The entries of a segment by version, those that came late left out."""
        upto = FOREVER if segment.upto is None else segment.upto
        for block in self._blocks(stream.id, ENTRIES, segment.branch, upto):
            if block.last <= upto:
                yield from self.codec.bodies(block)
            else:
                yield from (b for b in self.codec.bodies(block) if b.version <= upto)

    def entries(self, stream: Stream, segment: Segment) -> Iterator[list[Any]]:
        """The same as objects, block by block: decoded together, they cost less."""
        upto = FOREVER if segment.upto is None else segment.upto
        for block in self._blocks(stream.id, ENTRIES, segment.branch, upto):
            yield self.codec.entries(block, upto)

    def _blocks(self, stream: int, sort: int, branch: int, upto: int) -> Iterator[Block]:
        # By chunks of blocks, so that a session of any size is read in bounded memory.
        after = -1
        while True:
            self.cursor.execute(self._sql.blocks_of_branch, (stream, sort, branch, after, upto, 32))
            rows = self.cursor.fetchall()
            yield from map(Block._make, rows)
            if len(rows) < 32:
                return
            after = rows[-1][4]

    def body(self, stream: Stream, version: int) -> Body | None:
        """The bytes of one entry; None where that version holds none, or they are erased."""
        # Nearly always the block that begins nearest has it; those of two branches may overlap.
        self.cursor.execute(self._sql.nearest_block, (stream.id, ENTRIES, version, 1))
        found = self._body_in(self.cursor.fetchall(), version)
        if found is None:
            self.cursor.execute(self._sql.blocks_around, (stream.id, ENTRIES, version, version))
            found = self._body_in(self.cursor.fetchall(), version)
        return found

    def _body_in(self, rows: Iterable[Any], version: int) -> Body | None:
        for block in map(Block._make, rows):
            if block.sort == OTHER or not block.first <= version <= block.last:
                continue
            if self._opened is None or self._opened[0] != block.id:
                # Whoever asks for one entry often asks for its neighbour next.
                self._opened = (block.id, *self.codec.opened(block))
            _, frame, numbers = self._opened
            place = bisect_left(numbers, version)
            if place < len(numbers) and numbers[place] == version:
                return Body(version, frame[place], bool(block.careful))
        return None

    def late_bodies(self, stream: Stream) -> dict[int, Body]:
        """The bodies of all entries that came late, by version."""
        self.cursor.execute(self._sql.blocks_of_sort, (stream.id, LATE))
        return {
            body.version: body
            for row in self.cursor.fetchall()
            for body in self.codec.bodies(Block._make(row))
        }

    # -- what a decision asks for ------------------------------------------------------------

    def known(
        self, stream: Stream, identities: Iterable[bytes], life: int | None = None
    ) -> dict[bytes, Known]:
        """Which identities the stream holds; of several the newest."""
        life = stream.state.life if life is None else life
        found: dict[bytes, Known] = {}
        for identity, version, branch, place, _, _ in self._identified(stream, identities):
            if version > life:
                found[identity] = Known(version, branch, place or version)
        return found

    def versions(self, stream: Stream, identity: bytes) -> list[int]:
        """Every version that has an identity, in any life."""
        return [row[1] for row in self._identified(stream, [identity])]

    def _identified(self, stream: Stream, identities: Iterable[bytes]) -> Iterator[Any]:
        """The headers with these identities, by version."""
        wanted = set(identities)
        known = self._maps.of(stream.id, stream.version, partial(self._identities, stream.id))
        versions = sorted(
            {
                version
                for identity in wanted
                for version in known.versions(digest(identity))
                if version <= stream.version
            }
        )
        for start in range(0, len(versions), LIST_SIZES[-1]):
            chunk = padded(versions[start : start + LIST_SIZES[-1]])
            self.cursor.execute(self._sql.headers(len(chunk)), (stream.id, *chunk))
            for version, identity, *rest in self.cursor.fetchall():
                if identity in wanted:
                    yield (identity, version, *rest)

    def _identities(self, number: int, after: int) -> list[tuple[int, bytes]]:
        self.cursor.execute(self._sql.identities_after, (number, after))
        return list(self.cursor.fetchall())

    def same(self, stream: Stream, known: Known, entry: Entry) -> bool:
        """Whether a recorded entry has the content of another."""
        self.cursor.execute(self._sql.body_hash_of, (stream.id, known.version))
        stored = self.cursor.fetchone()[0]
        block, salt = self._block_of(stream, known.version)
        if block is None:
            return True  # erased: what is gone cannot be told from what comes
        if body_hash(salt, known.version, entry.body) == stored:
            return True
        body = next(b for b in self.codec.bodies(block) if b.version == known.version)
        if body_hash(salt, known.version, body.data) != stored:
            return True  # redacted: the first content must not come back as another one
        return body.data.partition(b"\n")[0] == entry.body.partition(b"\n")[0]

    def _block_of(self, stream: Stream, version: int) -> tuple[Block | None, bytes]:
        if (stream.id, version) not in self._holding:
            self.cursor.execute(self._sql.blocks_around, (stream.id, ENTRIES, version, version))
            for block in map(Block._make, self.cursor.fetchall()):
                with suppress(KeyDestroyed):
                    block = self.codec.plain(block)
                    for number, salt in block.salts().items():
                        self._holding[stream.id, number] = (block, salt)
        return self._holding.get((stream.id, version), (None, b""))

    def _bodies_changed(self) -> None:
        """What was read of blocks counts no more."""
        self._opened = None
        self._holding.clear()

    def responses(self, stream: Stream, message_ids: Iterable[str]) -> dict[str, Response]:
        """What the stream's present life knows of some responses."""
        names = {message_identity(name): name for name in message_ids}
        found: dict[str, Response] = {}
        for identity, version, _, _, turn, facts in self._identified(stream, names):
            if version <= stream.state.life:
                continue
            try:
                found[names[identity]] = _response(turn, facts)
            except (NotJson, *UNREADABLE) as problem:
                where = f"version {version} of {stream.key.stream_id!r}"
                raise damaged(where, problem) from problem
        return found

    def snapshot(self, stream: Stream, version: int) -> SessionState | None:
        """The newest snapshot not after a version."""
        self.cursor.execute(self._sql.snapshot, (stream.id, version))
        row = self.cursor.fetchone()
        if row is None:
            return None
        place = states.snapshot(stream.key.stream_id, row[0])
        try:
            return load_state(stream.key, self.codec.cipher.open(place, row[1]))
        except (KeysNeeded, KeyDestroyed):
            return None
        except (TurnlogError, *UNREADABLE) as problem:
            where = f"the snapshot of version {row[0]} of {stream.key.stream_id!r}"
            raise damaged(where, problem) from problem

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the read models, in the same look at the log."""
        self.cursor.execute(*self._sql.once(statement))
        return self.reveal(list(self.cursor.fetchall()))


def _response(turn: int, facts: str | None) -> Response:
    values: Any = decode(facts.encode(), True) if facts else {}
    counters = Usage(*values.get("counters", NOTHING))
    return Response(
        turn,
        counters.best(Usage(*values.get("counted", NOTHING))),
        bool(values.get("finished")),
        values.get("quality") == "placeholder",
        values.get("characters", 0),
    )
