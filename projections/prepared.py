"""Statements written with SQLAlchemy Core and run by the driver's own cursor.

A Core execution costs several times what a small statement does; in the transaction of an append
that is most of the time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect
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
