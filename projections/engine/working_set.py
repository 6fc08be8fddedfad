"""The rows that a fold works on: in memory for a batch, then written with one statement a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...domain.errors import InvalidProjection
from .row_statements import RowStatements
from .table import GREATEST, LONGEST_INDEXED, SMALLEST, Column, Key, Table, Value

_Row = list[Any]


class Rows:
    """The tables of a projection as its fold sees them, and the only way to write them."""

    def __init__(self, tables: Mapping[str, WorkingTable], projection: str) -> None:
        self._tables = tables
        self._projection = projection

    def get(self, table: str, key: Key, /) -> dict[str, Any] | None:
        """A row with its key's columns; None where there is none. Changing it changes nothing."""
        return self._table(table).get(key)

    def find(self, table: str, /, **equal: Value) -> list[dict[str, Any]]:
        """The rows whose columns equal these values, by their key; all rows without any.

        It writes first what the batch changed so far, so it costs more than ``get``.
        """
        return self._table(table).find(equal)

    def put(self, table: str, key: Key, /, **columns: Value) -> None:
        """Write a row, in place of the one that may be there.

        Args:
            columns: what it holds; columns that are left out hold None where they may, else 0, ""
                or False.
        """
        self._table(table).put(key, columns)

    def set(self, table: str, key: Key, /, **columns: Value) -> None:
        """Change some columns of a row, or make one; the row is read for it."""
        self._table(table).set(key, columns)

    def add(self, table: str, key: Key, /, **columns: int) -> None:
        """Add to some columns of a row, or make one. The row is not read for it.

        Args:
            columns: of type ``int``, and what is added to them; may be negative.
        """
        self._table(table).add(key, columns)

    def delete(self, table: str, key: Key, /) -> None:
        """Take a row away, if it is there."""
        self._table(table).delete(key)

    def _table(self, name: str) -> WorkingTable:
        table = self._tables.get(name)
        if table is None:
            raise InvalidProjection(
                f"the projection {self._projection!r} has no table {name!r}, and reads and writes "
                f"its own alone: {', '.join(self._tables) or 'it has none'}"
            )
        return table


def write_out(rows: Rows) -> None:
    """Write what a batch changed, table by table."""
    for table in rows._tables.values():
        table.write()


