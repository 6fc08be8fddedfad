"""The formats of an export: rows into files."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ..domain.errors import MissingExtra
from .columns import Column

Row = tuple[Any, ...]
_EPOCH = datetime(1970, 1, 1)
FORMULA = tuple("=+-@\t\r\n'＝＋－＠")  # noqa: RUF001 (spreadsheets read full-width signs too)
"""What a spreadsheet may take a text for a formula by, and the apostrophe that tells it not to."""

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A value as JSON, on one line."""


class Writer(Protocol):
    """A file on its way."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file; it is on disk once this returns."""


Open = Callable[[Path, Sequence[Column]], Writer]


class _Text:
    """A file of lines."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._file = path.open("x", encoding="utf-8", newline="")

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._file.write("".join(map(self._line, rows)))

    def _line(self, row: Row) -> str:
        raise NotImplementedError

    def close(self) -> None:
        """Finish the file."""
        with self._file as file:
            file.flush()
            os.fsync(file.fileno())


class JsonLines(_Text):
    """One object a line, with every column."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        super().__init__(path, columns)
        self._names = [column.name for column in columns]
        self._times = [n for n, column in enumerate(columns) if column.kind == "time"]

    def _line(self, row: Row) -> str:
        told = dict(zip(self._names, row, strict=True))
        for n in self._times:
            if row[n] is not None:
                told[self._names[n]] = iso(row[n])
        return encode(told) + "\n"


class Csv(_Text):
    """RFC 4180: every text in quotes, null as nothing; no text that a spreadsheet calculates."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        super().__init__(path, columns)
        self._file.write(",".join(column.name for column in columns) + "\r\n")

    def _line(self, row: Row) -> str:
        values = zip(self._columns, row, strict=True)
        return ",".join(_cell(column, value) for column, value in values) + "\r\n"


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and column.kind != "time":
        return str(value)
    text = iso(value) if column.kind == "time" else str(value)
    if text.startswith(FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"'


def iso(milliseconds: int) -> str:
    """A time in UTC as ISO 8601."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{rest:03d}Z"


class Parquet:
    """Apache Parquet with zstd, a row group for each lot of rows."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        pa, parquet = _pyarrow()
        kinds = {
            "integer": pa.int64(),
            "text": pa.string(),
            "json": pa.string(),
            "boolean": pa.bool_(),
            "time": pa.timestamp("ms", tz="UTC"),
        }
        self._pa = pa
        self._schema = pa.schema([pa.field(c.name, kinds[c.kind]) for c in columns])
        # A file of our own: pyarrow's does not say when it is on disk.
        self._file: io.BufferedWriter = path.open("xb")
        self._writer = parquet.ParquetWriter(self._file, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        columns = zip(zip(*rows, strict=True), self._schema, strict=True)
        arrays = [self._pa.array(values, type=field.type) for values, field in columns]
        self._writer.write_batch(self._pa.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        with self._file as file:
            self._writer.close()
            file.flush()
            os.fsync(file.fileno())


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as problem:
        raise MissingExtra(
            f"Parquet needs pyarrow ({problem}): pip install 'turnlog[parquet]'; "
            "CSV and JSON lines need nothing"
        ) from problem


FORMATS: dict[str, Open] = {"parquet": Parquet, "csv": Csv, "jsonl": JsonLines}
"""The formats by name, which is also how the files' names end."""
