"""What a response used, as it was seen."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..usage import NOTHING, Usage
from .base import SessionEvent


class UsageRecorded(SessionEvent):
    """Counters of one response as they were seen. Deltas, cost and owner are projected."""

    TOPIC: ClassVar[str] = "UsageRecorded.v1"
    message_id: str | None = None
    turn: int | None = None
    request_id: str | None = None
    model: str | None = None
    counters: Usage = NOTHING
    counted: Usage = NOTHING
    """The best counters of the same response recorded before."""
    fast: bool = False
    source: Literal["response", "cost-state", "result", "progress", "tool-result"] = "response"
    """A response of this stream; the CLI's running total, in its transcript or in a result of the
    SDK; or what a subagent used, as its progress or its result tells in its session's stream."""
    quality: Literal["exact", "placeholder"] = "exact"
    characters: int = 0
    """Of a placeholder: how much text the response holds as far as it was seen."""
    finished: bool = False
    native: bool = True
    cli_version: str | None = None
    """The release of the CLI that counted; of a response, where it is another than before."""
    total_cost_usd: str | None = None
    """The CLI's own running total, spelled as it came."""
    counting_since: int | None = None
    """When that total began at zero, milliseconds since 1970 UTC, where the CLI says so."""
    api_ms: int | None = None
    """The running total beside it: milliseconds that the CLI waited for models."""
    model_usage: str | None = None
    """Of a result, the running totals by model: JSON, in the CLI's own words."""
    agent: str | None = None
    """The subagent that used it, where its session's stream tells."""
    called_by: str | None = None
    """The tool call that started that subagent."""
    of_session: str | None = None
    """The session in which it did, where the entry was copied from another one."""

    @property
    def gained(self) -> Usage:
        """The delta this adds to what was counted of the response; never negative."""
        return self.counters.beyond(self.counted)
