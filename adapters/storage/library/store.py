"""What the recorders ask of a store, and how they reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from eventsourcing.persistence import Recorder
from sqlalchemy import Engine

from ..contract.store import Store
from ..contract.transaction import Transaction
from ..encoding.blocks import BlockCodec
from ..sql.reader import SqlReader
from ..sql.statements import Statements
from ..sql.topics import Topics
from ..sql.transaction import SqlTransaction
from .errors import library_errors
from .recorder_statements import RecorderStatements
from .stream_names import IdType

T = TypeVar("T")


class LibraryStore(Store, Protocol):
    """A store in a SQL database."""

    engine: Engine
    statements: Statements
    topics: Topics
    codec: BlockCodec
    clock: Callable[[], int]

    def horizon(self, after: int, limit: int) -> int:
        """The position up to which reading on from ``after`` skips nothing, now or ever."""

    def settle(self) -> None:
        """Wait until whatever is being written now is committed or rolled back."""


class TurnlogRecorder(Recorder):
    """Base of the recorders."""

    def __init__(self, store: LibraryStore, id_type: IdType = IdType.UUID) -> None:
        """Record in a store.

        Args:
            store: in SQLite or PostgreSQL.
            id_type: the sort of ids the application gives its aggregates.
        """
        self.store = store
        self.id_type = id_type
        self.sql = RecorderStatements(store.engine.dialect, id_type)

    @contextmanager
    def read(self) -> Iterator[SqlReader]:
        """A consistent look at the log.

        Raises:
            Unavailable: the database could not be read.
        """
        with library_errors(), self.store.read() as reader:
            assert isinstance(reader, SqlReader)
            yield reader

    def write(self, work: Callable[[SqlTransaction], T]) -> T:
        """Run a piece of work in a transaction; durable once this returns.

        Raises:
            Unavailable: the database could not write; nothing of the work was kept.
        """

        def run(transaction: Transaction) -> T:
            assert isinstance(transaction, SqlTransaction)
            return work(transaction)

        with library_errors():
            return self.store.write(run)
