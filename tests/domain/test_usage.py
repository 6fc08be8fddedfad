"""Tokens: a response is counted once, at the greatest figures seen."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.usage import NOTHING, Response, Usage

usages = st.builds(Usage, *[st.integers(0, 1000)] * len(Usage._fields))


@given(usages, usages)
def test_a_sum_adds_every_field(a: Usage, b: Usage) -> None:
    assert a.plus(b) == b.plus(a)
    assert a.plus(b).total_tokens == a.total_tokens + b.total_tokens
    assert a.plus(NOTHING) == a


@given(usages, usages)
def test_a_delta_is_never_negative(seen: Usage, counted: Usage) -> None:
    """What was billed must never be taken back."""
    assert all(field >= 0 for field in seen.beyond(counted))


@given(usages, usages)
def test_a_delta_brings_what_was_counted_up_to_the_best(seen: Usage, counted: Usage) -> None:
    assert counted.plus(seen.beyond(counted)) == counted.best(seen)


@given(st.lists(usages).flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))))
def test_a_response_counts_once_in_whatever_order_its_entries_come(
    orders: tuple[list[Usage], list[Usage]],
) -> None:
    """A response of several entries must never count as several responses."""

    def billed(seen: list[Usage]) -> Usage:
        best = total = NOTHING
        for usage in seen:
            total = total.plus(usage.beyond(best))
            best = best.best(usage)
        return total

    assert billed(orders[0]) == billed(orders[1]) == reduce(Usage.best, orders[0], NOTHING)


def test_the_greatest_output_wins_and_the_rest_is_kept() -> None:
    first = Usage(input_tokens=3, output_tokens=1, cache_read_input_tokens=900)
    last = Usage(input_tokens=3, output_tokens=250)
    assert first.best(last) == Usage(3, 250, 900)


def test_cache_writes_are_one_figure_whatever_their_lifetime() -> None:
    usage = Usage(1, 2, 4, cache_creation_5m=8, cache_creation_1h=16, web_search_requests=32)
    assert usage.cache_creation_input_tokens == 24
    assert usage.total_tokens == 31, "searches are no tokens"


def test_a_figure_is_a_placeholder_only_while_nothing_better_is_known() -> None:
    assert Response(1).quality == "exact"
    assert Response(1, suspicious=True).quality == "placeholder"
    assert Response(1, suspicious=True, finished=True).quality == "exact"
