"""The rows of users' own projections, caught up with the log before they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused
from ..projecting.catching_up import catch_up
from ..projecting.standings import last_position
from ..projections.engine.own import model_of, registration_of
from ..projections.engine.projection import Projection
from ..projections.engine.row_statements import physical
from ..projections.engine.table import Table, Value

Tables = Mapping[str, sql.Table]
"""A projection's tables by the names it gave them."""
Where = Mapping[str, Value | Sequence[Value]]
"""Columns, and the value, or the values, that they have."""


def rows(
    store: Store,
    projection: type[Projection],
    table: str | None,
    where: Where | None,
    order_by: str | Sequence[str],
    limit: int | None,
) -> list[dict[str, Any]]:
    """Rows of a table; see ``Log.rows``."""
    name, declared = _declared(projection, table)
    order = [order_by] if isinstance(order_by, str) else list(order_by)
    if limit is not None and limit < 0:
        raise Refused(f"a limit is 0 or more, not {limit}")
    equal = {c: _values(name, declared, c, value) for c, value in (where or {}).items()}
    ordered = [_ordered(name, declared, column) for column in order]

    def made(tables: Tables) -> Select[Any]:
        found = tables[name]
        key = [found.c[column.name] for column in declared.key]
        return (
            sql.select(found)
            .where(*(_is_one_of(found.c[column], values) for column, values in equal.items()))
            .order_by(*(_by(found.c[column], falls) for column, falls in ordered), *key)
            .limit(limit)
        )

    return [declared.row(row) for row in _asked(store, projection, made)[1]]


def query(
    store: Store, projection: type[Projection], make: Callable[[Tables], Select[Any]]
) -> list[dict[str, Any]]:
    """What a statement selects; see ``Log.query``."""
    names, found = _asked(store, projection, make)
    return [dict(zip(names, row, strict=True)) for row in found]


def _asked(
    store: Store, projection: type[Projection], make: Callable[[Tables], Select[Any]]
) -> tuple[list[str], list[Any]]:
    name = model_of(projection).name
    registration = registration_of(projection)
    if name not in store.registry or store.registry[name] != registration:
        raise Refused(
            f"this log was not opened with the projection {name!r}; open it with "
            f"projections=[{projection.__name__}]"
        )
    catch_up(store, registration, last_position(store))
    with store.read() as reader:
        statement = make(_live(reader, projection))
        return list(statement.selected_columns.keys()), reader.query(statement)


def _live(reader: Reader, projection: Any) -> Tables:
    return _tables(projection, reader.live(model_of(projection).name))


@lru_cache(maxsize=64)
def _tables(projection: type[Projection], prefix: str) -> Tables:
    metadata = sql.MetaData()
    return {
        name: physical(prefix, name, table, metadata) for name, table in projection.tables.items()
    }


def _declared(projection: type[Projection], table: str | None) -> tuple[str, Table]:
    tables = model_of(projection).projection.tables
    if table is None and len(tables) == 1:
        [table] = tables
    if table is None or table not in tables:
        raise Refused(
            f"{projection.__name__} has no table {table!r}; name one of {', '.join(tables)}"
        )
    return table, tables[table]


def _values(table: str, declared: Table, name: str, value: Any) -> list[Any]:
    column = declared.types.get(name)
    if column is None:
        raise _no_column(table, declared, name)
    values = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    return [None if v is None else column.take(v, table) for v in values]


def _is_one_of(column: sql.ColumnElement[Any], values: Sequence[Any]) -> sql.ColumnElement[bool]:
    is_equal = column.in_([value for value in values if value is not None])
    return sql.or_(is_equal, column.is_(None)) if None in values else is_equal


def _ordered(table: str, declared: Table, name: str) -> tuple[str, bool]:
    column = name.removeprefix("-")
    if column not in declared.types:
        raise _no_column(table, declared, column)
    return column, name != column


def _by(column: sql.ColumnElement[Any], falls: bool) -> sql.ColumnElement[Any]:
    # Without saying so, SQLite puts None first and PostgreSQL last.
    return column.desc().nulls_last() if falls else column.asc().nulls_first()


def _no_column(table: str, declared: Table, name: str) -> Refused:
    return Refused(
        f"the table {table!r} has no column {name!r}; it has {', '.join(declared.types)}"
    )
