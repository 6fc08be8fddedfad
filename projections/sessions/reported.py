"""What the CLI says that a session cost: raw counters, and what each adds by our reading of them.

A counter is a running total, subagents included, of a run of counting, which may go on from one
process to the next. Up to CLI 2.1.276 every process begins at zero; from 2.1.277 on it goes on from
the ``cost-state`` that it is given, which after a rewind is the one that ``load`` handed out, so
that a smaller total is no reset. The CLI writes a ``cost-state`` when a process ends, with the time
at which the run began (measured with CLI 2.1.329); a result of the SDK tells no such time. An
error's result may carry zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ...domain.events import UsageRecorded

POLICY = 2
"""The version of the reading below. Another one is another version of the read model, which is
then folded again from the counters as they came."""
SAVED = "cost-state"
_GOES_ON = (2, 1, 277)
"""The first release of which a process goes on from the counter that is given to it."""
_MOST = 10**18  # nano-dollars: nobody owes a billion dollars
_RELEASE = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})")


class Counter(NamedTuple):
    """A counter as it was recorded."""

    source: str
    """``cost-state``, written at the end of a process, or ``result``."""
    total: int
    """Nano-dollars."""
    cli_version: str | None = None
    since: int | None = None
    """When the run of counting began, where it says so."""
    api_ms: int | None = None
    """Another running total of the same run."""
    native: bool = True
    """Not copied from another session."""

    @classmethod
    def of(cls, event: UsageRecorded) -> Counter | None:
        """An event's counter; None for what is no sum of money."""
        total = nano_dollars(event.total_cost_usd or "")
        if total is None:
            return None
        told = event.cli_version, event.counting_since, event.api_ms, event.native
        return cls(event.source, total, *told)

    def repeats(self, before: Counter) -> bool:
        """Whether both are one moment of one run: a result, and what is saved after it."""
        same = (self.total, self.api_ms) == (before.total, before.api_ms)
        return same and self.api_ms is not None


def gained(
    now: Counter,
    last: Counter | None,
    saved: Callable[[], Counter | None],
    resumed: bool,
) -> int:
    """What a counter adds, in nano-dollars.

    Args:
        last: the last counter before it on the live branch.
        saved: finds the last ``cost-state`` there, which a process that began since was given.
        resumed: the head was moved since ``last``, so that the process is another one.
    """
    if not now.native:
        return 0
    if last is not None and _is_one_run(now, last):
        ended = last.source == SAVED and _begins_at_zero(now)
        if not resumed and not ended:
            return now.total - last.total
    given = None if _begins_at_zero(now) else saved()
    if given is not None and _is_one_run(now, given):
        return now.total - given.total
    return now.total


def _is_one_run(now: Counter, before: Counter) -> bool:
    """Whether nothing says that the counter began again: running totals only grow."""
    if now.since is not None and before.since is not None and now.since != before.since:
        return False
    if now.api_ms is not None and before.api_ms is not None and now.api_ms < before.api_ms:
        return False
    return now.total >= before.total


def _begins_at_zero(now: Counter) -> bool:
    """Whether a process of that release does. Where it is not known, it is a new one."""
    found = _RELEASE.match(now.cli_version or "")
    return found is not None and tuple(map(int, found.groups())) < _GOES_ON


def nano_dollars(counter: str) -> int | None:
    """A counter in nano-dollars; None for what is no sum of money."""
    try:
        value = Decimal(counter)
        if not value.is_finite() or value < 0:
            return None
        nano = value.scaleb(9)
        return int(nano.to_integral_value()) if nano < _MOST else None
    except (InvalidOperation, ValueError):
        return None