class WorkingTable:
    """What is known of a table's rows, and what is to be written to them.

    A row is known whole, or it is only known what is added to it: such a row is never read.
    """

    def __init__(self, name: str, table: Table, statements: RowStatements, cursor: Any) -> None:
        self._name = name
        self._table = table
        self._statements = statements
        self._cursor = cursor
        self._known: dict[tuple[Any, ...], _Row | None] = {}
        """Rows as the database holds them once the batch is written; None for none."""
        self._changed: dict[tuple[Any, ...], None] = {}
        """Which of these are not written yet, in the order of their changes."""
        self._added: dict[tuple[Any, ...], _Row] = {}
        self._places = {column.name: n for n, column in enumerate(table.columns)}
        self._summed = {table.columns[n].name: n for n in statements.summed}
        self._zero = [column.zero for column in table.columns]

    def get(self, key: Key) -> dict[str, Any] | None:
        """A row as users see it."""
        place = self._key(key)
        row = self._whole(place)
        return self._table.row((*place, *row)) if row is not None else None

    def find(self, equal: Mapping[str, Value]) -> list[dict[str, Any]]:
        """Rows as users see them."""
        types = self._table.types
        taken = {name: self._column(name, types).take(v, self._name) for name, v in equal.items()}
        self.write()
        found = self._statements.find(self._cursor, taken)
        width = len(self._table.key)
        for row in found:
            self._known[tuple(row[:width])] = list(row[width:])
        return [self._table.row(row) for row in found]

    def put(self, key: Key, columns: Mapping[str, Value]) -> None:
        """Write a whole row."""
        place = self._key(key)
        row = list(self._zero)
        self._fill(row, columns)
        self._added.pop(place, None)
        self._keep(place, row)

    def set(self, key: Key, columns: Mapping[str, Value]) -> None:
        """Change some columns."""
        place = self._key(key)
        row = self._whole(place)
        row = list(self._zero) if row is None else list(row)
        self._fill(row, columns)
        self._keep(place, row)

    def add(self, key: Key, numbers: Mapping[str, int]) -> None:
        """Add to some columns."""
        place: Any = key if type(key) is tuple else (key,)
        row = self._added.get(place)
        if row is None:
            row = self._addend(self._key(place))
        for name, number in numbers.items():
            at = self._summed.get(name)
            if at is None or not isinstance(number, int):
                raise self._not_added(name, number)
            row[at] += number

    def delete(self, key: Key) -> None:
        """Take a row away."""
        place = self._key(key)
        self._added.pop(place, None)
        self._keep(place, None)

    def write(self) -> None:
        """Write what changed: one statement for whole rows, one for sums, one for what is gone."""
        whole, gone = [], []
        for key in self._changed:
            row = self._known[key]
            if row is None:
                gone.append(key)
            else:
                whole.append((*key, *row))
        added = [(*key, *row) for key, row in self._added.items()]
        self._check_sums((*whole, *added))
        statements, cursor = self._statements, self._cursor
        for statement, rows in (
            (statements.put, whole),
            (statements.add, added),
            (statements.delete, gone),
        ):
            if rows:
                cursor.executemany(statement, rows)
        self._changed.clear()
        self._added.clear()

    def _key(self, key: Key) -> tuple[Any, ...]:
        given = key if isinstance(key, tuple) else (key,)
        columns = self._table.key
        if len(given) != len(columns):
            raise InvalidProjection(
                f"{self._name}: the key is {_told(columns)}, not {key!r:.80}; "
                "give its values in this order"
            )
        taken = tuple(c.take(v, self._name) for c, v in zip(columns, given, strict=True))
        self._check_length(columns, taken)
        return taken

    def _check_length(self, columns: Sequence[Column], values: Sequence[Any]) -> None:
        for column, value in zip(columns, values, strict=True):
            # Of UTF-8, a character takes four bytes at most.
            if isinstance(value, str) and len(value) * 4 > LONGEST_INDEXED:
                size = len(value.encode())
                if size > LONGEST_INDEXED:
                    raise InvalidProjection(
                        f"{self._name}.{column.name} is part of a key or an index, which take "
                        f"{LONGEST_INDEXED} bytes; this text has {size}: {value[:40]!r}…; "
                        "keep a hash of it, or its beginning"
                    )

    def _whole(self, key: tuple[Any, ...]) -> _Row | None:
        if key in self._known:
            return self._known[key]
        found = self._statements.read(self._cursor, key)
        row = None if found is None else list(found[len(key) :])
        added = self._added.pop(key, None)
        if added is not None:
            if row is None:
                row = added
            else:
                for at in self._summed.values():
                    row[at] += added[at]
            self._changed[key] = None
        self._known[key] = row
        return row

    def _addend(self, key: tuple[Any, ...]) -> _Row:
        if key not in self._known:
            return self._added.setdefault(key, list(self._zero))
        row = self._known[key]
        row = list(self._zero) if row is None else row
        self._keep(key, row)
        return row

    def _keep(self, key: tuple[Any, ...], row: _Row | None) -> None:
        self._known[key] = row
        self._changed[key] = None

    def _fill(self, row: _Row, columns: Mapping[str, Value]) -> None:
        for name, value in columns.items():
            column = self._column(name, self._places)
            row[self._places[name]] = taken = column.take(value, self._name)
            if name in self._table.indexed:
                self._check_length([column], [taken])

    def _column(self, name: str, known: Mapping[str, Any]) -> Column:
        if name not in known:
            if name in self._table.types:
                raise InvalidProjection(f"{self._name}.{name} is part of the key: it stays")
            raise InvalidProjection(
                f"{self._name} has no column {name!r}; it has {_told(self._table.types.values())}"
            )
        return self._table.types[name]

    def _not_added(self, name: str, number: object) -> InvalidProjection:
        column = self._column(name, self._places)
        if name not in self._summed:
            declared = f"{column.type.__name__}{' | None' if column.optional else ''}"
            return InvalidProjection(
                f"{self._name}.{name} is declared as {declared}; only what is declared as int "
                "can be added to"
            )
        return InvalidProjection(f"{self._name}.{name}: an int can be added, not {number!r:.80}")

    def _check_sums(self, rows: Sequence[Sequence[Any]]) -> None:
        width = len(self._table.key)
        for name, at in self._summed.items():
            for row in rows:
                if not SMALLEST <= row[width + at] <= GREATEST:
                    raise InvalidProjection(
                        f"{self._name}.{name}: the sum {row[width + at]} of {row[:width]!r:.80} "
                        "does not fit into 64 bits; take a greater unit"
                    )


def _told(columns: Any) -> str:
    return ", ".join(column.name for column in columns)
