"""Blocks of five hours, as the plans of Claude Code count them, and how fast the present one goes.

A block begins with the hour in which something is first spent and lasts five hours; what is spent
after its end, or after a pause of five hours, begins the next. All is seen by quarters of an hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..sessions.query import Spent
from ..sessions.tables import QUARTER

HOUR = 4
LENGTH = 5 * HOUR
"""Of a block, in quarters of an hour."""


class Block(NamedTuple):
    """Five hours. Times in milliseconds since 1970 UTC."""

    begin: int
    end: int
    last: int
    """The end of the last quarter of an hour in which something was spent."""
    spent: Spent
    active: bool = False
    """Whether it goes on: its end is to come, and there was no pause of five hours."""
    elapsed_minutes: int = 0
    """Of an active one: since something was first spent in it, at least a quarter of an hour."""
    remaining_minutes: int = 0

    @property
    def tokens_per_minute(self) -> int:
        """How fast it goes: all tokens, read and written."""
        return self.spent.usage.total_tokens // max(1, self.elapsed_minutes)

    @property
    def nano_usd_per_hour(self) -> int:
        """What it costs an hour at this rate."""
        return self.spent.cost_nano_usd * 60 // max(1, self.elapsed_minutes)

    @property
    def projected_nano_usd(self) -> int:
        """What it will have cost at its end, if it goes on like this."""
        more = self.nano_usd_per_hour * self.remaining_minutes // 60
        return self.spent.cost_nano_usd + more

    @property
    def projected_tokens(self) -> int:
        """All tokens at its end, if it goes on like this."""
        more = self.tokens_per_minute * self.remaining_minutes
        return self.spent.usage.total_tokens + more


def blocks(spent: Iterable[tuple[int, Spent]], now: int) -> list[Block]:
    """Put what was spent into blocks.

    Args:
        spent: quarters of an hour since 1970 UTC with what was spent in each, ascending.
        now: milliseconds since 1970 UTC.
    """
    found: list[Block] = []
    begin = first = last = 0
    added = Spent()
    opened = False

    def close() -> None:
        block = Block(begin * QUARTER, (begin + LENGTH) * QUARTER, (last + 1) * QUARTER, added)
        if block.begin <= now < block.end:
            elapsed = max(QUARTER, now - first * QUARTER) // 60_000
            remaining = (block.end - now) // 60_000
            block = block._replace(
                active=True, elapsed_minutes=elapsed, remaining_minutes=remaining
            )
        found.append(block)

    for quarter, more in spent:
        if opened and (quarter >= begin + LENGTH or quarter - last >= LENGTH):
            close()
            opened = False
        if not opened:
            begin, first, added, opened = quarter // HOUR * HOUR, quarter, Spent(), True
        last, added = quarter, added.plus(more)
    if opened:
        close()
    return found
