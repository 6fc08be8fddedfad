"""Blocks of five hours, and budgets: how fast money goes, and how much of it is left."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from ..adapters.storage.contract.reader import Reader
from ..domain.errors import Refused
from ..projections.sessions import Spent
from ..projections.usage.blocks import LENGTH, Block, blocks
from ..projections.usage.periods import day_text, offset_in, quarters
from ..projections.usage.query import by_quarter
from ..projections.usage.sums import Sums
from .finding import tables_in
from .usage import Asked, total, usage
from .usage_of_sessions import Period

Per = Literal["day", "month"]
WARN_AT = 80
"""Percent of a budget from which on one is warned."""


def now_ms() -> int:
    """The time."""
    return int(datetime.now(UTC).timestamp() * 1000)


def blocks_of(reader: Reader, period: Period, now: int | None = None) -> list[Block]:
    """The five-hour blocks of a period, oldest first. One that was begun before it is whole."""
    now = now if now is not None else now_ms()
    begin, end = quarters(*period)
    rows = reader.query(
        by_quarter(tables_in(reader), begin - LENGTH if begin is not None else None, end)
    )
    spent = ((int(row[0]), Sums.read(row[1:]).billed) for row in rows)
    return [b for b in blocks(spent, now) if period.begin is None or b.last > period.begin]


class Budget(NamedTuple):
    """How much of a budget is spent."""

    per: str
    name: str
    """The day or month it is."""
    limit_nano_usd: int
    spent: Spent

    @property
    def percent(self) -> int:
        """How much of it is gone."""
        return self.spent.cost_nano_usd * 100 // self.limit_nano_usd

    @property
    def state(self) -> Literal["fine", "near", "over"]:
        """Near from 80 % on, over from all of it on."""
        if self.percent >= 100:
            return "over"
        return "near" if self.percent >= WARN_AT else "fine"


def budget_of(
    reader: Reader, limit: Decimal, per: str, tz: str | None, now: int | None = None
) -> Budget:
    """How much of a budget is spent this day or month.

    Args:
        limit: dollars, above 0.
        per: day or month.
        tz: the time zone that days belong to; None for the machine's own.

    Raises:
        Refused: it is no budget, or there is no such time zone.
    """
    if per not in get_args(Per):
        raise Refused(f"a budget is for a day or a month, not for {per!r}")
    nano = int(limit.scaleb(9)) if limit.is_finite() and abs(limit) < 10**9 else 0
    if nano <= 0:
        raise Refused(f"{limit} is no budget; give dollars, as 200 or 12.50")
    now = now if now is not None else now_ms()
    quarter, day_long = quarters(now, None)[0] or 0, 96
    offset = offset_in(tz)
    day = day_text((quarter + offset(quarter)) // day_long)
    name = day if per == "day" else day[:7]
    # A month may begin 31 days ago, and a local day before the UTC one.
    begin = (quarter - (2 if per == "day" else 33) * day_long) * 900_000
    rows = usage(reader, Asked(per, Period(begin, None), tz))
    return Budget(per, name, nano, total(row for row in rows if row.key == name).billed)
