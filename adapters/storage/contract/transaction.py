"""What a write can do besides reading."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from ....domain.batch import Memory
from ....domain.events import SessionEvent
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from .evidence import EvidenceWriter, Hashed
from .reader import Reader
from .values import (
    NOTHING_SQUEEZED,
    Appended,
    Packed,
    Repacked,
    Source,
    Squeezed,
    StoredFile,
    Stream,
    Summary,
)


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

    def forget_files(self, digests: Collection[str]) -> None:
        """Remove those of some kept files that no session points to any more.

        Args:
            digests: SHA-256 of their contents, in hexadecimal.
        """

    def keep_summaries(self, summaries: Sequence[Summary]) -> None:
        """Keep what the SDK made of some sessions, in place of what it made before."""
