"""How a user's own projection declares its tables: a key, columns, each with a type, and no more.

The types are those that SQLite and PostgreSQL keep alike. Texts are what a text column takes and
sort by their bytes; integers have 64 bits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from ...domain.errors import InvalidProjection
from ..printable import printable

Value = str | int | bool | None
"""What a column holds."""
Key = Value | tuple[Value, ...]
"""What names a row: the key's one value, or its values in their order."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST_TABLE, LONGEST_COLUMN = 20, 50
"""PostgreSQL takes names of 63 bytes; a table's carries the projection's and its version too."""
LONGEST_INDEXED = 2_000
"""Bytes of text in a key or an index: a B-tree page of PostgreSQL takes 2,704."""
SMALLEST, GREATEST = -(1 << 63), (1 << 63) - 1
"""What an int may be."""
_INSTEAD = {
    "float": "an int of a smaller unit: sums of floats depend on their order",
    "Decimal": "an int of a smaller unit, such as nano-dollars",
    "datetime": "an int of milliseconds, as `recorded_at`",
    "date": "str, as 2026-01-30",
    "bytes": "str, in hexadecimal",
    "dict": "str, of JSON",
    "list": "str, of JSON, or a table with a row for each",
}


class Column(NamedTuple):
    """A column: its name, its type (str, int or bool), and whether it may hold None."""

    name: str
    type: type
    optional: bool = False

    @classmethod
    def of(cls, name: object, declared: Any, table: str) -> Column:
        """Read a declaration such as ``int`` or ``str | None``."""
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_COLUMN:
            raise InvalidProjection(
                f"{table}: {name!r} is no name for a column; take small letters, digits and _, "
                f"a letter first, at most {LONGEST_COLUMN} of them"
            )
        types = (
            set(get_args(declared)) if get_origin(declared) in (Union, UnionType) else {declared}
        )
        optional = NoneType in types
        types -= {NoneType}
        if len(types) != 1 or not types <= {str, int, bool}:
            told = getattr(declared, "__name__", repr(declared))
            hint = next((f"; take {_INSTEAD[n]}" for n in map(_name, types) if n in _INSTEAD), "")
            raise InvalidProjection(
                f"{table}: the column {name!r} is declared as {told}, but SQLite and PostgreSQL "
                f"share str, int, bool, and each of them `| None`{hint}"
            )
        return cls(name, types.pop(), optional)

    @property
    def zero(self) -> str | int | None:
        """What a row holds where nothing was given: None, an empty text, 0, False."""
        return None if self.optional else "" if self.type is str else 0

    def take(self, value: Any, table: str) -> str | int | None:
        """A value as the database keeps it.

        Raises:
            InvalidProjection: it is not of the column's type, or does not fit.
        """
        if self.type is str:
            if isinstance(value, str):
                return printable(str.__str__(value))
        elif isinstance(value, int):
            number = int(value)
            if self.type is int or number in (0, 1):
                if SMALLEST <= number <= GREATEST:
                    return number
                raise InvalidProjection(
                    f"{table}.{self.name}: {number} does not fit into 64 bits; take a greater unit"
                )
        if value is None and self.optional:
            return None
        or_none = " or None" if self.optional else ""
        raise InvalidProjection(
            f"{table}.{self.name} holds {self.type.__name__}{or_none}, not {value!r:.80}"
        )


class Table:
    """A table of a projection, named where the projection lists its ``tables``.

    Args:
        key: the columns of the primary key, in order; each ``str``, ``int`` or ``bool``.
        columns: the others; each of these, or ``str | None`` and so on. What a new row is not
            given is None where that is allowed, else 0, "" or False.
        indexes: what rows are found by quickly, besides the beginning of the key: the name of a
            column, or several.

    Raises:
        InvalidProjection: there is no key, a name or a type that a database does not take.
    """

    def __init__(
        self,
        key: Mapping[str, Any],
        columns: Mapping[str, Any] | None = None,
        indexes: Sequence[str | Sequence[str]] = (),
    ) -> None:
        columns = columns or {}
        told = f"Table(key={_shown(key)}, columns={_shown(columns)})"
        if not isinstance(key, Mapping) or not key:
            raise InvalidProjection(
                f"{told} has no key: a row that nothing names can be neither found nor added to; "
                'write key={"day": str}, say'
            )
        if not isinstance(columns, Mapping):
            raise InvalidProjection(f'{told}: columns are written {{"name": int}}')
        self.key = tuple(Column.of(name, declared, told) for name, declared in key.items())
        self.columns = tuple(Column.of(name, declared, told) for name, declared in columns.items())
        if twice := key.keys() & columns.keys():
            raise InvalidProjection(f"{told}: {min(twice)!r} is declared twice")
        if optional := [column.name for column in self.key if column.optional]:
            raise InvalidProjection(
                f"{told}: {optional[0]!r} is part of the key, which never holds None; take '' or 0"
            )
        self.indexes = tuple((i,) if isinstance(i, str) else tuple(i) for i in indexes)
        for index in self.indexes:
            if unknown := [name for name in index if name not in self.types]:
                raise InvalidProjection(
                    f"{told}: an index names {unknown[0]!r}, which is no column"
                )

    @cached_property
    def types(self) -> dict[str, Column]:
        """Every column by its name, the key's first."""
        return {column.name: column for column in (*self.key, *self.columns)}

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The columns of text that lie in an index."""
        names = {column.name for column in self.key}.union(*self.indexes)
        return frozenset(name for name in names if self.types[name].type is str)

    @cached_property
    def flags(self) -> tuple[int, ...]:
        """The places of the columns that hold a bool; databases keep 0 and 1."""
        return tuple(n for n, column in enumerate(self.types.values()) if column.type is bool)

    def row(self, values: Sequence[Any]) -> dict[str, Any]:
        """A row as users see it, of all the values in the table's order."""
        row = dict(zip(self.types, values, strict=True))
        if self.flags:
            names = list(self.types)
            for place in self.flags:
                if values[place] is not None:
                    row[names[place]] = bool(values[place])
        return row


def _name(declared: object) -> str:
    # `dict[str, int]` is a dict too.
    return getattr(get_origin(declared) or declared, "__name__", "")


def _shown(columns: object) -> str:
    if not isinstance(columns, Mapping):
        return repr(columns)
    types = (f"{n!r}: {getattr(d, '__name__', d)}" for n, d in columns.items())
    return "{" + ", ".join(types) + "}"
