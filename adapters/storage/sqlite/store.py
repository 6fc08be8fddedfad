"""A log in a SQLite file, or in memory.

One writer a process, many readers. Appends that wait together share one commit. Where one of them
is refused, all are done again, each in a savepoint of its own.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection, QueuePool, StaticPool

from ....domain.errors import NotADatabase, StorageError, TurnlogError
from ....projections.engine.read_model import ReadModel
from ....projections.engine.registry import Registry
from ..contract.transaction import Transaction
from ..contract.values import Reclaimed
from ..encryption.founding import Encryption
from ..sql.cursor import Cursor
from ..sql.founding import no_log
from ..sql.reader import SqlReader
from ..sql.schema import SQLITE_TRIGGERS
from ..sql.store import CLOSED, SqlStore, now
from ..sql.transaction import FoldFailed, SqlTransaction
from .between_writes import BetweenWrites
from .database_file import refuse_unfit
from .network_files import refuse_network
from .together import Together, Turn

T = TypeVar("T")
BUSY_SECONDS = 60.0
"""How long a write waits for another process before it gives up."""
_POLL = 0.05


class SqliteStore(SqlStore):
    """The log in one SQLite database."""

    def __init__(
        self,
        url: URL,
        registry: Registry | None = None,
        synchronous: str = "FULL",
        clock: Callable[[], int] = now,
        level: int = 3,
        create: bool = True,
        encryption: Encryption | None = None,
    ) -> None:
        self.path = Path(url.database) if url.database not in (None, "", ":memory:") else None
        engine = _engine(url, self.path is None, synchronous)
        super().__init__(
            str(url),
            engine,
            locks_rows=False,
            registry=registry,
            clock=clock,
            level=level,
            create=create or self.path is None,
            encryption=encryption,
        )
        self._together: Together[_Job[Any]] = Together()
        self._writer = threading.Lock()
        self._newest: int | None = None
        """The last position that the transaction at hand has given away."""
        self._news = threading.Condition()
        try:
            if self.path is not None:
                refuse_network(self.path)
                self._look_before(url, self.path)
                if not url.query:
                    _keep_private(self.path)
            with engine.begin() as connection:
                self._prepare(connection, SQLITE_TRIGGERS)
            self._raw = engine.raw_connection()
        except (sqlite3.Error, DBAPIError, OSError) as problem:
            engine.dispose()
            raise _explained(problem, self.path) from problem
        except TurnlogError:
            engine.dispose()
            raise
        self._end = weakref.finalize(self, _let_go, self._raw, engine)
        self._connection = cast(sqlite3.Connection, self._raw.driver_connection)
        self._cursor = self._connection.cursor()
        self.topics.load(self._cursor)

    def _look_before(self, url: URL, path: Path) -> None:
        """Refuse what is somebody else's before anything in it is changed, its mode included."""
        refuse_unfit(path)
        if path.is_file() and path.stat().st_size > 0:
            patient = {"timeout": BUSY_SECONDS}
            engine = create_engine(url, poolclass=NullPool, connect_args=patient)
            with engine.connect() as connection:
                self._find(connection)
        elif not (self._create or path.is_dir()):
            raise no_log(self.url)

    # -- reading -----------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[SqlReader]:
        """A consistent look at the log."""
        if not self._end.alive:
            raise StorageError(CLOSED.format(self.url))
        if self.path is None:
            yield self._reader(BetweenWrites(self._connection.cursor(), self._writer))
            return
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("BEGIN")
            yield self._reader(cursor)
        except sqlite3.Error as problem:
            raise _explained(problem, self.path) from problem
        finally:
            raw.rollback()
            raw.close()

    def wait(self, position: int, timeout: float) -> bool:
        """Sleep until there is an event after ``position``, at most ``timeout`` seconds."""
        step = min(_POLL, timeout)
        waited = 0.0
        while True:
            with self.read() as reader:
                if reader.last_position() > position:
                    return True
            if waited >= timeout:
                return False
            with self._news:
                # Appends of this process wake at once; those of others are noticed by polling.
                self._news.wait(timeout=step)
            waited += step

    # -- writing -----------------------------------------------------------------------------

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        """Run a piece of work in a transaction; durable once this returns.

        Args:
            work: may be run more than once.
            alone: in a commit of its own; there is one writer at a time anyhow.
        """
        job = _Job(work, alone)
        with self._together.turn(job) as leads:
            if leads:
                self._commit(self._together.gather())
        return job.answer()

    def reclaim(self) -> Reclaimed:
        """Write the file anew without what was removed, and empty the write-ahead log."""
        with self._writer:
            if not self._end.alive:
                raise StorageError(CLOSED.format(self.url))
            try:
                before = self._size()
                # What VACUUM sets aside may be as large as the file.
                self._cursor.execute("PRAGMA temp_store = FILE")
                self._cursor.execute("VACUUM")
                self._cursor.execute("PRAGMA temp_store = MEMORY")
                self._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                (busy, _, _) = self._cursor.fetchone()
                after = self._size()
            except sqlite3.Error as problem:
                raise _explained(problem, self.path) from problem
        if busy:
            raise StorageError(
                f"{self.path}: somebody still reads what was there before, so it is in the "
                "write-ahead log; end that, and try again"
            )
        return Reclaimed(before, after)

    def _size(self) -> int:
        if self.path is None:
            self._cursor.execute(
                "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            )
            return int(self._cursor.fetchone()[0])
        paths = (self.path, Path(f"{self.path}-wal"))
        return sum(path.stat().st_size for path in paths if path.exists())

    def project(self, work: Callable[[Any], T]) -> T:
        """Change the read models alone, in a transaction."""
        return self.write(lambda transaction: work(transaction.cursor))

    @contextmanager
    def _changing_tables(self) -> Iterator[Connection]:
        with self._writer:
            if not self._end.alive:
                raise StorageError(CLOSED.format(self.url))
            try:
                with self.engine.begin() as connection:
                    yield connection
            except (sqlite3.Error, DBAPIError) as problem:
                raise _explained(problem, self.path) from problem

    def fails_alone(self, problem: Exception) -> bool:
        """Whether what a fold raised is its own failure, and not the database's."""
        return not _is_of_the_database(problem)

    def _commit(self, group: Sequence[_Job[Any]]) -> None:
        try:
            with self._writer:
                if not self._end.alive:
                    raise StorageError(CLOSED.format(self.url))
                self._write(group)
        except BaseException as problem:
            told = _explained(problem, self.path) if isinstance(problem, sqlite3.Error) else problem
            for job in group:
                job.fail(told)
            if not isinstance(problem, Exception):
                raise
        for job in group:
            job.done = True
        with self._news:
            self._news.notify_all()

    def _write(self, group: Sequence[_Job[Any]]) -> None:
        members: list[SqlTransaction] = []
        try:
            if not self._run_plainly(group, members):
                self._undo(members)
                if len(group) == 1 and group[0].problem is not None:
                    return
                inline = self._begin()
                for job in group:
                    inline = self._run_apart(job, inline, members)
            self._cursor.execute("COMMIT")
        except BaseException:
            self._undo(members)
            raise

    def _begin(self) -> list[ReadModel]:
        self._newest = None
        self._cursor.execute("BEGIN IMMEDIATE")
        return self._fresh(self._cursor)

    def _undo(self, members: Sequence[SqlTransaction]) -> None:
        for member in members:
            member.forget()
        if self._connection.in_transaction:
            self._connection.rollback()

    def _run_plainly(self, group: Sequence[_Job[Any]], members: list[SqlTransaction]) -> bool:
        """The members of a group without savepoints; whether all went well, as nearly always."""
        inline = self._begin()
        for job in group:
            member = self._transaction(self._cursor, inline)
            members.append(member)
            try:
                job.run(member)
            except FoldFailed as failed:
                if _is_of_the_database(failed.problem):
                    raise failed.problem from failed
                return False
            if job.problem is not None:
                return False
        return True

    def _run_apart(
        self, job: _Job[Any], inline: list[ReadModel], members: list[SqlTransaction]
    ) -> list[ReadModel]:
        """One member of a group in a savepoint: what it raises undoes it alone.

        Returns:
            The inline projections that are still folded.
        """
        cursor = self._cursor
        cursor.execute("SAVEPOINT member")
        member = self._transaction(cursor, inline)
        members.append(member)
        failed: FoldFailed | None = None
        try:
            job.run(member)
        except FoldFailed as problem:
            if _is_of_the_database(problem.problem):
                raise problem.problem from problem
            failed = problem
        if failed is not None or job.problem is not None:
            member.forget()
            cursor.execute("ROLLBACK TO member")
            self._newest = None
        cursor.execute("RELEASE member")
        if failed is None:
            return inline
        self._mark_stale(cursor, failed)
        return self._run_apart(job, [p for p in inline if p is not failed.projection], members)

    def _positions(self, cursor: Cursor, count: int) -> int:
        if self._newest is None:
            cursor.execute(self.statements.last_position)
            self._newest = int(cursor.fetchone()[0])
        first = self._newest + 1
        self._newest += count
        return first

    def close(self) -> None:
        """Let go of every connection. A store that is dropped does so by itself."""
        with self._writer:
            self._end()
        self.codec.cipher.close()


def _let_go(writer: PoolProxiedConnection, engine: Engine) -> None:
    writer.close()
    engine.dispose()


class _Job(Turn, Generic[T]):
    """A piece of work on its way into a commit."""

    def __init__(self, work: Callable[[Transaction], T], alone: bool) -> None:
        super().__init__(alone)
        self._work = work
        self._result: T | None = None
        self.problem: BaseException | None = None

    def run(self, transaction: Transaction) -> None:
        """Do the work; what it raises is its own, unless the database itself failed."""
        self.problem = None
        try:
            self._result = self._work(transaction)
        except (FoldFailed, sqlite3.Error):
            raise
        except Exception as problem:
            self.problem = problem

    def fail(self, problem: BaseException) -> None:
        """The commit failed, and with it every member."""
        self.problem = problem
        self.done = True

    def answer(self) -> T:
        """What the work returned, or what it raised."""
        if self.problem is not None:
            raise self.problem
        return self._result  # type: ignore[return-value]


def _keep_private(path: Path) -> None:
    """Make a new file that only its owner reads; SQLite gives its companions the same mode."""
    with suppress(OSError):  # what is wrong with the path is told when it is opened
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _engine(url: URL, in_memory: bool, synchronous: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=StaticPool if in_memory else QueuePool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **({} if in_memory else {"pool_size": 8, "max_overflow": -1, "pool_reset_on_return": None}),
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        # The driver's own transactions begin too late; ours begin where we say.
        connection.isolation_level = None
        cursor = connection.cursor()
        if not in_memory:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA cache_size = -16000")
        # Pages that many appends change are written back once for all of them. 4,000 are 16 MB.
        cursor.execute("PRAGMA wal_autocheckpoint = 4000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


_FAILURES_OF_THE_DATABASE = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    )
)


def _is_of_the_database(problem: Exception) -> bool:
    """Whether any statement could have failed so, not only this one."""
    code = getattr(problem, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _FAILURES_OF_THE_DATABASE


def _explained(problem: BaseException, path: Path | None) -> TurnlogError:
    """The database's own words, with what they mean and what to do."""
    text = str(getattr(problem, "orig", None) or getattr(problem, "strerror", None) or problem)
    if "not a database" in text or "malformed" in text:
        return NotADatabase(
            f"{path} is no turnlog database, or is damaged ({text}); name another file, or restore "
            "this one from a copy"
        )
    advice = {
        "readonly": "the file or its folder cannot be written; check their permissions",
        "read-only": "the file or its folder cannot be written; check their permissions",
        "unable to open": "the folder does not exist, or cannot be read",
        "Permission denied": "the file or its folder cannot be read; check their permissions",
        "full": "the disk is full: make room and append again, nothing was half-written",
        "disk I/O": "the disk failed, or is full; nothing was half-written",
        "locked": "another process holds the database; try again, or end it",
    }
    hint = next((told for word, told in advice.items() if word in text), "nothing was half-written")
    if path is not None and path.is_dir():
        hint = "it is a folder; name a file in it"
    return StorageError(f"{path or 'memory'}: {text}; {hint}")
