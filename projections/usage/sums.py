"""Figures of the rollups: what was billed, and what of it is undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..sessions.query import Spent
from ..sessions.tables import SUMS

_SIZE = len(SUMS)


class Sums(NamedTuple):
    """What some responses add up to, each counted once."""

    billed: Spent = Spent()
    undone: Spent = Spent()
    """The part of it that no live conversation holds: rewound, deleted, or left by the CLI."""

    @classmethod
    def read(cls, sums: Sequence[Any]) -> Sums:
        """Sums in the order of the tables."""
        return cls(Spent.of(sums[:_SIZE]), Spent.of(sums[_SIZE : 2 * _SIZE]))

    @property
    def live(self) -> Spent:
        """What the live conversations hold."""
        return self.billed.minus(self.undone) if self.undone.responses else self.billed

    def plus(self, other: Sums) -> Sums:
        """The sum."""
        return Sums(self.billed.plus(other.billed), self.undone.plus(other.undone))


def total_of(sums: Iterable[Sums]) -> Sums:
    """What several add up to."""
    found = Sums()
    for each in sums:
        found = found.plus(each)
    return found
