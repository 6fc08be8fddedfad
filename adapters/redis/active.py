"""The list of active sessions in Redis: rows by session, their order, and the position they are at.

Everything lies under ``turnlog:{LOG}:active…`` and is made again of the log when it is lost. See
docs/redis.md for the keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from .scripts import CHANGE, PAGE
from .server import Away, Server

EXPIRES = 24 * 3600 * 1000
"""Milliseconds after the last change at which Redis drops what it holds: then nothing of an erased
session is left there either, although nobody came to take it away."""
FORMAT = 1
"""Of the rows; another release may write another, under keys of its own."""


class Standing(NamedTuple):
    """How far what Redis holds has come."""

    position: int
    """The position of the log up to which it knows everything."""
    model: str
    """Which tables of the log it was made of."""
    mark: str
    """By which the log is known again: of the event at that position."""


class Page(NamedTuple):
    """A page of the list."""

    standing: Standing
    rows: Sequence[Mapping[str, Any]]
    newest: bool
    """Whether Redis holds only the newest of more."""


class Row(NamedTuple):
    """A session's place in the list; without a row, it has none any more."""

    stream: int
    active_at: int = 0
    row: Mapping[str, Any] | None = None


class ActiveList:
    """The active sessions of one log."""

    def __init__(self, server: Server, log_id: str) -> None:
        self.server = server
        self.log_id = log_id
        # One hash slot for all of them, as scripts ask for.
        self._begin = f"turnlog:{{{log_id}}}:active:{FORMAT}"
        names = ("about", "list", "rows", "owners")
        self._about, self._list, self._rows, self._owners = (f"{self._begin}:{n}" for n in names)

    def standing(self) -> Standing | None:
        """How far it has come; None where Redis holds nothing.

        Raises:
            Away: Redis does not answer.
        """
        told: Any = self.server.ask(lambda redis: redis.hmget(self._about, Standing._fields))
        return _standing(told)

    def page(self, user_id: str | None, limit: int, after: tuple[int, int] | None) -> Page | None:
        """A page, the newest first; None where Redis holds nothing, or what is not ours.

        Args:
            user_id: of this user; None for everybody's.
            limit: how many at the most.
            after: when the last one of the page before was active, and its stream's number.

        Raises:
            Away: Redis does not answer.
        """
        order = self._list if user_id is None else f"{self._begin}:user:{user_id}"
        score, member = ("+inf", "") if after is None else (str(after[0]), _member(after[1]))
        keys = [self._about, order, self._rows]
        told: Any = self.server.ask(
            lambda redis: redis.eval(PAGE, len(keys), *keys, score, member, limit)
        )
        if not told:
            return None
        *about, newest, rows = told
        standing = _standing(about)
        try:
            found = [orjson.loads(row) for row in rows]
        except (TypeError, ValueError):  # a row that is missing, or is no JSON
            return None
        if standing is None or not all(isinstance(row, dict) for row in found):
            return None
        return Page(standing, found, bool(newest))

    def count(self) -> int:
        """How many sessions it holds.

        Raises:
            Away: Redis does not answer.
        """
        return int(self.server.ask(lambda redis: redis.zcard(self._list)))

    def change(self, expected: Standing, after: Standing, rows: Iterable[Row]) -> bool:
        """Change some rows, if nobody did meanwhile.

        Raises:
            Away: Redis does not answer.
        """
        return self._change(str(expected.position), after, rows, False, False)

    def make_anew(
        self, expected: Standing | None, after: Standing, rows: Iterable[Row], newest: bool
    ) -> bool:
        """Hold these rows and no others, if nobody changed them meanwhile.

        Args:
            newest: whether these are only the newest of more.

        Raises:
            Away: Redis does not answer.
        """
        at = str(expected.position) if expected is not None else ""
        return self._change(at, after, rows, True, newest)

    def _change(
        self, expected: str, after: Standing, rows: Iterable[Row], anew: bool, newest: bool
    ) -> bool:
        keys = [self._about, self._list, self._rows, self._owners, f"{self._begin}:user:"]
        told: list[Any] = [expected, *after, "1" if newest else "", EXPIRES, "1" if anew else ""]
        for row in rows:
            text = orjson.dumps(row.row) if row.row is not None else b""
            told += [_member(row.stream), row.active_at if text else "", text]
        return bool(self.server.ask(lambda redis: redis.eval(CHANGE, len(keys), *keys, *told)))


def _member(stream: int) -> str:
    """Members of one score are ordered as texts."""
    return f"{stream:020d}"


def _standing(told: Sequence[Any]) -> Standing | None:
    position, *others = told
    try:
        return Standing(int(position), *(bytes(other).decode() for other in others))
    except (TypeError, ValueError):
        return None


__all__ = ["ActiveList", "Away", "Page", "Row", "Server", "Standing"]
