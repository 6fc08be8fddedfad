"""Opening a store by its URL: the one place that chooses and wires one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ...domain.errors import InvalidURL, MissingExtra, Refused
from ...projections.built_in import built_in
from ...projections.engine.registry import Registration, Registry
from ...projections.search.index import index_with
from ...projections.search.tables import NAME, VERSION
from ...projections.texts import SHOWN, Texts
from ..prices import TABLE, prices_from
from ..secrets import hidden
from .contract.store import Store
from .encoding.json_bytes import decode
from .encryption.founding import Encryption
from .encryption.keys import Keys
from .installed import Opening, installed_store
from .sql.store import now
from .sqlite.store import SqliteStore

if TYPE_CHECKING:
    from .postgres.store import PostgresStore

SEARCH = Registration(NAME, VERSION, index_with(decode), policy="set aside")
"""The search index. It reads entries as the log does, however they are nested or spelled; what
cannot be read does not keep the rest from being found."""
DURABILITIES = ("FULL", "NORMAL")
FORMS = "sqlite:///path/to.db, postgresql+psycopg://user@host/name, or memory:"


def open_store(
    url: str,
    synchronous: str = "FULL",
    clock: Callable[[], int] = now,
    create: bool = True,
    projections: Sequence[Registration] = (),
    prices: str = "table",
    compress_threshold: int = 0,
    keys: Keys | None = None,
) -> Store:
    """Open the store a URL names.

    Args:
        url: ``sqlite:///path``, ``sqlite://`` (in memory), ``postgresql+psycopg://…``, ``memory:``.
        synchronous: SQLite's pragma; FULL makes every commit durable, NORMAL may lose the last
            commits when the machine (not the process) fails.
        clock: milliseconds since 1970 UTC.
        create: whether a log is made where there is none.
        projections: read models to keep besides the built-in ones.
        prices: where the cost of a response is from: ``table``, turnlog's own, or
            ``genai-prices``. What is there already is priced anew by a rebuild.
        compress_threshold: bytes from which on what an append writes is compressed.
        keys: those of an encrypted log; a log that is made with them is one.

    Raises:
        InvalidURL: the URL names nothing turnlog can open, or no log and none is to be made.
        Refused: ``synchronous`` or ``prices`` is none of the two.
        MissingExtra: the driver is not installed.
        StorageError: the database cannot be opened, or belongs to something else.
    """
    encryption = Encryption(keys)
    searched = url.startswith("postgres") or has_fts5()
    registry = read_models(projections, prices, searched, encryption.texts)
    if url in ("memory:", "memory://"):
        if keys is not None:
            raise Refused("a log in memory is never on a disk, and is not encrypted")
        from .memory.store import MemoryStore

        return MemoryStore(registry, clock)
    if synchronous not in DURABILITIES:
        raise Refused(f"synchronous is one of {', '.join(DURABILITIES)}, not {synchronous!r}")
    parsed = _parse(url)
    kind = parsed.drivername
    store: SqliteStore | PostgresStore
    if kind in ("sqlite", "sqlite+pysqlite"):
        store = _open_sqlite(parsed, registry, synchronous, clock, create, encryption)
    elif kind in ("postgres", "postgresql", "postgresql+psycopg"):
        store = _open_postgres(parsed, registry, clock, create, encryption)
    elif (made := installed_store(Opening(url, registry, clock, create))) is not None:
        if keys is not None:
            raise Refused(f"{made.url}: a store of your own is not encrypted by turnlog")
        return made
    else:
        raise _not_kept(parsed)
    store.codec.threshold = compress_threshold
    return store


def read_models(
    projections: Sequence[Registration], prices: str, searched: bool, texts: Texts = SHOWN
) -> Registry:
    """The read models that a log keeps: the built-in ones, the search index, and one's own.

    Raises:
        Refused, MissingExtra: as ``open_store`` raises them of ``prices``.
    """
    priced = None if prices == TABLE else prices_from(prices)
    search = (SEARCH,) if searched else ()
    return Registry((*built_in(priced, texts), *search, *projections))


def _not_kept(url: URL) -> InvalidURL:
    kind = url.drivername
    told = hidden(url.render_as_string(hide_password=False))
    if kind.startswith(("postgres", "sqlite")):
        return InvalidURL(f"{told!r}: turnlog does not use the driver of {kind!r}; use {FORMS}")
    return InvalidURL(f"{told!r}: turnlog keeps no logs in {kind!r}; use {FORMS}")


@cache
def has_fts5() -> bool:
    """Whether the SQLite of this Python was built with full-text search; nearly every one is."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
        except sqlite3.OperationalError:
            return False
    return True


def _open_sqlite(
    url: URL,
    registry: Registry,
    synchronous: str,
    clock: Callable[[], int],
    create: bool,
    encryption: Encryption,
) -> SqliteStore:
    path = url.database or ""
    if url.host or url.username or url.port or url.query:
        raise InvalidURL(
            f"{url!r}: a SQLite URL is a path and nothing else; write sqlite:///relative/path.db, "
            "sqlite:////absolute/path.db, or sqlite:// for a log in memory"
        )
    if "\0" in path or not _is_encodable(path):
        raise InvalidURL(f"{path!r} is no path that a database can have; choose another")
    return SqliteStore(url, registry, synchronous, clock, create=create, encryption=encryption)


def _open_postgres(
    url: URL,
    registry: Registry,
    clock: Callable[[], int],
    create: bool,
    encryption: Encryption,
) -> PostgresStore:
    try:
        from .postgres.store import PostgresStore
    except ImportError as problem:
        raise MissingExtra(
            f"PostgreSQL needs its driver ({problem}): pip install 'turnlog[postgres]'"
        ) from problem
    return PostgresStore(url, registry, clock, create=create, encryption=encryption)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError, TypeError):
        # A password may hold what makes it no URL.
        told = hidden(str(url))
        raise InvalidURL(f"{told!r} is no database URL; write {FORMS}") from None
    if "@" in (parsed.host or ""):  # else a part of the password is shown as the host
        raise InvalidURL(f"{hidden(url)!r}: an @ in a password is written %40")
    return parsed


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
