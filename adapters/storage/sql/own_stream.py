"""The log's own stream in a SQL database, and the log's own name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Insert, insert, select

from ..contract.evidence import OWN, OwnFact
from ..damage import UNREADABLE, damaged
from ..encoding.blocks import Block, BlockCodec
from ..encoding.chain import START, body_hash, link
from ..encoding.rows import Row
from ..encoding.salts import new_seed, salts
from .schema import OTHER, about, topics
from .statements import Statements
from .topics import Topics

_LOG = "log"
"""The row of ``about`` that names the log."""
_NO_HEADER = Row(0, *(None,) * 9)


class OwnStreamReader:
    """Reads the log's own stream through the cursor of a transaction."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements
    _topics: Topics

    def log_id(self) -> str | None:
        """The name that the log was given by chance; None where it has none yet."""
        self.cursor.execute(*self._sql.once(select(about.c.value).where(about.c.name == _LOG)))
        row = self.cursor.fetchone()
        return row[0] if row is not None else None

    def own(self) -> Iterator[OwnFact]:
        """What happened to the log as a whole, by version."""
        self.cursor.execute(self._sql.find_stream, (OWN,))
        head = self.cursor.fetchone()
        if head is None:
            return
        number, last = head[:2]
        for version in range(1, last + 1):
            self.cursor.execute(self._sql.events_of_stream, (number, version - 1, version))
            row = self.cursor.fetchone()
            self.cursor.execute(self._sql.blocks_around, (number, OTHER, version, version))
            blocks = [Block._make(block) for block in self.cursor.fetchall()]
            if row is None or len(blocks) != 1:
                continue  # whoever verifies the stream names what is missing
            position, _, _, number_of_topic, recorded_at, *_, facts = row
            try:
                topic = self._topics.name(self.cursor, number_of_topic)
                (body,) = self.codec.bodies(blocks[0])
            except UNREADABLE as problem:
                raise damaged(f"version {version} of {OWN!r}", problem) from problem
            yield OwnFact(position, version, topic, recorded_at, facts or "{}", body.data)


class OwnStreamWriter(OwnStreamReader):
    """Writes it, as a part of the transaction."""

    _positions: Callable[[Any, int], int]
    _clock: Callable[[], int]

    def keep_log_id(self, name: str) -> None:
        """Name the log; one that has a name keeps it."""
        self._insert_new(insert(about).values(name=_LOG, value=name))

    def record_own(self, after: int, topic: str, facts: str, content: bytes) -> OwnFact | None:
        """Append to the log's own stream: each event has a block of its own."""
        self._insert_new(insert(topics).values(name=topic))
        self.codec.cipher.begin(OWN)
        self.cursor.execute(self._sql.create_stream, (OWN, 0, START, 0, b"", b""))
        self.cursor.execute(self._sql.lock_stream, (OWN,))
        number, version, chain, recorded_at, *_ = self.cursor.fetchone()
        if version != after:
            return None
        version += 1
        now = max(self._clock(), recorded_at)
        position = self._positions(self.cursor, 1)
        seed, row = new_seed(), _NO_HEADER._replace(facts=facts)
        (salt,) = salts(seed, [version])
        hashed = body_hash(salt, version, content)
        chain = link(chain, OWN, version, topic, now, row, hashed)
        self.cursor.execute(*self._sql.once(select(topics.c.id).where(topics.c.name == topic)))
        (topic_number,) = self.cursor.fetchone()
        header = (position, number, version, topic_number, now, *row, hashed, chain)
        self.cursor.execute(self._sql.append_event, header)
        self.codec.names[number] = OWN
        packed = self.codec.compress([content])
        block = self.codec.seal(number, OTHER, 0, [version], packed, seed, False)
        self.cursor.execute(self._sql.append_block, block)
        self.cursor.execute(self._sql.store_stream, (version, chain, now, b"", b"", number))
        return OwnFact(position, version, topic, now, facts, content)

    def _insert_new(self, statement: Insert) -> None:
        text, values = self._sql.once(statement.inline())
        self.cursor.execute(f"{text} ON CONFLICT DO NOTHING", values)
