"""When a response moved to another session: a copy came in whose right to it is better.

What is billed to a session follows from all copies there are, so that it may change by what is
recorded in another one. The moves follow from the copies too, by the order of the log alone, so
that they are the same in whatever order copies that came at the same time were folded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Dialect, bindparam

from ...domain.keys import SessionKey
from ..prepared import inserting, prepare
from .response import Told
from .responses import Copy
from .tables import SessionTables


def rank(copy: Copy) -> tuple[bool, bool, float, str, int]:
    """Who owns a response: the session it names, then the earliest, then the smallest name."""
    row = copy.response
    at = row.at if row.at is not None else float("inf")
    return row.told == Told.TAKEN, not row.native, at, copy.holder.name, row.turn


def moves_of(key: bytes, copies: list[Copy]) -> Iterator[tuple[Any, ...]]:
    """The moves of one response from session to session, as rows.

    Args:
        copies: all of them.
    """
    owner: Copy | None = None
    for copy in sorted(copies, key=lambda copy: (copy.response.position, copy.response.turn)):
        row = copy.response
        if row.told == Told.CLAIM:
            return  # from here on it is known by others, and billed by this to nobody
        if owner is not None and rank(copy) >= rank(owner):
            continue
        if owner is not None and _main(owner) != _main(copy):
            version = row.late or row.place
            yield row.position, key, version, row.stream, owner.response.stream, row.cost
        owner = copy


def _main(copy: Copy) -> SessionKey:
    return SessionKey.parse(copy.holder.name).main


class Moves:
    """The statements on the table of moves."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        moves = tables.moves
        self._insert = inserting(dialect, moves)
        of_key = moves.delete().where(moves.c.key == bindparam("of_key"))
        self._forget = prepare(dialect, of_key, "of_key")

    def write(self, cursor: Any, moves: dict[bytes, list[tuple[Any, ...]]]) -> None:
        """Put moves in the place of those that were known of the same responses."""
        cursor.executemany(self._forget, [(key,) for key in moves])
        rows = [row for found in moves.values() for row in found]
        if rows:
            cursor.executemany(self._insert, rows)
