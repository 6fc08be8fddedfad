"""What a store of events must do. Memory, SQLite and PostgreSQL each do it in their own way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from sqlalchemy import Select

from ...domain.batch import Known, Memory
from ...domain.entry import Entry
from ...domain.errors import Refused
from ...domain.events import SessionEvent
from ...domain.keys import SessionKey
from ...domain.lineage import Lineage, Segment
from ...domain.points import Head
from ...domain.recorded import Recorded as Recorded
from ...domain.session import SessionState
from ...domain.usage import Response
from ...projections.engine.read_model import Run
from ...projections.engine.registry import Registration, Registry
from ...projections.texts import SHOWN, Texts
from .encryption.keys import Keys
from .evidence import EvidenceReader, EvidenceWriter, Hashed

if TYPE_CHECKING:
    from .sql.account import Account
    from .sql.generations import Generations

T = TypeVar("T")
Content = Literal["all", "notes", "headers", "none"]
"""Which bodies are read: all, all but those of entries, or none. With ``headers`` those of
``notes``, and a stretch may hold the headers of entries in the place of their events."""


@dataclass
class Stream:
    """A stream at its head."""

    id: int
    key: SessionKey
    version: int
    chain: bytes
    recorded_at: int
    state: SessionState
    memory: Memory


class Appended(NamedTuple):
    """What an append added."""

    first_version: int
    events: int
    first_position: int
    recorded_at: int
    """Milliseconds since 1970 UTC."""


class Packed(NamedTuple):
    """Bodies compressed ahead of the transaction, in the hope that all of them are new."""

    bodies: Sequence[bytes]
    codec: int
    dictionary: int | None
    data: bytes


class Repacked(NamedTuple):
    """What packing a stream did; nothing, where both are the same."""

    blocks_before: int
    blocks_after: int
    bytes_before: int
    """Of compressed bodies."""
    bytes_after: int


class Reclaimed(NamedTuple):
    """Bytes of the database, before and after what was removed from it left its files."""

    before: int
    after: int


Squeezed = Mapping[bytes, Packed]
"""Blocks compressed for good ahead of the transaction that packs, by what they were made of."""
NOTHING_SQUEEZED: Squeezed = {}


class Body(NamedTuple):
    """The bytes of one recorded entry."""

    version: int
    data: bytes
    careful: bool


class Source(NamedTuple):
    """A file that was imported, as it was left."""

    name: str
    """Which machine it lies on, and its path there."""
    size: int
    """Up to where it was recorded, in bytes."""
    mtime_ns: int
    inode: int
    offset: int
    """From where to read on, never past ``size``."""
    preceding: bytes | None = None
    """The identity of the last uuid before ``offset``."""


class StoredFile(NamedTuple):
    """The content of a file, kept once however many sessions point to it."""

    digest: bytes
    """SHA-256 of the content."""
    size: int
    """Of the content, in bytes."""
    codec: int
    data: bytes


class Summary(NamedTuple):
    """What the SDK made of a session's entries, for its own lists: a cache, opaque to us."""

    stream: int
    sdk: str
    """The SDK's version; another one may make something else of the same entries."""
    version: int
    """Of the stream: everything up to there is in it."""
    life: int
    branch: int
    late: int
    """With the two before: whether what comes next only adds to it."""
    data: bytes


class Unreadable(NamedTuple):
    """An event that cannot be read back."""

    position: int
    version: int
    stream: str
    """The stream's text id."""
    topic: str
    problem: Exception


class Stretch(NamedTuple):
    """Events of the log in a row, as a read model asks for them."""

    runs: Sequence[Run]
    upto: int
    """Up to here lies nothing else that was asked for."""
    problem: Unreadable | None
    """What stands right behind it and cannot be read."""


