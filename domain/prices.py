"""What a response costs, from a small table of Claude list prices with dates.

The figures are those that genai-prices 0.2.3 carries for the provider ``anthropic`` (list prices as
of November 2026); a test compares the two, model by model and date by date. What a reseller adds
(the regional surcharge of Bedrock and Vertex AI) and the batch discount are not modelled: a session
is priced as Anthropic itself would bill it.

Rates are whole pico-dollars per token, costs whole nano-dollars. A rate therefore reads as dollars
per million tokens: ``3_750_000`` is $3.75.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol

SOURCE = "genai-prices 0.2.3"
"""Where the figures come from."""

_DAY_MS = 86_400_000
_LONGEST_NAME = 200  # a longer name is no model, and would only stay in the cache


class Counters(Protocol):
    """The token counters of one response, none of them negative."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cache_read_input_tokens(self) -> int: ...
    @property
    def cache_creation_5m(self) -> int: ...
    @property
    def cache_creation_1h(self) -> int: ...
    @property
    def web_search_requests(self) -> int: ...


class Rates(NamedTuple):
    """Pico-dollars for one token, or for one web search; None where no rate is published."""

    input: int
    output: int
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    web_search: int | None = 10_000_000_000  # $10 for 1,000 searches


class Tariff(NamedTuple):
    """What a model charges from a day on."""

    standard: Rates
    fast: Rates | None = None
    """The rates of ``speed: fast``, at any length of the prompt."""
    long: Rates | None = None
    """The rates of every token in a request whose prompt is longer than ``long_above``."""
    long_above: int = 200_000
    since: date = date.min
    """The first day, UTC."""


