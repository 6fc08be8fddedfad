"""A row of the table, what measuring it gave, and what a measurement is handed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .measure import Ratio
from .workload import Workload

Unit = Literal["times", "MB", "ms"]


@dataclass(frozen=True)
class Bench:
    """Where databases may lie, how many rounds count, and what is recorded."""

    directory: Path
    rounds: int
    workload: Workload

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty directory for databases, gone afterwards."""
        path = Path(tempfile.mkdtemp(prefix="bench-", dir=self.directory))
        try:
            yield path
        finally:
            shutil.rmtree(path)

    def at_most(self, rounds: int) -> Bench:
        """The same, with fewer rounds where one of them takes long."""
        return replace(self, rounds=min(self.rounds, rounds))


@dataclass(frozen=True)
class Measured:
    """A value in the unit of its row; `low` and `high` are the extreme rounds."""

    value: float
    low: float
    high: float
    rounds: int
    note: str = ""

    @classmethod
    def of(cls, ratio: Ratio, note: str = "", scale: float = 1.0) -> Measured:
        """A ratio as a measurement; `scale` is base work per our work where they differ."""
        ours, base = _time(ratio.ours_seconds), _time(ratio.base_seconds)
        text = f"{ours} against {base} a round" + (f"; {note}" if note else "")
        return cls(ratio.median * scale, ratio.low * scale, ratio.high * scale, ratio.rounds, text)


@dataclass(frozen=True)
class Row:
    """One line of the table; a row without `must` is there for orientation."""

    name: str
    work: str
    measure: Callable[[Bench], Measured]
    must: float | None = None
    aim: float | None = None
    unit: Unit = "times"

    def verdict(self, measured: Measured) -> str:
        """Which of its two marks the row reached."""
        if self.aim is not None and measured.value <= self.aim:
            return "aim reached"
        if self.must is not None and measured.value <= self.must:
            return "must reached"
        if self.must is not None:
            return f"missed by {measured.value / self.must - 1:.0%}"
        return "for orientation" if self.aim is None else "aim missed"


class SkippedError(Exception):
    """A row cannot be measured here; the text says why."""


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds:.2f} s"
