"""A Redis that may be away: asked for a moment at the most, and then left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ...domain.errors import MissingExtra, TurnlogError
from ..secrets import hidden

if TYPE_CHECKING:
    import redis

T = TypeVar("T")
PATIENCE = 1.0
"""Seconds that an answer may take."""
PAUSE = 5.0
"""Seconds for which it is left alone after it did not answer."""


class InvalidRedis(TurnlogError):
    """A URL that names no Redis."""


class Away(Exception):
    """Redis did not answer, or refused."""


class Server:
    """A connection to Redis."""

    def __init__(self, url: str) -> None:
        """Connects when it is first asked.

        Raises:
            MissingExtra: the client is not installed.
            InvalidRedis: the URL names none.
        """
        self.url = url
        self.problem: str | None = None
        """Why it was away when it was last asked."""
        self._again = 0.0
        self._client, self._failures = _connected(url)

    def ask(self, question: Callable[[redis.Redis], T]) -> T:
        """Ask it something.

        Raises:
            Away: it does not answer, or did not a moment ago.
        """
        if time.monotonic() < self._again:
            raise Away(self.problem)
        try:
            answer = question(self._client)
        except self._failures as problem:
            self.problem = hidden(f"{type(problem).__name__}: {problem}").rstrip(".")
            self._again = time.monotonic() + PAUSE
            raise Away(self.problem) from problem
        self.problem = None
        return answer

    def try_again(self) -> None:
        """Ask it at once, although it was away."""
        self._again = 0.0

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def _connected(url: str) -> tuple[redis.Redis, tuple[type[Exception], ...]]:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as problem:
        raise MissingExtra(
            f"Redis needs its client ({problem}): pip install 'turnlog[redis]'"
        ) from problem
    settings: dict[str, Any] = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        # Once more, because a server that was started anew has closed the connection.
        "retry": Retry(NoBackoff(), 1),
    }
    try:
        client = redis.Redis.from_url(url, **settings)
    except ValueError as problem:
        raise InvalidRedis(
            f"{hidden(url)!r} names no Redis ({hidden(str(problem))}); write "
            "redis://host:6379/0, rediss://… or unix:///path"
        ) from problem
    return client, (redis.RedisError, OSError)
