"""What every SQL store shares: its tables, its statements and its readers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, insert, select

from ....domain.errors import Refused
from ....domain.events import EVENTS
from ....domain.keys import SessionKey
from ....domain.recorded import Recorded
from ....projections.engine.read_model import ReadModel
from ....projections.engine.registry import Registration, Registry
from ....projections.making import make_tables
from ..contract.values import Content, Packed, Reclaimed, Stretch
from ..encoding.blocks import BlockCodec
from ..encoding.identities import IdentityMaps, Maps
from ..encryption.cipher import Sealing
from ..encryption.founding import Encryption, admit
from ..encryption.keys import Keys
from ..encryption.sweeping import destroy_unused
from .account import Account
from .cursor import Cursor
from .founding import find
from .generations import Generations
from .heads import Heads
from .reader import SqlReader
from .schema import SCHEMA_VERSION, about, metadata, topics
from .statements import Statements
from .topics import Topics
from .transaction import FoldFailed, SqlTransaction

T = TypeVar("T")
LAST = (1 << 63) - 1
"""A position that no log reaches."""


def now() -> int:
    """Milliseconds since 1970 UTC, by this machine's clock."""
    return time.time_ns() // 1_000_000


_WINDOW = 20_000
"""Positions that are looked at for holes at once."""

CLOSED = "{}: the log was closed; open it again"


