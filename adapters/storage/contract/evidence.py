"""What proves a log: its events as they are hashed, and the facts about the log as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from .values import Stream

OWN = "!log"
"""The log's own stream: what happened to the log, not to a session. It is a foreign stream, and its
mark is none that ids of other aggregates begin with."""


class Hashed(NamedTuple):
    """An event as it is hashed; nothing of it is decoded."""

    position: int
    stream: str
    """The stream's text id; also of streams that are no session's."""
    version: int
    topic: str
    recorded_at: int
    """Milliseconds since 1970 UTC."""
    header: bytes
    """The canonical header; see ``encoding.chain.hashed_header``."""
    identity: bytes | None
    body_hash: bytes | None
    """None where the event has no content."""
    chain: bytes
    """The stream's hash chain after this event."""
    seed: bytes | None = None
    body: bytes | None = None
    """The content and what salts its hash; None where it is erased, or was not asked for."""


class Link(NamedTuple):
    """An event's place, and the hash that stands for it and all before it in its stream."""

    position: int
    stream: str
    version: int
    chain: bytes


class OwnFact(NamedTuple):
    """An event of the log's own stream."""

    position: int
    version: int
    topic: str
    recorded_at: int
    """Milliseconds since 1970 UTC."""
    facts: str
    """JSON; stays for ever."""
    content: bytes


class EvidenceReader(Protocol):
    """What a look at a log gives to whoever proves it."""

    def log_id(self) -> str | None:
        """The name that the log was given by chance; None where it has none yet."""

    def links(self, upto: int) -> Iterator[Link]:
        """Every event by position, of all streams, those that are no session's included."""

    def hashed(
        self, after: int, upto: int, streams: Sequence[str] | None = None, content: bool = True
    ) -> Iterator[Hashed]:
        """Events by position.

        Args:
            after: the position after which to begin.
            upto: the last position.
            streams: only of these; None for all, those that are no session's included.
            content: whether bodies are read.

        Raises:
            DamagedEvent: a body cannot be read back.
        """

    def hashed_of(self, stream: Stream, after: int, upto: int) -> Iterator[Hashed]:
        """The events of one stream by version, with their bodies.

        Raises:
            DamagedEvent: a body cannot be read back.
        """

    def own(self) -> Iterator[OwnFact]:
        """What happened to the log as a whole, by version."""

    def others(self) -> list[str]:
        """The names of the streams that are no session's."""

    def check_other(self, name: str) -> tuple[int, tuple[int, int | None, str] | None]:
        """Check such a stream against its hash chain; returns what ``Reader.check`` does."""

    def loose(self) -> Iterator[str]:
        """What is wrong with that which belongs to no stream, in words."""


class EvidenceWriter(EvidenceReader, Protocol):
    """What a transaction adds."""

    def keep_log_id(self, name: str) -> None:
        """Name the log; one that has a name keeps it."""

    def record_own(self, after: int, topic: str, facts: str, content: bytes) -> OwnFact | None:
        """Append to the log's own stream, unless it has gone on meanwhile: then nothing is done.

        Args:
            after: the version of it that is known; 0 where nothing happened yet.
        """
