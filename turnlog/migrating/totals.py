"""Counters of a whole session, where a library tells no others or more than its messages do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..adapters.claude.messages import COUNTERS
from ..adapters.migration.found import Foreign
from ..domain.usage import Usage


def beyond(total: Mapping[str, int], billed: Usage, messages: Sequence[Foreign]) -> dict[str, int]:
    """What a session's counters have beyond the log's and those of new messages.

    Args:
        total: the session's, in the spelling of Anthropic's API; some may be missing.
        billed: what the log has counted of it.
        messages: those that are new, with counters of their own or without.
    """
    counted: dict[str, int] = {name: getattr(billed, name) for name in COUNTERS}
    for message in messages:
        counted = plus(counted, message.given.usage or {})
    return {name: max(0, total.get(name, 0) - counted[name]) for name in COUNTERS}


def plus(counters: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add counters, name by name."""
    return {name: counters.get(name, 0) + more.get(name, 0) for name in COUNTERS}
