"""Tables in which only words are cut: where there is no room for a figure, its column goes."""

from __future__ import annotations

from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.measure import Measurement
from rich.table import Table

from ...projections.sessions import Spent
from .figures import counters, money, tokens
from .screen import screen

_MOST = 48
"""Columns of the screen that a name takes at the most."""


class _Column(NamedTuple):
    heading: str
    style: str = ""
    right: bool = False
    most: int = _MOST
    goes: int = 0
    words: int = 0
    wraps: bool = False


class Columns:
    """A table as wide as what stands in it, and no wider than the screen."""

    def __init__(self, padding: int = 1) -> None:
        """Take what stands empty beside each cell, in columns of the screen."""
        self._padding = padding
        self._columns: list[_Column] = []
        self._rows: list[tuple[tuple[RenderableType, ...], str]] = []
        self._sections: set[int] = set()

    def add(
        self,
        heading: str,
        *,
        style: str = "",
        right: bool = False,
        most: int = _MOST,
        goes: int = 0,
    ) -> None:
        """Add a column whose cells are shown whole.

        Args:
            right: whether they stand on the right.
            most: the width above which they are cut after all.
            goes: where the screen is too narrow, columns go in this order; with 0 it stays.
        """
        self._columns.append(_Column(heading, style, right, most, goes))

    def words(self, heading: str, least: int = 12, *, wraps: bool = False) -> None:
        """Add the one column that is cut to the room that the others leave, or wrapped.

        Args:
            least: before it is narrower than this, other columns go.
        """
        self._columns.append(_Column(heading, words=least, wraps=wraps))

    def spent(self) -> None:
        """Add a column for each of what ``cells`` gives."""
        for n, heading in enumerate(counters(Spent().usage)):
            self.add(heading, right=True, goes=n + 2)
        self.add("cost", style="money", right=True)

    def row(self, *cells: RenderableType, style: str = "") -> None:
        """Add a row: a cell for each column; at the end, those left out are empty."""
        missing = len(self._columns) - len(cells)
        self._rows.append((cells + ("",) * missing, style))

    def section(self) -> None:
        """Leave a line empty behind the last row."""
        self._sections.add(len(self._rows) - 1)

    def __rich__(self) -> Table:
        widths = self._widths(whole=True)
        if self._room(widths) < 0:
            widths = self._widths(whole=False)
        for _, n in sorted((column.goes, n) for n, column in enumerate(self._columns)):
            if self._room(widths) < 0 and self._columns[n].goes:
                del widths[n]
        for n in widths:
            if self._columns[n].words:
                more = min(self._longest(n) - widths[n], self._room(widths))
                widths[n] = max(1, widths[n] + more)
        return self._drawn(widths)

    def _widths(self, whole: bool) -> dict[int, int]:
        """How wide each column is, its heading on one line or, if need be, on several."""
        widths = {}
        for n, column in enumerate(self._columns):
            heading = [column.heading] if whole else column.heading.split()
            told = min(self._longest(n), column.words or column.most)
            widths[n] = max(1, told, *map(len, () if column.wraps else heading))
        return widths

    def _longest(self, n: int) -> int:
        out = screen()
        cells = (cells[n] for cells, _ in self._rows)
        measured = (Measurement.get(out, out.options, cell).maximum for cell in cells)
        return max(measured, default=0)

    def _room(self, widths: dict[int, int]) -> int:
        """What is left of the screen; below 0 what is missing."""
        between = (self._padding + 1) * (len(widths) - 1)
        return screen().width - sum(widths.values()) - between

    def _drawn(self, widths: dict[int, int]) -> Table:
        table = Table(
            box=SIMPLE_HEAD, pad_edge=False, padding=(0, self._padding, 0, 0), show_edge=False
        )
        for n, width in widths.items():
            column = self._columns[n]
            table.add_column(
                column.heading,
                style=column.style,
                justify="right" if column.right else "left",
                width=width,
                # A heading may have more lines; of the cells only those of a column that wraps.
                no_wrap=width >= len(column.heading) and not column.wraps,
                overflow="ellipsis",
            )
        for row, (cells, style) in enumerate(self._rows):
            shown = [cells[n] for n in widths]
            table.add_row(*shown, style=style, end_section=row in self._sections)
        return table


def cells(spent: Spent) -> tuple[str, ...]:
    """Input, cache writes and reads, output, cost."""
    return (*map(tokens, counters(spent.usage).values()), money(spent))
