"""The tables of a user's projection in a database, and the statements that read and write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Dialect, MetaData, bindparam

from ..columns import KEY, ORDERED
from ..prepared import KEYS_DIFFER, prepare, upserting
from .table import Column, Table

_TYPES: dict[type, Any] = {
    str: ORDERED,
    int: KEY,
    bool: sql.SmallInteger(),
}


def physical(prefix: str, name: str, table: Table, metadata: MetaData) -> sql.Table:
    """A declared table as the databases have it.

    Args:
        prefix: of the generation it belongs to.
    """
    columns = [_column(column, nullable=column.optional) for column in table.columns]
    # SQLite makes a float of a sum that grows too great, where PostgreSQL complains.
    is_whole = [
        sql.CheckConstraint(sql.func.typeof(made) == sql.text("'integer'")).ddl_if(dialect="sqlite")
        for made, column in zip(columns, table.columns, strict=True)
        if _is_summed(column)
    ]
    made = sql.Table(
        f"{prefix}_{name}",
        metadata,
        *(_column(column, primary_key=True, autoincrement=False) for column in table.key),
        *columns,
        *is_whole,
        sqlite_with_rowid=False,
    )
    for number, names in enumerate(table.indexes, 1):
        sql.Index(f"{prefix}_{name}_i{number}", *(made.c[n] for n in names))
    return made


def _column(column: Column, **settings: Any) -> sql.Column[Any]:
    return sql.Column(column.name, _TYPES[column.type], **settings)


def _is_summed(column: Column) -> bool:
    return column.type is int and not column.optional


class RowStatements:
    """Reads and writes the rows of one table through the cursor of a transaction."""

    def __init__(self, dialect: Dialect, table: sql.Table, declared: Table) -> None:
        self._dialect = dialect
        self._made = table
        self._key = [column.name for column in declared.key]
        self._columns = [column.name for column in declared.columns]
        self.summed = [n for n, column in enumerate(declared.columns) if _is_summed(column)]
        """The places, behind the key, of what can be added to."""
        self._finds: dict[tuple[tuple[str, bool], ...], str] = {}

    @cached_property
    def put(self) -> str:
        """key, columns: a row, in place of the one that may be there"""
        return self._upsert(lambda new: {name: new[name] for name in self._columns})

    @cached_property
    def add(self) -> str:
        """key, columns: a new row, or numbers that are added to those of the one that is there"""
        summed, old = [self._columns[n] for n in self.summed], self._made.c
        return self._upsert(lambda new: {name: old[name] + new[name] for name in summed})

    @cached_property
    def delete(self) -> str:
        """key"""
        return prepare(self._dialect, self._made.delete().where(*self._is_key()), *self._key)

    @cached_property
    def _read(self) -> str:
        return prepare(self._dialect, self._made.select().where(*self._is_key()), *self._key)

    def read(self, cursor: Any, key: Sequence[Any]) -> Sequence[Any] | None:
        """The row of a key."""
        cursor.execute(self._read, tuple(key))
        row: Sequence[Any] | None = cursor.fetchone()
        return row

    def find(self, cursor: Any, equal: Mapping[str, Any]) -> list[Sequence[Any]]:
        """The rows whose columns have these values, by key."""
        shape = tuple((name, value is None) for name, value in equal.items())
        if shape not in self._finds:
            self._finds[shape] = self._find(shape)
        cursor.execute(self._finds[shape], tuple(v for v in equal.values() if v is not None))
        return list(cursor.fetchall())

    def _find(self, shape: tuple[tuple[str, bool], ...]) -> str:
        columns = self._made.c
        is_equal = [
            columns[name].is_(None) if is_null else columns[name] == bindparam(name)
            for name, is_null in shape
        ]
        by_key = [columns[name] for name in self._key]
        statement = self._made.select().where(*is_equal).order_by(*by_key)
        return prepare(self._dialect, statement, *(name for name, is_null in shape if not is_null))

    def _upsert(self, changes: Any) -> str:
        names = [*self._key, *self._columns]
        insert = upserting(self._dialect, self._made, names)
        if changed := changes(insert.excluded):
            insert = insert.on_conflict_do_update(index_elements=self._key, set_=changed)
        else:
            insert = insert.on_conflict_do_nothing(index_elements=self._key)
        return prepare(self._dialect, insert, *names) + KEYS_DIFFER

    def _is_key(self) -> list[Any]:
        return [self._made.c[name] == bindparam(name) for name in self._key]
