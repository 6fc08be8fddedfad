"""A log in a PostgreSQL database: many writers at once, in many processes."""

from __future__ import annotations

import random
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine

from ....domain.errors import StorageError, TurnlogError
from ....projections.engine.registry import Registry
from ...secrets import hidden
from ..contract.transaction import Transaction
from ..contract.values import Reclaimed
from ..encoding.identities import OwnMaps
from ..encryption.founding import Encryption
from ..sql.cursor import Cursor
from ..sql.reader import SqlReader
from ..sql.schema import POSTGRES_TRIGGERS
from ..sql.store import CLOSED, SqlStore, now
from ..sql.transaction import FoldFailed
from . import order
from .driver import (
    FAILURES,
    OLDEST,
    ConnectionLost,
    DriverCursor,
    dialect,
    engine_for,
    explained,
    is_its_own,
    let_go,
    passes,
    rolled_back,
)
from .reclaiming import reclaim

__all__ = ["PostgresStore", "dialect"]

T = TypeVar("T")
CONNECTIONS, OVERFLOW = 8, 24
"""Connections kept, and how many more may be opened when threads need them."""
PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0)
"""Seconds, at most, before each new try after a deadlock."""
_POLL = 5.0
"""Seconds a listener trusts in being told: the news die with the connection that sends them."""
_UNKNOWN = (
    "{}: the connection was lost during the commit, and the server does not say whether it was "
    "kept; append the same again: what is recorded already is left out"
)


