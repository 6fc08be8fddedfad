"""Prices from genai-prices, which knows models of other makers too: the extra ``prices``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..domain.errors import MissingExtra, Refused
from ..domain.prices import Counters, price
from ..domain.usage import Usage

TABLE, GENAI = "table", "genai-prices"
SOURCES = (TABLE, GENAI)
_DAY_MS = 86_400_000
_LONGEST_NAME = 200
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


def prices_from(source: str) -> Callable[..., int | None]:
    """What gives the cost of a response, as ``domain.prices.price`` does.

    Args:
        source: ``table``, turnlog's own, or ``genai-prices``.

    Raises:
        Refused: it is neither.
        MissingExtra: genai-prices is not installed.
    """
    if source == TABLE:
        return price
    if source != GENAI:
        raise Refused(f"prices come from {' or '.join(SOURCES)}, not from {source!r}")
    try:
        import_module("genai_prices")
    except ImportError as problem:
        raise MissingExtra(
            f"these prices need their library ({problem}): pip install 'turnlog[prices]'"
        ) from problem
    return genai_price


def genai_price(model: str, at_ms: int | None, usage: Counters, *, fast: bool) -> int | None:
    """The cost of one response in nano-dollars by genai-prices; None where it is unknown.

    What the library would price by other rates than asked for (fast mode of a model that has none,
    cache writes without a rate) is unknown.
    """
    if len(model) > _LONGEST_NAME:
        return None
    counters = Usage(
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_5m,
        usage.cache_creation_1h,
        usage.web_search_requests,
    )
    return _priced(model, None if at_ms is None else at_ms // _DAY_MS, counters, fast)


@lru_cache(maxsize=4096)
def _priced(model: str, day: int | None, usage: Usage, fast: bool) -> int | None:
    # The calculator takes a quarter of a millisecond; a response is priced again with each copy.
    library: Any = import_module("genai_prices")
    told = library.Usage(
        input_tokens=usage.total_tokens - usage.output_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens,
        cache_write_tokens=usage.cache_creation_input_tokens,
        cache_write_5m_tokens=usage.cache_creation_5m,
        cache_write_1h_tokens=usage.cache_creation_1h,
        web_searches=usage.web_search_requests,
    )
    try:
        # What has no time is priced at the latest rates; the clock would give other rows each day.
        when = _LATEST if day is None else datetime.fromtimestamp(day * 86_400, UTC)
        found = library.calc_price(
            told,
            model,
            genai_request_timestamp=when,
            price_context={"speed": "fast"} if fast else None,
        )
    except (LookupError, ValueError, OverflowError, OSError):
        return None
    if fast and not _has_fast_rates(found.model):
        return None
    nano: Decimal = found.total_price * 10**9
    return int(nano.to_integral_value(ROUND_HALF_EVEN))


def _has_fast_rates(model: Any) -> bool:
    variants = getattr(model, "price_variants", None) or []
    return any(variant.when == {"speed": "fast"} for variant in variants)
