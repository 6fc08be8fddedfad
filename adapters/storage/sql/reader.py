"""Reading a log kept in a SQL database, whatever its dialect."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Select

from ....domain.batch import Memory
from ....domain.errors import (
    DamagedEvent,
    KeyDestroyed,
    KeyLost,
    KeysNeeded,
    TurnlogError,
)
from ....domain.evolving import fold
from ....domain.keys import SessionKey
from ....domain.recorded import Recorded
from ....domain.session import SessionState
from ..contract.values import Content, Stream
from ..damage import UNREADABLE, damaged
from ..encoding.blocks import Block, BlockCodec
from ..encoding.facts import written_out
from ..encoding.identities import Maps
from ..encoding.json_bytes import decode
from ..encoding.rows import Row, from_row
from ..encoding.state_bytes import load_state
from ..encryption import states
from ..encryption.reading import SealedReader
from .checking import Beside, check
from .cursor import Cursor
from .deciding import DecisionReader
from .entries import EntryReader
from .evidence import EvidenceReader
from .forks import ForkReader
from .generations import LiveTables
from .heads import Heads
from .packing import PackingReader
from .schema import AFTER_FOREIGN, ENTRIES, FOREVER, OTHER
from .sources import SourceReader
from .statements import Statements
from .stretches import StretchReader
from .summaries import SummaryReader
from .topics import Topics

_CHUNK = 256


class SqlReader(
    EntryReader,
    DecisionReader,
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
        self._holding = {}

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
            event = from_row(topic, Row.stored(rest), bodies.get(version))
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
            facts: Any = decode(written_out(rows[0][-1] or "{}").encode(), True) if rows else {}
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

    def _bodies_changed(self) -> None:
        """What was read of blocks counts no more."""
        self._opened = None
        self._holding.clear()

    # -- beside the events --------------------------------------------------------------------

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
