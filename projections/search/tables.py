"""The tables of the search index, once for each generation of them.

The words lie in the database's own full-text index, a text a row, under a number that is made of
the field and the event's position: so each field is a range of it, and the newest come last.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from ..columns import KEY
from ..making import make_tables

NAME = "search"
VERSION = 1

FIELD_SHIFT = 40
"""Positions have less bits than this: a million million events."""


class SearchTables:
    """The tables of one generation, whose names begin with ``prefix``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.metadata = MetaData()
        self.texts = Table(
            f"{prefix}_texts",
            self.metadata,
            Column("position", KEY, primary_key=True, autoincrement=False),
            Column("stream", KEY, nullable=False),
            Column("version", Integer, nullable=False),
            Column("branch", Integer),
            Column("place", Integer),
            Column("at", BigInteger, nullable=False),
            Column("title", BigInteger),
        )
        """Where each text lies, and when it was said, in milliseconds since 1970 UTC. The branch is
        None for what lies on none: titles, which are known again by a hash, and prompts known from
        the CLI's history alone."""
        self.bases = Table(
            f"{prefix}_bases",
            self.metadata,
            Column("origin", Text, primary_key=True),
            Column("stream", KEY, primary_key=True, autoincrement=False),
            sqlite_with_rowid=False,
        )
        """Which streams are forks of what an ``origin`` holds."""
        self.words = Table(
            f"{prefix}_words",
            # Apart from the others: on SQLite it is a virtual table.
            MetaData(),
            Column("rowid", BigInteger, primary_key=True, autoincrement=False),
            Column("words", TSVECTOR, nullable=False),
        )
        Index(f"{prefix}_by_word", self.words.c.words, postgresql_using="gin")

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        make_tables(connection, self.metadata.sorted_tables)
        if connection.dialect.name == "postgresql":
            make_tables(connection, self.words.metadata.sorted_tables)
        else:
            # Contentless: the log has the texts. Without places and lengths in it, the index takes
            # a third of the room; both are read from the texts of the few that are shown.
            connection.exec_driver_sql(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {self.words.name} USING fts5"
                "(words, content = '', detail = none, columnsize = 0, tokenize = ascii)"
            )

    def names(self) -> list[str]:
        """The names of the tables."""
        return [self.texts.name, self.bases.name, self.words.name]


@lru_cache(maxsize=16)
def tables_of(prefix: str) -> SearchTables:
    """The tables whose names begin with a prefix."""
    return SearchTables(prefix)
