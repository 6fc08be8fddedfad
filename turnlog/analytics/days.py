"""Rows on their way into files, one folder a day: a few open at a time, few rows in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .columns import Column
from .formats import Open, Row, Writer, iso

ROWS = 8_192
"""Rows held in memory, of all days together."""
BYTES = 16 << 20
"""The same, by the length of their texts."""
OPEN = 24
"""Files that are written at the same time."""
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, Spark and DuckDB call the partition of null."""


class _Waiting:
    """Rows of a day that are not written yet."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.size = 0


class Days:
    """Sorts rows by day.

    Args:
        columns: of each row.
        opened: opens a file.
        place: where the file of a day lies, by the day and the file's number.
    """

    def __init__(
        self, columns: Sequence[Column], opened: Open, place: Callable[[str, int], Path]
    ) -> None:
        self._columns = columns
        self._open = opened
        self._place = place
        self._writers: OrderedDict[str, Writer] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._rows = self._size = 0
        self._numbers: dict[str, int] = {}
        self.parts: dict[tuple[str, int], int] = {}
        """The rows of each file, by its day and its number."""

    def add(self, at: int | None, row: Row) -> None:
        """Take a row in.

        Args:
            at: milliseconds since 1970 UTC; its day there is the row's.
        """
        waiting = self._waiting.setdefault(day_of(at), _Waiting())
        size = sum(len(value) for value in row if type(value) is str)
        waiting.rows.append(row)
        waiting.size += size
        self._size += size
        self._rows += 1
        while self._rows > ROWS or self._size > BYTES:
            self._write(max(self._waiting, key=self._weight))

    def _weight(self, day: str) -> tuple[int, int]:
        waiting = self._waiting[day]
        return waiting.size, len(waiting.rows)

    def _write(self, day: str) -> None:
        waiting = self._waiting.pop(day)
        self._rows -= len(waiting.rows)
        self._size -= waiting.size
        writer = self._writer(day)
        writer.write(waiting.rows)
        self.parts[day, self._numbers[day]] += len(waiting.rows)

    def _writer(self, day: str) -> Writer:
        if day in self._writers:
            self._writers.move_to_end(day)
            return self._writers[day]
        if len(self._writers) >= OPEN:
            _, oldest = self._writers.popitem(last=False)
            oldest.close()
        number = self._numbers[day] = self._numbers.get(day, -1) + 1
        self.parts[day, number] = 0
        self._writers[day] = self._open(self._place(day, number), self._columns)
        return self._writers[day]

    def close(self) -> None:
        """Write what waits, and finish every file."""
        for day in list(self._waiting):
            self._write(day)
        while self._writers:
            self._writers.popitem()[1].close()

    def abandon(self) -> None:
        """Let go of every file; what they hold is not wanted."""
        while self._writers:
            with suppress(Exception):  # the problem that led here is the one that is told
                self._writers.popitem()[1].close()


def day_of(at: int | None) -> str:
    """The day of a time in UTC: ``2026-01-30``."""
    return NO_DAY if at is None else iso(at)[:10]