def price(model: str, at_ms: int | None, usage: Counters, *, fast: bool) -> int | None:
    """The cost of one response, in nano-dollars.

    Args:
        model: the model's name as the response gives it, in any provider's spelling.
        at_ms: when it answered, in milliseconds since 1970, UTC; None takes the latest rates.
        usage: the response's final counters. The cost is rounded once (half to even), so price a
            response as a whole, never the parts it was counted in.
        fast: whether it was served in fast mode.

    Returns:
        None where the model, or a rate that this response needs, is unknown. Unknown is never 0.
    """
    if len(model) > _LONGEST_NAME:
        return None
    tariff = _tariff(model, None if at_ms is None else at_ms // _DAY_MS)
    if tariff is None:
        return None
    read, write_5m = usage.cache_read_input_tokens, usage.cache_creation_5m
    write_1h, searches = usage.cache_creation_1h, usage.web_search_requests
    rates: Rates | None = tariff.standard
    if fast:
        rates = tariff.fast
    elif tariff.long is not None:
        prompt = usage.input_tokens + read + write_5m + write_1h
        if prompt > tariff.long_above:
            rates = tariff.long
    if rates is None:
        return None
    pico = usage.input_tokens * rates.input + usage.output_tokens * rates.output
    for count, rate in (
        (read, rates.cache_read),
        (write_5m, rates.cache_write_5m),
        (write_1h, rates.cache_write_1h),
        (searches, rates.web_search),
    ):
        if count:
            if rate is None:
                return None
            pico += count * rate
    nano, rest = divmod(pico, 1000)
    return nano + (rest > 500 or (rest == 500 and nano & 1))


@lru_cache(maxsize=4096)
def _tariff(model: str, day: int | None) -> Tariff | None:
    """The tariff of a model on a day, counted from 1970; None for the latest day."""
    tariffs = _TARIFFS.get(_family(model) or "")
    if not tariffs:
        return None
    valid = [t for t in tariffs if day is None or (t.since - date(1970, 1, 1)).days <= day]
    return valid[-1] if valid else None


_NAME = re.compile(
    r"""(?: .*[./:] )?  claude-  # us.anthropic.claude-…, anthropic/claude-…, an ARN
        (?: (?P<name>[a-z]+)-(?P<version>\d{1,2}(?:[-.]\d{1,2})?)  # sonnet-4-5, sonnet-4.5
          | (?P<old_version>\d{1,2}(?:[-.]\d{1,2})?)-(?P<old_name>[a-z]+)  # 3-5-sonnet
          | v?(?P<oldest>[12])(?:\.\d)? )  # 2.1, v2
        (?: [-@](?: \d{8} | \d{4}-\d\d-\d\d | latest | default )  # a snapshot's date
          | -v\d+ | :\d+k? )*  # a reseller's revision: -v1:0:200k
        (?: \[1m\] )?  # the long context, asked for
    """,
    re.VERBOSE,
)


def _family(model: str) -> str | None:
    """``sonnet-4-5`` for every spelling of that model; None for what is no Claude model."""
    match = _NAME.fullmatch(model.lower())
    if match is None:
        return None
    if match["oldest"]:
        return match["oldest"]
    name = match["name"] or match["old_name"]
    version = (match["version"] or match["old_version"]).replace(".", "-")
    return f"{name}-{version.removesuffix('-0')}"


# Input, output, cache read, five-minute and one-hour cache write, web search.
_CLAUDE_2 = Rates(8_000_000, 24_000_000, web_search=None)
_HAIKU_3 = Rates(250_000, 1_250_000, 30_000, 300_000, 500_000, None)
_HAIKU_3_5 = Rates(800_000, 4_000_000, 80_000, 1_000_000, 1_600_000)
_HAIKU_4_5 = Rates(1_000_000, 5_000_000, 100_000, 1_250_000, 2_000_000)
_HAIKU_5_5 = Rates(100_000, 500_000, 10_000, 125_000, 200_000)
_HAIKU_5_5_LONG = Rates(500_000, 2_500_000, 50_000, 625_000, 1_000_000)

_SONNET_3 = Rates(3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000, None)
_SONNET_4 = Rates(3_000_000, 15_000_000, 300_000, 3_750_000, 6_000_000)
_SONNET_4_LONG = Rates(6_000_000, 22_500_000, 600_000, 7_500_000, 12_000_000)
_SONNET_5 = Rates(2_000_000, 10_000_000, 200_000, 2_500_000, 4_000_000)
_SONNET_5_5 = Rates(2_000_000, 10_000_000, 100_000, 2_500_000, 4_000_000)

_OPUS_3 = Rates(15_000_000, 75_000_000, 1_500_000, 18_750_000, 30_000_000, None)
_OPUS_4 = Rates(15_000_000, 75_000_000, 1_500_000, 18_750_000, 30_000_000)
_OPUS_4_5 = Rates(5_000_000, 25_000_000, 500_000, 6_250_000, 10_000_000)
_OPUS_4_5_LONG = Rates(10_000_000, 37_500_000, 1_000_000, 12_500_000, 20_000_000)
_OPUS_4_5_FAST = Rates(10_000_000, 50_000_000, 1_000_000, 12_500_000, 20_000_000)
_OPUS_5_5 = Rates(4_000_000, 20_000_000, 200_000, 5_000_000, 8_000_000)
_OPUS_5_5_FAST = Rates(8_000_000, 40_000_000, 400_000, 10_000_000, 16_000_000)

_FABLE_5 = Rates(10_000_000, 50_000_000, 1_000_000, 12_500_000, 20_000_000)
_FABLE_5_1 = Rates(10_000_000, 50_000_000, 250_000, 12_500_000, 20_000_000)
_FABLE_5_2 = Rates(8_000_000, 40_000_000, 200_000, 10_000_000, 16_000_000)
_FABLE_5_2_FAST = Rates(16_000_000, 80_000_000, 400_000, 20_000_000, 32_000_000)

_LONG_CONTEXT_FOR_ALL = date(2026, 3, 13)  # from this day on a long prompt costs no more per token

_TARIFFS: dict[str, tuple[Tariff, ...]] = {
    "1": (Tariff(_CLAUDE_2),),
    "2": (Tariff(_CLAUDE_2),),
    "haiku-3": (Tariff(_HAIKU_3),),
    "haiku-3-5": (Tariff(_HAIKU_3_5),),
    "haiku-4-5": (Tariff(_HAIKU_4_5),),
    "haiku-5-5": (Tariff(_HAIKU_5_5, long=_HAIKU_5_5_LONG, long_above=100_000),),
    "sonnet-3": (Tariff(_SONNET_3),),
    "sonnet-3-5": (Tariff(_SONNET_4),),
    "sonnet-3-7": (Tariff(_SONNET_4),),
    "sonnet-4": (Tariff(_SONNET_4),),
    "sonnet-4-5": (Tariff(_SONNET_4, long=_SONNET_4_LONG),),
    "sonnet-4-6": (
        Tariff(_SONNET_4, long=_SONNET_4_LONG),
        Tariff(_SONNET_4, since=_LONG_CONTEXT_FOR_ALL),
    ),
    "sonnet-5": (Tariff(_SONNET_5),),
    "sonnet-5-5": (Tariff(_SONNET_5_5),),
    "opus-3": (Tariff(_OPUS_3),),
    "opus-4": (Tariff(_OPUS_4),),
    "opus-4-1": (Tariff(_OPUS_4),),
    "opus-4-5": (Tariff(_OPUS_4_5),),
    "opus-4-6": (
        Tariff(_OPUS_4_5, long=_OPUS_4_5_LONG),
        Tariff(_OPUS_4_5, since=_LONG_CONTEXT_FOR_ALL),
    ),
    "opus-4-7": (Tariff(_OPUS_4_5),),
    "opus-4-8": (Tariff(_OPUS_4_5, fast=_OPUS_4_5_FAST),),
    "opus-5": (Tariff(_OPUS_4_5, fast=_OPUS_4_5_FAST),),
    "opus-5-5": (Tariff(_OPUS_5_5, fast=_OPUS_5_5_FAST),),
    "fable-5": (Tariff(_FABLE_5),),
    "fable-5-1": (Tariff(_FABLE_5_1),),
    "fable-5-2": (Tariff(_FABLE_5_2, fast=_FABLE_5_2_FAST),),
    "mythos-5-2": (Tariff(_FABLE_5_2, fast=_FABLE_5_2_FAST),),
}
