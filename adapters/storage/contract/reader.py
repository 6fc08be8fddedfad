"""What a look at a log gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import Select

from ....domain.batch import Known
from ....domain.entry import Entry
from ....domain.keys import SessionKey
from ....domain.lineage import Segment
from ....domain.points import Head
from ....domain.recorded import Recorded
from ....domain.session import SessionState
from ....domain.usage import Response
from ....projections.texts import SHOWN, Texts
from .evidence import EvidenceReader
from .values import Body, Content, Source, Squeezed, StoredFile, Stream, Stretch, Summary


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