class PostgresStore(SqlStore):
    """The log in one PostgreSQL database."""

    def __init__(
        self,
        url: URL,
        registry: Registry | None = None,
        clock: Callable[[], int] = now,
        level: int = 3,
        create: bool = True,
        encryption: Encryption | None = None,
    ) -> None:
        """Connect, and make the tables if there are none.

        Raises:
            InvalidURL: there are none, and none are to be made.
            StorageError: no server answers, or it refuses; the message says what to do.
            NotADatabase: the tables there are not turnlog's.
            NewerSchema: a later release made them.
        """
        url = url.set(drivername="postgresql+psycopg")
        where = hidden(url.render_as_string(hide_password=False))
        engine = engine_for(url, CONNECTIONS, OVERFLOW)
        super().__init__(
            where,
            engine,
            locks_rows=True,
            registry=registry,
            clock=clock,
            level=level,
            create=create,
            encryption=encryption,
        )
        # Who waits for news has a connection of its own, and takes none from those who write.
        self._listening = engine_for(url, pool_size=1, overflow=-1)
        self._end = weakref.finalize(self, let_go, engine, self._listening)
        try:
            self._open()
        except FAILURES as problem:
            self.close()
            raise explained(problem, where) from problem
        except TurnlogError:
            self.close()
            raise

    def _open(self) -> None:
        with self.engine.begin() as connection:
            self._check_server(connection.connection.driver_connection)
            connection.exec_driver_sql(order.MAKE_TABLES)
            self._prepare(connection, (*POSTGRES_TRIGGERS, *order.POSITIONS))
        with self._connection() as connection:
            self.topics.load(DriverCursor(connection))

    def _check_server(self, connection: Any) -> None:
        info = connection.info
        if info.server_version < OLDEST:
            raise StorageError(
                f"{self.url}: PostgreSQL {info.server_version // 10000} is too old; turnlog needs "
                f"{OLDEST // 10000} or later"
            )
        if (encoding := info.parameter_status("server_encoding")) != "UTF8":
            raise StorageError(
                f"{self.url}: the database is encoded in {encoding}; make one with "
                "`createdb --encoding UTF8 --template template0`"
            )

    # -- connections -------------------------------------------------------------------------

    @contextmanager
    def _connection(self, engine: Engine | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection, outside of any transaction; closed for good if it comes back unclean."""
        if not self._end.alive:
            raise StorageError(CLOSED.format(self.url))
        raw = (engine or self.engine).raw_connection()
        connection: Any = raw.driver_connection
        try:
            yield connection
        except BaseException as problem:
            if isinstance(problem, psycopg.Error) or not rolled_back(connection):
                # A failure may have left anything behind, locks of the session included.
                raw.invalidate()
            raise
        finally:
            if not self._end.alive and raw.is_valid:
                raw.invalidate()  # closed meanwhile: nobody else would let go of it
            raw.close()

    # -- reading -----------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[SqlReader]:
        """A consistent look at the log."""
        try:
            with ExitStack() as stack:
                cursor = self._again(lambda: stack.enter_context(self._look()))
                yield self._reader(cursor)
        except FAILURES as problem:
            raise explained(problem, self.url) from problem

    @contextmanager
    def _look(self) -> Iterator[DriverCursor]:
        with self._connection() as connection:
            cursor = DriverCursor(connection)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cursor
            cursor.execute("COMMIT")

    def _again(self, ask: Callable[[], T]) -> T:
        """Ask, and once more on a new connection: the old ones may have died while idle."""
        try:
            return ask()
        except psycopg.OperationalError:
            self.engine.dispose()
            self._listening.dispose()
            return ask()

    def horizon(self, after: int, limit: int) -> int:
        """The position up to which reading on from ``after`` skips nothing, now or ever."""
        positions_after = self.statements.positions_after
        return self._answer(lambda cursor: order.horizon(cursor, positions_after, after, limit))

    def settle(self) -> None:
        """Wait until whatever is being written now is committed or rolled back."""
        self._answer(order.settle)

    def _answer(self, ask: Callable[[DriverCursor], T]) -> T:
        """Ask outside of a transaction, so that each statement sees what is committed by then."""

        def asked() -> T:
            with self._connection() as connection:
                return ask(DriverCursor(connection))

        try:
            return self._again(asked)
        except FAILURES as problem:
            raise explained(problem, self.url) from problem

    def wait(self, position: int, timeout: float) -> bool:
        """Sleep until there is an event after ``position``, at most ``timeout`` seconds."""
        end = time.monotonic() + timeout
        try:
            return self._again(lambda: self._wait(position, end))
        except FAILURES as problem:
            raise explained(problem, self.url) from problem

    def _wait(self, position: int, end: float) -> bool:
        with self._connection(self._listening) as connection:
            for statement in order.LISTEN:
                connection.execute(statement)
            try:
                while not self._is_after(position, connection):
                    left = end - time.monotonic()
                    if left <= 0:
                        return False
                    for _ in connection.notifies(timeout=min(left, _POLL), stop_after=1):
                        pass
                return True
            finally:
                for statement in order.UNLISTEN:
                    connection.execute(statement)

    def _is_after(self, position: int, connection: psycopg.Connection[Any]) -> bool:
        cursor = DriverCursor(connection)
        cursor.execute(self.statements.last_position)
        return int(cursor.fetchone()[0]) > position

    # -- writing -----------------------------------------------------------------------------

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        """Run a piece of work in a transaction; durable once this returns.

        A deadlock is tried again. What an inline projection raises undoes everything: the work is
        then done without it.
        """
        failed: list[FoldFailed] = []
        pauses = iter(PAUSES)
        pipelined = True
        while True:
            try:
                return self._attempt(work, alone, failed, pipelined)
            except FoldFailed as fold:
                problem: Exception = fold.problem
                if is_its_own(problem, pipelined):
                    failed.append(fold)
                    continue
            except FAILURES as error:
                problem = error
            pause = next(pauses, None) if passes(problem) else None
            if pause is not None:
                time.sleep(random.uniform(0, pause))
            elif pipelined and not isinstance(problem, psycopg.OperationalError):
                # In a pipeline an error comes too late to tell whose statement it was.
                pipelined = False
            else:
                raise explained(problem, self.url) from problem

    def _attempt(
        self,
        work: Callable[[Transaction], T],
        alone: bool,
        failed: Sequence[FoldFailed],
        pipelined: bool,
    ) -> T:
        maps = OwnMaps(self.maps)
        with self._connection() as connection:
            cursor, commit = DriverCursor(connection), DriverCursor(connection)
            sent = False
            try:
                with connection.pipeline() if pipelined else nullcontext():
                    cursor.execute("BEGIN")
                    cursor.execute(order.WRITE_ALONE if alone or failed else order.WRITE_TOGETHER)
                    for fold in failed:
                        self._mark_stale(cursor, fold)
                    result = work(self._transaction(cursor, self._fresh(cursor), maps))
                    sent = True
                    commit.execute("COMMIT")
                    if cursor.transaction is not None:
                        cursor.execute(order.NOTIFY)
            except (psycopg.Error, FoldFailed) as problem:
                # If only the news did not go out: who waits for them looks by himself.
                if commit.outcome != "COMMIT":
                    if not connection.broken:
                        raise
                    self.engine.dispose()  # the others of the pool are as dead as this one
                    if not (sent and self._was_committed(cursor.transaction)):
                        raise ConnectionLost(str(problem)) from problem
            else:
                if commit.outcome != "COMMIT":
                    raise StorageError(f"{self.url}: nothing was written, the work hid an error")
        maps.publish()
        return result

    def reclaim(self) -> Reclaimed:
        """Write every table anew, without what was removed."""
        try:
            with self._connection() as connection:
                return reclaim(connection, self.url)
        except FAILURES as problem:
            raise explained(problem, self.url) from problem

    def project(self, work: Callable[[Any], T]) -> T:
        """Change the read models alone, in a transaction: no reader of the log waits for it."""
        pauses = iter(PAUSES)
        while True:
            try:
                return self._project(work)
            except FAILURES as problem:
                pause = next(pauses, None) if passes(problem) else None
                if pause is None:
                    raise explained(problem, self.url) from problem
                time.sleep(random.uniform(0, pause))

    def _project(self, work: Callable[[Any], T]) -> T:
        with self._connection() as connection:
            cursor = DriverCursor(connection)
            cursor.execute("BEGIN")
            cursor.execute(order.NEVER_IDLE)
            result = work(cursor)
            cursor.execute("COMMIT")
            if cursor.outcome != "COMMIT":
                raise StorageError(f"{self.url}: nothing was written, the work hid an error")
        return result

    @contextmanager
    def _changing_tables(self) -> Iterator[Connection]:
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(order.MAKE_TABLES)
                yield connection
        except FAILURES as problem:
            raise explained(problem, self.url) from problem

    def fails_alone(self, problem: Exception) -> bool:
        """Whether what a fold raised is its own failure, and not the database's."""
        return is_its_own(problem, pipelined=False)

    def _was_committed(self, transaction: str | None) -> bool:
        """What became of a transaction whose connection was lost while it committed."""
        if transaction is None:
            return False
        try:
            for pause in PAUSES:
                outcome = self._answer(lambda cursor: order.outcome(cursor, transaction))
                if outcome != "in progress":
                    return outcome == "committed"
                time.sleep(pause)
        except StorageError as problem:
            raise StorageError(_UNKNOWN.format(self.url)) from problem
        raise StorageError(_UNKNOWN.format(self.url))

    def _positions(self, cursor: Cursor, count: int) -> int:
        assert isinstance(cursor, DriverCursor)
        cursor.execute(order.DRAW, (count,))
        first, cursor.transaction = cursor.fetchone()
        return int(first)

    def close(self) -> None:
        """Let go of every connection. A store that is dropped does so by itself."""
        self._end()
        self.codec.cipher.close()
