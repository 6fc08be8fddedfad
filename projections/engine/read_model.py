"""What a read model is: a name, a version, its tables, and a fold over what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

from sqlalchemy import Connection

from ...domain.events import SessionEvent
from ...domain.keys import SessionKey
from ...domain.recorded import Recorded
from ...domain.session import SessionState

Content = Literal["none", "headers", "notes", "all"]
"""How much of the events' content is read: none of it, all but the entries' bytes, or all. With
``headers`` as with ``notes``, and where many events are read at once, entries may come as their
headers alone (``domain.headers``)."""


class Run(NamedTuple):
    """Events of one stream that one append recorded, or those of them that were asked for."""

    stream: int
    """The stream's number."""
    key: SessionKey
    recorded_at: int
    """Milliseconds since 1970 UTC."""
    positions: Sequence[int]
    versions: Sequence[int]
    events: Sequence[SessionEvent]
    before: SessionState | None
    """The session's state before the run; None where the read model does not ask for it."""
    after: SessionState | None

    @classmethod
    def of(cls, stream: int, recorded: Recorded) -> Self:
        """One event alone, without the states around it.

        Args:
            stream: the number of its stream.
        """
        one = [recorded.position], [recorded.version], [recorded.event]
        return cls(stream, recorded.key, recorded.recorded_at, *one, None, None)


class ReadModel(Protocol):
    """A read model over one generation of its tables."""

    name: ClassVar[str]
    version: ClassVar[int]
    topics: ClassVar[frozenset[str]]
    """The events it wants; others are neither read nor decoded for it."""
    content: ClassVar[Content]
    stateful: ClassVar[bool]
    """Whether it asks for the session's state before and after each run."""

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""

    def tables(self) -> Sequence[str]:
        """The names of its tables."""

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Take in what happened, in the order of the log.

        Args:
            cursor: the database driver's, in the transaction that also keeps the position.
        """


class Forgetful(ReadModel, Protocol):
    """A read model of which one session alone can be rebuilt."""

    def take_out(self, cursor: Any, stream: int, runs: Sequence[Run]) -> None:
        """Take out what a stream brought in; its events are folded again in the same transaction.

        Args:
            stream: the stream's number.
            runs: what will be folded again: all of the stream that it knows.
        """
