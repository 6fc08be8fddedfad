"""How far the read models are, and how far the log is."""

from __future__ import annotations

from sqlalchemy import select

from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.account import Standing
from ..adapters.storage.sql.schema import projections

STANDINGS = select(*(projections.c[name] for name in Standing._fields)).order_by(projections.c.name)


def last_position(store: Store) -> int:
    """The position of the newest event."""
    with store.read() as reader:
        return reader.last_position()


def standing(store: Store, name: str) -> Standing:
    """A read model's row."""
    return next(row for row in standings(store) if row.name == name)


def standings(store: Store) -> list[Standing]:
    """Every read model's row."""
    with store.read() as reader:
        return [Standing._make(row) for row in reader.query(STANDINGS)]
