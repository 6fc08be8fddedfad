"""What the SDK says at the end of an answer: running totals that no transcript holds."""

from __future__ import annotations

from typing import NamedTuple

from . import events as e
from .errors import Refused
from .session import THERE, SessionState


class Result(NamedTuple):
    """The counters of a ``ResultMessage``."""

    identity: bytes
    """By what it is known again."""
    total_cost_usd: str
    """As the SDK spelled it."""
    api_ms: int | None = None
    model_usage: str | None = None
    """JSON: the running totals by model."""
    occurred_at: int | None = None


def report(state: SessionState, result: Result, known: bool) -> list[e.SessionEvent]:
    """Record what the SDK reports; what was reported already changes nothing.

    Args:
        known: whether the session's present life has it.

    Raises:
        Refused: the session is not there, is deleted or erased.
    """
    if state.presence not in THERE:
        raise Refused(
            f"session {state.key.session_id!r} is {state.presence}: record what was said in it "
            "before what it cost"
        )
    if known:
        return []
    return [
        e.UsageRecorded(
            branch=state.branch,
            occurred_at=result.occurred_at,
            identity=result.identity,
            source="result",
            cli_version=state.cli_version,
            total_cost_usd=result.total_cost_usd,
            api_ms=result.api_ms,
            model_usage=result.model_usage,
        )
    ]
