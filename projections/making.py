"""Making tables from text that a process compiles once: that takes longer than to run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Dialect, Table, inspect
from sqlalchemy.schema import CreateIndex, CreateTable


def make_tables(connection: Connection, tables: Iterable[Table]) -> None:
    """Make those tables that are missing, with their indexes.

    Args:
        tables: what they are must not change any more.
    """
    there = set(inspect(connection).get_table_names())
    for table in tables:
        if table.name not in there:
            for text in _texts(table, connection.dialect):
                connection.exec_driver_sql(text)


def _texts(table: Table, dialect: Dialect) -> Sequence[str]:
    """What makes a table and its indexes; kept with the table."""
    found: list[str] | None = table.info.get(dialect.name)
    if found is None:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        made: list[CreateTable | CreateIndex] = [CreateTable(table), *map(CreateIndex, indexes)]
        found = [str(each.compile(dialect=dialect)) for each in made]
        table.info[dialect.name] = found
    return found