class SqlStore:
    """Base of the SQL stores. A dialect adds how it begins, commits and waits."""

    def __init__(
        self,
        url: str,
        engine: Engine,
        locks_rows: bool,
        registry: Registry | None = None,
        clock: Callable[[], int] = now,
        level: int = 3,
        create: bool = True,
        encryption: Encryption | None = None,
    ) -> None:
        self.url = url
        self.engine = engine
        self.clock = clock
        self.topics = Topics()
        self.codec = BlockCodec(level)
        self.maps = IdentityMaps()
        self.heads = Heads()
        self.statements = Statements(engine.dialect, locks_rows)
        self._create = create
        self._encryption = encryption or Encryption()
        self._found = False
        self.registry = registry or Registry()
        self.account = Account(engine.dialect)
        self.generations = Generations(engine.dialect, self.registry, url)

    # -- the tables --------------------------------------------------------------------------

    def _prepare(self, connection: Connection, triggers: Sequence[str]) -> None:
        """Create what is missing; refuse what is not ours, and what a later release made."""
        if self._find(connection):
            self.codec.cipher = self._encryption.unlock(connection, self.url)
        else:
            make_tables(connection, metadata.sorted_tables)
            cursor = connection.connection.cursor()
            for trigger in triggers:
                cursor.execute(trigger)
            connection.execute(insert(about).values(name="schema", value=str(SCHEMA_VERSION)))
            self.codec.cipher = self._encryption.begin(connection, self.url)
        admit(self.registry, self.codec.cipher)
        self.generations.prepare(connection)
        found = set(connection.execute(select(topics.c.name)).scalars())
        if missing := [{"name": topic} for topic in EVENTS if topic not in found]:
            connection.execute(insert(topics), missing)

    def _find(self, connection: Connection) -> bool:
        """Whether there is a log; see ``founding.find``."""
        self._found = self._found or find(connection, self.url, self._create)
        return self._found

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        """Compress a batch's bodies before any lock is taken."""
        return self.codec.compress(bodies) if bodies else None

    # -- the whole log -----------------------------------------------------------------------

    def read(self) -> AbstractContextManager[SqlReader]:
        """A consistent look at the log."""
        raise NotImplementedError

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        """Events of the whole log by position, gap-safe: none is ever skipped."""
        while True:
            upto = self.horizon(after, limit)
            with self.read() as reader:
                found = reader.log(after, upto, limit, content)
                if found or upto >= reader.last_position():
                    return found
            after = upto  # up to there lie events of foreign streams alone

    def stretch(
        self, after: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        """Events by position, gap-safe: of some kinds, as runs without states."""
        upto = self.horizon(after, 2 * most)
        with self.read() as reader:
            found = reader.stretch(after, upto, most, topics, content)
            enough = sum(len(run.events) for run in found.runs) > most // 4
            if enough or found.problem or upto == LAST or upto >= reader.last_position():
                return found
        upto = self.horizon(upto, _WINDOW)  # what is asked for is rare here
        with self.read() as reader:
            return reader.stretch(after, upto, most, topics, content)

    def project(self, work: Callable[[Any], T]) -> T:
        """Change the read models alone, in a transaction."""
        raise NotImplementedError

    def make_room(
        self, registration: Registration, generation: str, hold: Callable[[Any], None]
    ) -> None:
        """Make the empty tables of a generation, and drop those that are neither live nor these."""
        with self._changing_tables() as connection:
            hold(connection.connection.cursor())
            self.generations.make_room(connection, registration, generation)

    def retire(
        self,
        registration: Registration,
        version: int,
        generation: str,
        hold: Callable[[Any], None],
    ) -> None:
        """Let go of what lies in a generation that is live no more."""
        with self._changing_tables() as connection:
            hold(connection.connection.cursor())
            self.generations.retire(connection, registration, version, generation)

    def _changing_tables(self) -> AbstractContextManager[Connection]:
        """A transaction that makes and drops tables."""
        raise NotImplementedError

    def fails_alone(self, problem: Exception) -> bool:
        """Whether what a fold raised is its own failure, and not the database's."""
        raise NotImplementedError

    def horizon(self, after: int, limit: int) -> int:
        """The position up to which reading on from ``after`` skips nothing, now or ever.

        Args:
            after: a position up to which nothing can be missing.
            limit: how many positions are looked at.
        """
        return LAST

    def reclaim(self) -> Reclaimed:
        """Let nothing that was removed be left in the database's files."""
        raise NotImplementedError

    @property
    def encrypted(self) -> bool:
        """Whether what people wrote is encrypted."""
        return self.codec.cipher.encrypted

    @property
    def locked(self) -> bool:
        """Whether it is, and the keys were not given: nothing can be written then."""
        return self.codec.cipher.locked

    @property
    def keys(self) -> Keys | None:
        """What keeps the keys, where they were given."""
        cipher = self.codec.cipher
        return cipher.keys if isinstance(cipher, Sealing) else None

    def destroy_keys(self, sessions: Sequence[SessionKey]) -> int:
        """Destroy the keys of some streams: what they hold is lost in every copy of the log."""
        cipher = self.codec.cipher
        cipher.allow_writing()
        if not isinstance(cipher, Sealing):
            raise Refused("the log is not encrypted: there are no keys to destroy; use `erase`")
        count = sum(cipher.keys.destroy(key.stream_id) for key in sessions)
        if cipher.refresh():
            self.heads.forget()
        return count

    def destroy_unused_keys(self) -> int:
        """Destroy the keys of what was erased, so that no copy of the log can be read with them."""
        cipher = self.codec.cipher
        if not isinstance(cipher, Sealing):
            return 0
        with self.read() as reader:
            return destroy_unused(reader.cursor, self.statements, cipher)

    def settle(self) -> None:
        """Wait until whatever is being written now is committed or rolled back.

        Then no position can come any more before one that was seen.
        """

    # -- transactions ------------------------------------------------------------------------

    def _reader(self, cursor: Cursor) -> SqlReader:
        if self.codec.cipher.refresh():
            self.heads.forget()  # what was read once may be gone with its key
        reader = SqlReader(cursor, self.statements, self.topics, self.codec, self.maps, self.heads)
        reader.registry = self.registry
        return reader

    def _transaction(
        self, cursor: Cursor, inline: Sequence[ReadModel], maps: Maps | None = None
    ) -> SqlTransaction:
        return SqlTransaction(
            cursor,
            self.statements,
            self.topics,
            self.codec,
            maps or self.maps,
            self.heads,
            inline,
            self._positions,
            self.clock,
        )

    def _positions(self, cursor: Cursor, count: int) -> int:
        raise NotImplementedError

    def _fresh(self, cursor: Cursor) -> list[ReadModel]:
        """The inline read models that are not stale: only these are folded with an append."""
        self.codec.cipher.allow_writing()
        return self.generations.inline(cursor)

    def _mark_stale(self, cursor: Cursor, failed: FoldFailed) -> None:
        # What the write recorded before it failed is undone too. Nobody else writes now: all that
        # is in the log was folded, nothing from here on will be.
        cursor.execute(self.statements.last_position)
        position = int(cursor.fetchone()[0])
        why = ascii(failed.problem)[:500]
        if self.codec.cipher.encrypted:
            why = type(failed.problem).__name__  # its words may hold what was said
        self.account.mark_stale(cursor, failed.projection.name, position, why)
