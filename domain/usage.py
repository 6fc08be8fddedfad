"""Tokens, and how they are counted: once per response, the greatest figure seen."""

from __future__ import annotations

from operator import add
from typing import NamedTuple


class Usage(NamedTuple):
    """Token counters of one response or the sum of several. Integers, in tokens."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_5m: int = 0
    cache_creation_1h: int = 0
    web_search_requests: int = 0

    @property
    def cache_creation_input_tokens(self) -> int:
        """Tokens written to the cache, whatever their lifetime."""
        return self.cache_creation_5m + self.cache_creation_1h

    @property
    def total_tokens(self) -> int:
        """Everything the model read and wrote."""
        return sum(self[:5])

    def plus(self, other: Usage) -> Usage:
        """The sum, field by field."""
        return Usage._make(map(add, self, other))

    def best(self, other: Usage) -> Usage:
        """The greater figure of each field: a response's counters only grow."""
        if self == other or not any(other):
            return self
        return Usage._make(map(max, self, other)) if any(self) else other

    def beyond(self, counted: Usage) -> Usage:
        """What this adds to what was counted already; never negative."""
        if not any(counted):
            return self
        return Usage._make(a - b if a > b else 0 for a, b in zip(self, counted, strict=True))


NOTHING = Usage()


def estimated_tokens(characters: int) -> int:
    """How many output tokens a text takes, roughly.

    Real tokenizers give 2 to 5 characters a token on code and prose; 7 for 2 tokens lies between.
    """
    return -(-characters * 2 // 7)


class Response(NamedTuple):
    """What is known of one response so far: the best counters and how far to trust them."""

    turn: int
    counters: Usage = NOTHING
    finished: bool = False
    """A stop reason was seen."""
    suspicious: bool = False
    """Far fewer output tokens than text: up to CLI 2.1.42 these were placeholders."""
    characters: int = 0
    """How long the text is that such a figure stands for, as far as it was seen."""

    @property
    def quality(self) -> str:
        """``exact``, or ``placeholder`` where the output figure cannot be believed."""
        return "placeholder" if self.suspicious and not self.finished else "exact"
