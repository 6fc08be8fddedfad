"""Statements written with SQLAlchemy Core and run by the driver's own cursor.

A Core execution costs several times what a small statement does; in the transaction of an append
that is most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import ClauseElement

KEYS_DIFFER = " /* keys differ */"
"""At the end of an upsert of many rows: no two of them have one key, so that one statement may
write them all."""


def prepare(dialect: Dialect, statement: ClauseElement, *names: str) -> str:
    """Compile a statement to text with positional parameters.

    Args:
        dialect: of the database; its parameter style must be positional.
        statement: a statement with ``bindparam``s.
        names: the parameters in the order in which they will be passed.
    """
    compiled: Any = statement.compile(dialect=dialect)
    found = tuple(compiled.positiontup or ())
    assert found == names, f"parameters {found}, expected {names}"
    return str(compiled)


def inserting(dialect: Dialect, table: Table) -> str:
    """A statement that adds a row, given its values in the table's order."""
    names = [column.name for column in table.columns]
    return prepare(dialect, table.insert().values(_given(names)), *names)


def upserting(dialect: Dialect, table: Table, names: Sequence[str]) -> Any:
    """An insert of some columns that can be told what to do where there is such a row."""
    insert = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    return insert(table).values(_given(names))


def taking_out(dialect: Dialect, table: Table) -> str:
    """A statement that takes out the rows of a stream, given its number."""
    of_stream = table.delete().where(table.c.stream == bindparam("of"))
    return prepare(dialect, of_stream, "of")


def _given(names: Sequence[str]) -> dict[str, Any]:
    return {name: bindparam(name) for name in names}
