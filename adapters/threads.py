"""Blocking work on threads of our own, under asyncio and trio alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")

# Apart from the application's: its own blocking work must not starve the log, nor the log it.
# Appends that wait together share a commit, so many threads are no waste.
_AT_ONCE = 32
_limiter: RunVar[CapacityLimiter] = RunVar("turnlog.threads")


async def run(work: Callable[[], T], abandon: bool = False) -> T:
    """Do a piece of work on a thread.

    Args:
        work: what blocks.
        abandon: whether a cancelled caller goes on at once, and leaves the thread to finish;
            otherwise the cancellation waits for the work's end.
    """
    return await to_thread.run_sync(work, abandon_on_cancel=abandon, limiter=_ours())


async def rest(work: Callable[[], object]) -> None:
    """Wait for something on a thread; any number may wait, and a cancelled one goes on at once."""
    await to_thread.run_sync(work, abandon_on_cancel=True, limiter=CapacityLimiter(1))


def _ours() -> CapacityLimiter:
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(_AT_ONCE)
        _limiter.set(limiter)
    return limiter
