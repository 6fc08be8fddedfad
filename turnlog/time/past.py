"""The log as it was at a moment: its lists and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.values import Stream
from ..domain.errors import PointNotFound, Refused
from ..domain.keys import SessionKey
from ..domain.moments import Moment
from .past_tables import PastTables
from .replaying import state_at
from .travelling import version_at_position


@contextmanager
def as_of(
    store: Store, moment: Moment, progress: Callable[[int, int], None] | None = None
) -> Iterator[Store]:
    """A log that may be asked for lists and figures, as it was at a moment.

    Whatever is asked of it is answered from one look at the log; each read model is folded once.

    Args:
        progress: called, while one is folded, with the position reached and that of the end.

    Raises:
        PointNotFound: the log does not reach so far.
    """
    with store.read() as reader:
        newest = reader.last_position()
        if moment.kind == "position" and moment.number > newest:
            raise PointNotFound(f"{moment}: the log ends at position {newest}")
        tables = PastTables(reader, moment, store.registry, progress)
        try:
            yield cast(Store, PastStore(store, PastReader(reader, moment, tables)))
        finally:
            tables.close()


class _OfThePast:
    """Only what lists and figures ask for is answered."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise Refused(
            f"{name!r} cannot be asked of a moment of the whole log: it gives lists and figures; "
            "a session itself is read at a point of its own, such as position:1200"
        )


class PastStore(_OfThePast):
    """A store that can only be looked at, and only as it was."""

    def __init__(self, store: Store, reader: PastReader) -> None:
        self.url = store.url
        self.registry = store.registry
        self._reader = reader

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """The one look at it."""
        yield cast(Reader, self._reader)


class PastReader(_OfThePast):
    """A look at the log that ends at a moment."""

    def __init__(self, reader: Reader, moment: Moment, tables: PastTables) -> None:
        self._reader = reader
        self.texts = reader.texts
        self._moment = moment
        self._tables = tables

    def find(self, key: SessionKey) -> Stream | None:
        """The stream as its head was; None where nothing was recorded yet."""
        stream = self._reader.find(key)
        if stream is None:
            return None
        if self._moment.kind == "position":
            version = version_at_position(self._reader, stream, self._moment.number)
        else:
            version = self._reader.version_at(stream, self._moment.number)
        if version == 0:
            return None
        stream.state = state_at(self._reader, stream, version)
        stream.version = version
        return stream

    def streams(self) -> Iterator[SessionKey]:
        """Every stream there was."""
        return (key for key in self._reader.streams() if self.find(key) is not None)

    def subkeys(self, key: SessionKey) -> list[SessionKey]:
        """The subagents' streams that a session had."""
        return [sub for sub in self._reader.subkeys(key) if self.find(sub) is not None]

    def last_position(self) -> int:
        """Where the log ended."""
        return self._tables.position

    def stale(self) -> dict[str, int]:
        """No read model has failed: they were folded just now."""
        return {}

    def live(self, name: str) -> str:
        """How the names of a read model's tables begin."""
        return self._tables.prefix(name)

    def query(self, statement: Select[Any]) -> list[Any]:
        """Ask the read models."""
        return self._reader.reveal(self._tables.query(statement), self.find)
