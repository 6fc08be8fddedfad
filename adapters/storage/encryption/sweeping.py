"""Keys that nothing in the log is sealed with any more: they are destroyed, and with them what
copies of the log still hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from ..sql.schema import blocks, sdk_summaries, snapshots, streams
from ..sql.statements import Statements
from .aes import FORMAT, ID
from .cipher import Sealing

_SEALED = (
    (blocks.c.stream, blocks.c.data),
    (snapshots.c.stream, snapshots.c.state),
    (sdk_summaries.c.stream, sdk_summaries.c.data),
    (streams.c.id, streams.c.state),
    (streams.c.id, streams.c.memory),
)
"""Where something is sealed with a stream's own key."""


def destroy_unused(cursor: Any, statements: Statements, cipher: Sealing) -> int:
    """Destroy the keys in whose place another one came, and that nothing is sealed with.

    Args:
        cursor: sees what is committed. What somebody is about to write is sealed with the new key.

    Returns:
        How many were destroyed.
    """
    count = 0
    for stream, old in cipher.keys.replaced():
        cursor.execute(*statements.once(_using(stream, old)))
        if cursor.fetchone() is None:
            count += cipher.keys.destroy_one(old)
    if count:
        cipher.refresh()
    return count


def _using(stream: str, key: bytes) -> Select[Any]:
    number = select(streams.c.id).where(streams.c.name == stream).scalar_subquery()
    found = [
        select(literal(1).label("one")).where(
            of == number, func.substr(data, len(FORMAT) + 1, ID) == key
        )
        for of, data in _SEALED
    ]
    return select(union_all(*found).subquery().c.one).limit(1)
