"""What a response costs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from importlib import import_module
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.prices import genai_price
from turnlog.domain import prices
from turnlog.domain.keys import SessionKey
from turnlog.domain.prices import price
from turnlog.domain.usage import Usage


def at(day: str) -> int:
    """Noon of a day, in milliseconds."""
    return int(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()) * 1000


SPRING, AUTUMN = at("2026-02-01"), at("2026-10-20")


def test_a_response_costs_the_sum_of_its_tokens() -> None:
    usage = Usage(
        input_tokens=10,
        output_tokens=500,
        cache_read_input_tokens=20_000,
        cache_creation_5m=300,
        cache_creation_1h=1_000,
        web_search_requests=2,
    )
    # $3, $15, $0.30, $3.75 and $6 per million tokens, $10 per thousand searches
    dollars = (30 + 7_500 + 6_000 + 1_125 + 6_000) * 1_000 + 20_000_000
    assert price("claude-sonnet-4-6", AUTUMN, usage, fast=False) == dollars


def test_no_tokens_cost_nothing() -> None:
    assert price("claude-opus-4-8", AUTUMN, Usage(), fast=False) == 0


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("Claude-Sonnet-4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-sonnet-4-0", "claude-sonnet-4"),
        ("claude-4-opus-20250514", "claude-opus-4"),
        ("claude-3-5-haiku-latest", "claude-haiku-3-5"),
        ("claude-3-5-sonnet-v2@20241022", "claude-sonnet-3-5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("claude-opus-5-2026-09-30", "claude-opus-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("anthropic.claude-3-sonnet-20240229-v1:0:200k", "claude-sonnet-3"),
        ("anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-4-1",
            "claude-opus-4-1",
        ),
    ],
)
def test_a_model_is_known_by_any_spelling(name: str, model: str) -> None:
    usage = Usage(1_000, 1_000, 1_000, 1_000, 1_000)
    cost = price(model, SPRING, usage, fast=False)
    assert cost
    assert price(name, SPRING, usage, fast=False) == cost


UNKNOWN_MODELS = [
    *("<synthetic>", "", "gpt-5", "claude", "claude-instant-1", "claude-sonnet-9"),
    *("claude-opus-4-5-mini", "my-claude-sonnet-4-5", "claude-sonnet-4-5[2m]", "claude-sonnet-"),
]


@pytest.mark.parametrize("name", UNKNOWN_MODELS)
def test_the_cost_of_an_unknown_model_is_unknown(name: str) -> None:
    """It must never be 0: a free session is a lie that nobody notices."""
    assert price(name, AUTUMN, Usage(output_tokens=1_000), fast=False) is None


def test_a_name_without_end_is_no_model() -> None:
    """Names come from outside: they must never pile up in memory."""
    known = prices._tariff.cache_info().currsize
    name = "claude-sonnet-4-5" + "-20250929" * 1_000_000
    assert price(name, AUTUMN, Usage(output_tokens=1), fast=False) is None
    assert prices._tariff.cache_info().currsize == known


def test_a_rate_that_nobody_publishes_is_unknown() -> None:
    """Tokens without a rate must never be counted as free, nor at the rate of other tokens."""
    plain, cached = Usage(output_tokens=1), Usage(output_tokens=1, cache_read_input_tokens=1)
    assert price("claude-2.1", AUTUMN, plain, fast=False) == 24_000
    assert price("claude-2.1", AUTUMN, cached, fast=False) is None
    assert price("claude-3-haiku", AUTUMN, Usage(web_search_requests=1), fast=False) is None
    assert price("claude-sonnet-4-5", AUTUMN, plain, fast=True) is None


def test_the_whole_of_a_long_request_is_dearer() -> None:
    model = "claude-sonnet-4-5"
    at_the_limit = Usage(1_000, 1_000, 190_000, 4_000, 5_000)
    beyond = at_the_limit._replace(input_tokens=1_001)
    assert price(model, AUTUMN, at_the_limit, fast=False) == 120_000_000
    assert price(model, AUTUMN, beyond, fast=False) == 232_506_000


def test_a_price_holds_from_its_day() -> None:
    long = Usage(input_tokens=300_000)
    last_day, first_day = at("2026-03-12"), at("2026-03-13")
    assert price("claude-opus-4-6", last_day, long, fast=False) == 3_000_000_000
    assert price("claude-opus-4-6", first_day, long, fast=False) == 1_500_000_000
    assert price("claude-opus-4-6", None, long, fast=False) == 1_500_000_000


def test_fast_mode_has_its_own_rates() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=1_000, web_search_requests=1)
    assert price("claude-opus-4-8", AUTUMN, usage, fast=False) == 40_000_000
    assert price("claude-opus-4-8", AUTUMN, usage, fast=True) == 70_000_000


@given(
    tokens=st.integers(0, 10**12),
    model=st.sampled_from(["claude-opus-4-8", "claude-haiku-5-5", "claude-sonnet-4-5"]),
    fast=st.booleans(),
)
def test_a_cost_is_a_whole_number_of_nano_dollars(tokens: int, model: str, fast: bool) -> None:
    """Money must never be a float: sums would depend on their order."""
    cost = price(model, AUTUMN, Usage(tokens, tokens, tokens), fast=fast)
    assert cost is None or type(cost) is int


def test_half_a_nano_dollar_goes_to_the_even_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(prices._TARIFFS, "odd-1", (prices.Tariff(prices.Rates(500, 1)),))
    costs = [price("claude-odd-1", None, Usage(input_tokens=n), fast=False) for n in range(5)]
    assert costs == [0, 0, 1, 2, 2]
    just_above = Usage(input_tokens=1, output_tokens=1)
    assert price("claude-odd-1", None, just_above, fast=False) == 1


USAGES = [
    Usage(7, 421),
    Usage(3, 1_800, 61_234, 2_345, 678),
    Usage(4, 900, 120_000, 0, 1_111),
    Usage(9, 4_321, 250_001, 17, 3_003),
    Usage(1, 1, 0, 0, 0, 3),
]


@pytest.mark.parametrize("day", ["2025-11-30", "2026-03-12", "2026-03-13", "2026-11-01"])
def test_the_table_agrees_with_genai_prices(day: str) -> None:
    """A slip in the table must never pass for a price."""
    genai = pytest.importorskip("genai_prices")
    models = claude_models()
    for model, usage, fast in product(models, USAGES, (False, True)):
        ours = price(model.id, at(day), usage, fast=fast)
        if ours is not None:
            assert ours == nano_dollars(genai, model.id, day, usage, fast), (model.id, usage, fast)


def test_every_model_of_genai_prices_has_a_price() -> None:
    pytest.importorskip("genai_prices")
    if f"genai-prices {version('genai-prices')}" != prices.SOURCE:
        pytest.skip(f"the table is that of {prices.SOURCE}; refresh it")
    for model in claude_models():
        assert price(model.id, AUTUMN, Usage(1, 1), fast=False), model.id
        variants = model.price_variants or []
        has_fast_rates = any(variant.when == {"speed": "fast"} for variant in variants)
        knows_fast_rates = price(model.id, AUTUMN, Usage(1, 1), fast=True) is not None
        assert knows_fast_rates == has_fast_rates, model.id


def claude_models() -> list[Any]:
    providers = import_module("genai_prices.data").providers
    (anthropic,) = (provider for provider in providers if provider.id == "anthropic")
    return list(anthropic.models)


def nano_dollars(genai: Any, model: str, day: str, usage: Usage, fast: bool) -> int:
    """What genai-prices makes of it; its ``input_tokens`` include the cache."""
    cost: Decimal = genai.calc_price(
        genai.Usage(
            input_tokens=usage.total_tokens - usage.output_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_input_tokens,
            cache_write_tokens=usage.cache_creation_input_tokens,
            cache_write_5m_tokens=usage.cache_creation_5m,
            cache_write_1h_tokens=usage.cache_creation_1h,
            web_searches=usage.web_search_requests,
        ),
        model,
        provider_id="anthropic",
        genai_request_timestamp=datetime.fromtimestamp(at(day) / 1000, UTC),
        price_context={"speed": "fast"} if fast else None,
    ).total_price
    return int((cost * 10**9).to_integral_value(ROUND_HALF_EVEN))


# -- the prices of genai-prices, chosen instead of the table ---------------------------------------


@pytest.mark.parametrize("fast", [False, True])
def test_the_library_prices_what_the_table_prices_alike(fast: bool) -> None:
    pytest.importorskip("genai_prices")
    for model in ("claude-sonnet-4-5", "claude-opus-4-8", "claude-haiku-4-5-20251001"):
        for usage in USAGES:
            ours = price(model, SPRING, usage, fast=fast)
            assert genai_price(model, SPRING, usage, fast=fast) == ours


def test_what_the_library_does_not_know_is_unknown_too() -> None:
    """It must never be 0, nor raise: the append would fail."""
    pytest.importorskip("genai_prices")
    for name in (*UNKNOWN_MODELS[:2], "claude-" * 1_000, "no-such-model", "\0\ud800"):
        assert genai_price(name, AUTUMN, Usage(output_tokens=1_000), fast=False) is None
    assert genai_price("claude-opus-4-8", 10**18, Usage(output_tokens=1), fast=False) is None


def test_pricing_anew_is_a_rebuild(tmp_path: Path) -> None:
    """The cost of what is recorded must change by a rebuild alone, and then everywhere."""
    pytest.importorskip("genai_prices")
    s = Transcript()
    s.prompt("?")
    s.answer("!", model="gpt-5", usage={"output_tokens": 1_000_000})
    url = f"sqlite:///{tmp_path}/log.db"
    with turnlog.open(url) as log:
        log.append(SessionKey("shop", s.session_id), s.entries)
        assert (log.stats().billed.cost_nano_usd, log.stats().billed.unpriced) == (0, 1)
    with turnlog.open(url, prices="genai-prices") as log:
        log.rebuild(name="sessions")
        billed = log.stats().billed
        assert billed.cost_nano_usd > 10**9
        assert billed.unpriced == 0
        assert [row.billed for row in log.usage("model")] == [billed]


def test_prices_come_from_somewhere_that_is_known() -> None:
    with pytest.raises(turnlog.InvalidSettings, match="prices is 'a hat', but takes table or"):
        turnlog.open("sqlite://", prices="a hat")
