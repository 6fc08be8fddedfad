"""What turnlog takes from the Claude Agent SDK itself, where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...domain.errors import MissingExtra

Fold = Callable[[Any, Any, list[Any]], Any]


class SummaryFold(NamedTuple):
    """How one release of the SDK sums a session up for its lists."""

    sdk: str
    """The SDK's version."""
    fold: Fold
    """``fold_session_summary(previous, key, entries)``; what it returns is opaque."""


def summary_fold() -> SummaryFold:
    """The installed SDK's own fold.

    Raises:
        MissingExtra: no SDK is installed, or one that is too old.
    """
    try:
        from claude_agent_sdk import __version__, fold_session_summary
    except ImportError as problem:
        raise MissingExtra(
            "summaries of sessions are the Claude Agent SDK's own, which is not installed, or too "
            "old: pip install --upgrade 'turnlog[claude]'"
        ) from problem
    return SummaryFold(__version__, fold_session_summary)
