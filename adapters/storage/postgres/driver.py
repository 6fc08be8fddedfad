"""psycopg as the stores use it: how it connects, its cursor, and what its errors mean."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import URL, Dialect, Engine, create_engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ....domain.errors import StorageError
from .rows import FEW, rows_of

_STYLE = "format"
"""Parameters by place: statements are compiled once and run by the driver's own cursor."""
_STATEMENTS = 500
"""Prepared statements a connection keeps: more than there are."""
POOL_SECONDS = 60.0
"""How long a thread waits for a connection of the pool."""
OLDEST = 140000

FAILURES = (psycopg.Error, DBAPIError, PoolTimeout)


def dialect() -> Dialect:
    """The dialect that statements are compiled for."""
    make: Any = PGDialect_psycopg
    found: Dialect = make(paramstyle=_STYLE)
    return found


def engine_for(url: URL, pool_size: int, overflow: int) -> Engine:
    """A pool of connections that begin no transaction by themselves."""
    engine = create_engine(
        url,
        paramstyle=_STYLE,
        connect_args={"client_encoding": "utf8", "fallback_application_name": "turnlog"},
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=POOL_SECONDS,
        pool_reset_on_return=None,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: psycopg.Connection[Any], _: object) -> None:
        connection.autocommit = True
        connection.prepare_threshold = 1
        connection.prepared_max = _STATEMENTS
        # One width for every integer: else a statement is prepared anew for each mix of widths.
        connection.adapters.register_dumper(int, Int8Dumper)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def let_go(*engines: Engine) -> None:
    """Close the connections of some pools."""
    for engine in engines:
        engine.dispose()


class DriverCursor:
    """A cursor that may run in a pipeline: what gives no rows is sent on without waiting for it.

    Each statement has a cursor of psycopg's own, because a pipeline hands an earlier statement's
    result to the cursor that ran it, whatever that runs meanwhile.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._last: psycopg.Cursor[Any] = connection.cursor()
        self.transaction: str | None = None
        """The transaction's number, once it drew positions: then there is something to tell."""

    def execute(self, sql: str, parameters: Any = ()) -> None:
        self._last = self._connection.cursor(binary=True)
        self._last.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> None:
        if len(parameters) > FEW and (rows := rows_of(sql)) is not None:
            self.execute(rows.sql, rows.arrays(parameters))
            return
        self._last = self._connection.cursor()
        self._last.executemany(sql, parameters)

    def fetchone(self) -> Any:
        return self._last.fetchone()

    def fetchall(self) -> Any:
        return self._last.fetchall()

    def fetchmany(self, size: int) -> Any:
        return self._last.fetchmany(size)

    @property
    def rowcount(self) -> int:
        return self._last.rowcount

    @property
    def outcome(self) -> str | None:
        """What the server says the statement did."""
        return self._last.statusmessage


class ConnectionLost(psycopg.OperationalError):
    """It was lost before anything was committed."""


def passes(problem: Exception) -> bool:
    """Whether the same may well succeed when it is tried again."""
    return isinstance(
        problem,
        ConnectionLost | psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected,
    )


def rolled_back(connection: psycopg.Connection[Any]) -> bool:
    """Whether a connection is outside of any transaction, after a rollback if need be."""
    if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        connection.execute("ROLLBACK")
    return connection.info.transaction_status == TransactionStatus.IDLE


def is_its_own(problem: Exception, pipelined: bool) -> bool:
    """Whether a projection failed by itself, and not the database under it."""
    if not isinstance(problem, psycopg.Error):
        return True
    return not pipelined and not isinstance(problem, psycopg.OperationalError)


def explained(problem: BaseException, where: str) -> StorageError:
    """The database's own words, with what they mean and what to do."""
    cause: Any = getattr(problem, "orig", None) or problem
    text = " ".join(str(cause).split())
    state = getattr(cause, "sqlstate", None) or ""
    for start, hint in _HINTS:
        if state.startswith(start) if len(start) < 6 else start in text:
            return StorageError(f"{where}: {text}; {hint}")
    if isinstance(cause, psycopg.OperationalError):
        return StorageError(
            f"{where}: the connection was lost, or none could be made: {text}; "
            "nothing was half-written, try again when the server answers"
        )
    return StorageError(f"{where}: {text}; nothing was half-written")


_HINTS = (
    ("3D000", "make the database with `createdb`, or correct its name"),
    ("does not exist", "make the database with `createdb`, or correct its name"),
    ("28", "correct the user or the password in the URL"),
    ("password authentication", "correct the user or the password in the URL"),
    ("42501", "grant the user this right, or use another"),
    ("53300", "the server takes no more connections; close some, or raise max_connections"),
    ("53100", "the server's disk is full: make room and append again, nothing was half-written"),
    ("QueuePool", "too many threads use the log at once; open it again in some of them"),
    ("25006", "the server takes no writes: it is a standby, or set to read only"),
    ("55P03", "somebody uses the log; end that, and try again"),
    ("40", "it was tried several times; nothing was half-written, try again"),
)
"""By the beginning of an SQLSTATE (at most five characters) or a part of the text: what to do."""
