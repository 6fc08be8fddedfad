"""The tables of the audit trail."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

from ..columns import KEY, ORDERED

NAME = "audit"
VERSION = 1


class AuditTables:
    """The tables of one generation, whose names begin with ``prefix``."""

    def __init__(self, prefix: str) -> None:
        self.metadata = MetaData()
        self.deeds = Table(
            f"{prefix}_deeds",
            self.metadata,
            Column("position", KEY, primary_key=True, autoincrement=False),
            Column("stream", KEY, nullable=False),
            Column("version", Integer, nullable=False),
            Column("kind", ORDERED, nullable=False),
            Column("source", Text, nullable=False),
            Column("actor", Text),
            Column("recorded_at", BigInteger, nullable=False),
        )
        deeds = self.deeds.c
        Index(f"{prefix}_by_stream", deeds.stream, deeds.position)
        Index(f"{prefix}_by_kind", deeds.kind, deeds.position)
        Index(
            f"{prefix}_by_actor",
            deeds.actor,
            deeds.position,
            sqlite_where=deeds.actor.is_not(None),
            postgresql_where=deeds.actor.is_not(None),
        )
        self.streams = Table(
            f"{prefix}_streams",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("name", ORDERED, nullable=False),
            Column("main", ORDERED, nullable=False),
            Column("project_key", Text, nullable=False),
            Column("user_id", Text),
        )
        Index(f"{prefix}_by_main", self.streams.c.main)


@lru_cache(maxsize=8)
def tables_of(prefix: str) -> AuditTables:
    """The tables whose names begin so."""
    return AuditTables(prefix)
