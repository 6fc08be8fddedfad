"""Keeping Redis up to date beside a log, and asking it in place of the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from ..adapters.redis.active import ActiveList, Away, Page, Server, Standing
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.wrapped import WrappedStore
from ..domain.errors import TurnlogError
from ..evidence.identity import log_id
from ..projections.printable import printable
from ..projections.sessions import Session
from .following import Follower
from .rows import session_of

T = TypeVar("T")
GATHER = 0.02
"""Seconds for which news gather before Redis is told of them."""
PAUSE = 5.0
"""Seconds before the next try where it could not be told."""
_TRIES = 3
_log = logging.getLogger("turnlog")


class AtHand:
    """The active sessions of a log, from Redis where that knows them."""

    def __init__(self, store: Store, server: Server) -> None:
        self.server = server
        self._store = store

    @cached_property
    def active(self) -> ActiveList:
        """The list of this log, which is known by its name."""
        return ActiveList(self.server, log_id(self._store))

    @cached_property
    def follower(self) -> Follower:
        """What keeps it up to date."""
        return Follower(self._store, self.active)

    def page(self, user_id: str | None, limit: int, after: str | None) -> list[Session] | None:
        """A page of the active sessions as the log has them now.

        Returns:
            None where the database must be asked: Redis is away, or does not go back so far.
        """
        place = _place(after)
        if after is not None and place is None:
            return None
        try:
            for _ in range(_TRIES):
                page = self.active.page(printable(user_id), limit, place)
                if page is not None and self._is_of_now(page.standing):
                    return _sessions(page, limit)
                if page is None:
                    self.follower.make_anew()
                else:
                    self.follower.catch_up()
        except Away as problem:
            _log.info("the database is asked for the active sessions: %s", problem)
        except ValueError as problem:  # rows of another release, or of somebody else
            _log.warning("Redis holds %s; the database is asked for the active sessions", problem)
            self._forget()
        return None

    def _is_of_now(self, standing: Standing) -> bool:
        with self._store.read() as reader:
            return standing == self.follower.now(reader)

    def _forget(self) -> None:
        try:
            self.follower.make_anew()
        except Away as problem:
            _log.info("%s", problem)


class FollowedStore(WrappedStore):
    """A store whose commits Redis is told of, by a thread: no append waits for that."""

    def __init__(self, store: Store, server: Server) -> None:
        super().__init__(store)
        self.at_hand = AtHand(store, server)
        self._news = threading.Event()
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        result = self.store.write(work, alone)
        self._news.set()
        if self._thread is None:
            self._start()
        return result

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="turnlog-redis", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        rest = GATHER
        while True:
            self._news.wait()
            stopping = self._stop.wait(rest)
            self._news.clear()
            began = time.monotonic()
            told = self._tell()
            if stopping or self._stop.is_set():
                return
            # Of an import that goes on and on, this takes a fifth of the time at the most.
            rest = min(max(GATHER, 4 * (time.monotonic() - began)), PAUSE)
            if not told:
                self._news.set()
                rest = PAUSE

    def _tell(self) -> bool:
        try:
            return self.at_hand.follower.catch_up() is not None
        except (Away, TurnlogError) as problem:
            _log.info("Redis is not told of what is new: %s", problem)
            return False

    def close(self) -> None:
        """Tell Redis what it does not know yet, if it answers, and let go of everything."""
        self._stop.set()
        if self._thread is not None:
            self._news.set()
            self._thread.join()
        self.at_hand.server.close()
        self.store.close()


def beside(store: Store, url: str) -> Store:
    """A store with a Redis beside it.

    Raises:
        MissingExtra, InvalidRedis: the client is not installed; the URL names no Redis.
    """
    return FollowedStore(store, Server(url))


def at_hand_of(store: Store) -> AtHand | None:
    """What has the active sessions of a log at hand, where something has."""
    return store.at_hand if isinstance(store, FollowedStore) else None


def _sessions(page: Page, limit: int) -> list[Session] | None:
    if page.newest and len(page.rows) < limit:
        return None
    return [session_of(row) for row in page.rows]


def _place(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    at, colon, stream = after.partition(":")
    if not (colon and at.lstrip("-").isdigit() and stream.isdigit()):
        return None
    return int(at), int(stream)