class Reader(EvidenceReader, Protocol):
    """One consistent look at the log."""

    def find(self, key: SessionKey) -> Stream | None:
        """The stream at its head; None where nothing was ever recorded."""

    def subkeys(self, key: SessionKey) -> list[SessionKey]:
        """The subagents' streams of a session."""

    def streams(self) -> Iterator[SessionKey]:
        """Every stream of the log."""

    def last_position(self) -> int:
        """The position of the newest event, 0 for an empty log."""

    def events(
        self, stream: Stream, after: int = 0, upto: int | None = None, content: Content = "all"
    ) -> Iterator[Recorded]:
        """A stream's events by version."""

    def version_at(self, stream: Stream, recorded_at: int) -> int:
        """The last version recorded not after a time by the store's clock."""

    def all_heads(self, stream: Stream) -> Iterator[Head]:
        """The headers of all entries on every branch, by version."""

    def heads(self, stream: Stream, segment: Segment) -> Iterator[Head]:
        """The headers of a segment's entries by version, those that came late left out."""

    def late_heads(self, stream: Stream) -> list[Head]:
        """The headers of all entries that came late."""

    def bodies(self, stream: Stream, segment: Segment) -> Iterator[Body]:
        """The entries of a segment by version, those that came late left out."""

    def entries(self, stream: Stream, segment: Segment) -> Iterator[list[Any]]:
        """The same as objects, in portions of any size."""

    def body(self, stream: Stream, version: int) -> Body | None:
        """The bytes of one entry; None where that version holds none, or they are erased."""

    def late_bodies(self, stream: Stream) -> Mapping[int, Body]:
        """The bodies of all entries that came late, by version."""

    def known(
        self, stream: Stream, identities: Iterable[bytes], life: int | None = None
    ) -> dict[bytes, Known]:
        """Which identities the stream holds, within its present life."""

    def versions(self, stream: Stream, identity: bytes) -> list[int]:
        """Every version that has an identity, in any life."""

    def same(self, stream: Stream, known: Known, entry: Entry) -> bool:
        """Whether a recorded entry has the content of another."""

    def responses(self, stream: Stream, message_ids: Iterable[str]) -> dict[str, Response]:
        """What the stream's present life knows of some responses."""

    def source(self, name: str) -> Source | None:
        """How an imported file was left; None where nothing was imported from it."""

    def file(self, digest: bytes) -> StoredFile | None:
        """A kept file's content by its digest."""

    def summaries(self, project_key: str, sdk: str) -> dict[int, Summary]:
        """What a version of the SDK made of a project's sessions, by stream number."""

    def snapshot(self, stream: Stream, version: int) -> SessionState | None:
        """The newest snapshot not after a version."""

    def squeezed(self, stream: Stream) -> Squeezed:
        """What packing would make of a stream: compressing for good is too slow for a write."""

    def forks(self, stream: Stream) -> list[SessionKey]:
        """The sessions that began as forks of this one: they hold none of the bodies they share."""

    def check(self, key: SessionKey) -> tuple[int, tuple[int, int | None, str] | None]:
        """Check a stream against its hash chain.

        Returns:
            How many events hold, and the first that does not: version, position, what is wrong.
        """

    def strays(self) -> list[tuple[SessionKey, int]]:
        """Events of streams that are not there: the session they name, and the first position."""

    def stale(self) -> Mapping[str, int]:
        """The read models that stopped, and the position from which on they know nothing."""

    def live(self, name: str) -> str:
        """How the names of a read model's live tables begin, in this look at the log."""

    def stretch(
        self, after: int, upto: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        """As ``Store.stretch``, in this look; gap-safe where nobody writes meanwhile."""

    @property
    def texts(self) -> Texts:
        """How the read models take what people wrote."""
        return SHOWN

    def reveal(self, rows: list[Any], find: Callable[[SessionKey], Stream | None]) -> list[Any]:
        """Rows of read models with the texts that an encrypted log does not keep in them.

        Args:
            find: how a stream is found, where it is to be read as it once was.
        """
        return rows

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the read models, in the same look at the log."""


class Transaction(Reader, EvidenceWriter, Protocol):
    """A write: all of it happens or nothing."""

    cursor: Any
    """The driver's, on the database of the read models."""

    def now(self) -> int:
        """Milliseconds since 1970 UTC, by the store's clock, which may be set back."""

    def open(self, key: SessionKey) -> Stream:
        """The stream at its head, locked; a new one where there is none."""

    def record(
        self,
        stream: Stream,
        events: Sequence[SessionEvent],
        state: SessionState,
        memory: Memory | None = None,
        packed: Packed | None = None,
    ) -> Appended:
        """Append events, fold the inline projections, and keep the new head.

        Args:
            packed: the batch's bodies, compressed before the transaction began.
        """

    def adopt(self, stream: Stream, events: Sequence[Hashed], memory: Memory) -> None:
        """Append events as another log recorded them: their times, hashes and salts stay.

        Args:
            stream: opened in this transaction; the first event follows on its version.
            memory: what the stream remembers of its last batches.

        Raises:
            InvalidEvidence: they do not follow on the stream's head, or are no events.
        """

    def pack(self, stream: Stream, squeezed: Squeezed = NOTHING_SQUEEZED) -> Repacked:
        """Merge a stream's blocks into large ones, by sort and branch, and compress them for good.

        Versions, hashes and all that is read stay as they are, and what is appended later goes
        into blocks of its own. Whoever packs records a ``SessionPacked``, if there was anything.

        Args:
            squeezed: what was compressed ahead; what has changed since is compressed here.
        """

    def remove_bodies(self, stream: Stream, versions: Collection[int] | None = None) -> int:
        """Remove bodies of a stream for good, and whatever was made of them beside the read models.

        That is its snapshots, its head's state (folded anew of what is left), what it remembers of
        its last batches, the SDK's summaries of it and of its forks, and kept files that no
        session points to any more. Where all of it must leave the files too, see
        ``Store.reclaim``. Whoever removes records a ``SessionErased`` after it. If all goes,
        ``stream.state`` stays as it was until then, so that read models see what goes.

        Args:
            stream: opened in this transaction.
            versions: whose; None for all.

        Returns:
            How many bodies there were.
        """

    def replace_body(self, stream: Stream, version: int, body: bytes) -> str:
        """Put another body in the place of one, with a salt of its own; header and chain stay.

        Args:
            stream: opened in this transaction.
            version: whose.
            body: an entry's JSON, or another event's content as ``to_row`` gives it.

        Returns:
            The body's hash in hexadecimal, which the ``EntryRedacted`` must carry that whoever
            replaces records: nothing else does ``verify`` take for it.

        Raises:
            Refused: that version has no content, or the entry is no JSON.
        """

    def keep_source(self, source: Source) -> None:
        """Note how far a file was imported."""

    def keep_file(self, file: StoredFile) -> None:
        """Keep a content; one that is there already stays as it is."""

    def keep_summaries(self, summaries: Sequence[Summary]) -> None:
        """Keep what the SDK made of some sessions, in place of what it made before."""


class Store(Protocol):
    """A place where events are kept."""

    url: str
    registry: Registry
    generations: Generations
    account: Account

    def read(self) -> AbstractContextManager[Reader]:
        """A consistent look at the log."""

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        """Events of sessions by position, gap-safe: none is ever skipped.

        None are returned only where there is none up to the newest position of the log.

        It is no part of a consistent look: what was not committed yet when that look began may
        have to be waited for. Never call it from within a piece of work.
        """

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        """Run a piece of work in a transaction; durable once this returns.

        Args:
            work: may be run more than once, each time on what the log then holds.
            alone: no other write is in progress meanwhile, in any process.

        Raises:
            StorageError: the store could not write; nothing of the work was kept.
        """

    def stretch(
        self, after: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        """Events by position, gap-safe as ``log``: of some kinds, as runs without states.

        Args:
            most: how many events; more where one append recorded more.
            topics: the kinds; None for all, and then one that is not known is unreadable.
        """

    def project(self, work: Callable[[Any], T]) -> T:
        """Change the read models alone: run a piece of work on a cursor, in a transaction.

        Args:
            work: may be run more than once.

        Raises:
            StorageError: the database failed; nothing of the work was kept.
        """

    def make_room(
        self, registration: Registration, generation: str, hold: Callable[[Any], None]
    ) -> None:
        """Make the empty tables of a generation, and drop those that are neither live nor these.

        Args:
            hold: given a cursor of the same transaction; raises where one has no right to.
        """

    def retire(
        self,
        registration: Registration,
        version: int,
        generation: str,
        hold: Callable[[Any], None],
    ) -> None:
        """Let go of what lies in a generation that is live no more."""

    def fails_alone(self, problem: Exception) -> bool:
        """Whether what a fold raised is its own failure, and not the database's."""

    @property
    def encrypted(self) -> bool:
        """Whether what people wrote is encrypted."""
        return False

    @property
    def locked(self) -> bool:
        """Whether it is, and the keys were not given: nothing can be written then."""
        return False

    @property
    def keys(self) -> Keys | None:
        """What keeps the keys, where it is encrypted and they were given."""
        return None

    def destroy_keys(self, sessions: Sequence[SessionKey]) -> int:
        """Destroy the keys of some streams: what they hold is lost in every copy of the log.

        Returns:
            How many were destroyed now.

        Raises:
            Refused: the log is not encrypted.
            KeysNeeded: the keys were not given.
        """
        raise Refused("the log is not encrypted: there are no keys to destroy; use `erase`")

    def destroy_unused_keys(self) -> int:
        """Destroy the keys of what was erased, so that no copy of the log can be read with them.

        Returns:
            How many; 0 where the log is not encrypted.
        """
        return 0

    def settle(self) -> None:
        """Wait until whatever is being written now is committed or rolled back.

        Then no position can come any more before one that was seen.
        """

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        """Compress a batch's bodies before any lock is taken, where the store keeps blocks."""

    def reclaim(self) -> Reclaimed:
        """Let nothing that was removed be left in the database's files, and give the space back.

        The search index is no part of it: its words go when the read model forgets them.

        Raises:
            StorageError: somebody uses the log so that it cannot be; or the disk is full.
        """

    def wait(self, position: int, timeout: float) -> bool:
        """Sleep until there is an event after ``position``, at most ``timeout`` seconds."""

    def close(self) -> None:
        """Let go of every connection."""


def whole(lineage: Lineage) -> bool:
    """Whether a lineage is a stream's first branch and nothing else."""
    return len(lineage) == 1 and lineage[0].branch == 0 and lineage[0].upto is None
