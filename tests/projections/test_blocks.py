"""Blocks of five hours: where they begin and end, how fast the present one goes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.usage import Usage
from turnlog.projections.sessions import Spent
from turnlog.projections.sessions.tables import QUARTER
from turnlog.projections.usage.blocks import LENGTH, blocks

HOUR = 3_600_000
NEVER = 10**15


def cents(n: int) -> Spent:
    return Spent(Usage(output_tokens=n), n * 10_000_000, responses=1)


def test_a_block_begins_with_the_hour_and_lasts_five() -> None:
    (block,) = blocks([(4 * 9 + 2, cents(1)), (4 * 13, cents(2))], NEVER)
    assert (block.begin, block.end) == (9 * HOUR, 14 * HOUR)
    assert block.spent == cents(1).plus(cents(2))
    assert not block.active


def test_what_comes_after_five_hours_begins_another() -> None:
    found = blocks([(4 * 9, cents(1)), (4 * 13 + 3, cents(2)), (4 * 14, cents(4))], NEVER)
    assert [b.begin // HOUR for b in found] == [9, 14]
    assert [b.spent.usage.output_tokens for b in found] == [3, 4]


def test_the_present_block_tells_its_rate_and_where_it_leads() -> None:
    now = 11 * HOUR
    (block,) = blocks([(4 * 9, cents(300)), (4 * 10 + 3, cents(100))], now)
    assert block.active
    assert (block.elapsed_minutes, block.remaining_minutes) == (120, 180)
    assert block.nano_usd_per_hour == 2 * 10**9
    assert block.projected_nano_usd == 10 * 10**9
    assert block.tokens_per_minute == 3


def test_a_block_of_a_moment_ago_has_no_rate_without_end() -> None:
    """Dividing by no time must never tell an absurd rate."""
    (block,) = blocks([(4 * 9, cents(100))], 9 * HOUR + 1_000)
    assert block.elapsed_minutes == 15
    assert block.nano_usd_per_hour == 4 * 10**9


@given(
    st.dictionaries(st.integers(-500, 500), st.integers(1, 50), max_size=60),
    st.integers(-500, 500),
)
def test_blocks_add_up_and_do_not_overlap(spent: dict[int, int], now: int) -> None:
    """What was spent must be in exactly one block."""
    rows = [(quarter, cents(n)) for quarter, n in sorted(spent.items())]
    found = blocks(rows, now * QUARTER)
    assert sum(b.spent.usage.output_tokens for b in found) == sum(spent.values())
    for before, after in pairwise(found):
        assert before.end <= after.begin or before.last < after.begin
        assert before.begin < after.begin
    for block in found:
        assert block.end - block.begin == LENGTH * QUARTER
        assert block.begin < block.last <= block.end
    assert sum(b.active for b in found) <= 1
