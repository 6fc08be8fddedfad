"""What a decision asks for: what is known of some entries and responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ....domain.batch import Known
from ....domain.entry import Entry, message_identity
from ....domain.errors import KeyDestroyed, NotJson
from ....domain.usage import NOTHING, Response, Usage
from ..contract.values import Stream
from ..damage import UNREADABLE, damaged
from ..encoding.blocks import Block, BlockCodec
from ..encoding.chain import body_hash
from ..encoding.facts import written_out
from ..encoding.identities import Maps, digest
from ..encoding.json_bytes import decode
from .schema import ENTRIES
from .statements import LIST_SIZES, Statements, padded


class DecisionReader:
    """Looks up what a write touches of the past, as a part of a look at the log."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements
    _maps: Maps
    _holding: dict[tuple[int, int], tuple[Block, bytes]]
    """The blocks that hold some versions, with the salts of these."""

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


def _response(turn: int, facts: str | None) -> Response:
    values: Any = decode(written_out(facts).encode(), True) if facts else {}
    counters = Usage(*values.get("counters", NOTHING))
    return Response(
        turn,
        counters.best(Usage(*values.get("counted", NOTHING))),
        bool(values.get("finished")),
        values.get("quality") == "placeholder",
        values.get("characters", 0),
    )
