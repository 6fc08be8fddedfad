"""Two pieces of work side by side: interleaved rounds, one ratio a round, the median of the ratios.

A ratio outlives the machine it was taken on, and a neighbour that disturbs a round disturbs both
of its sides; hence no row of these benchmarks is a bare time.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

# Given the number of the round, prepares one side (not timed) and returns the steps to be timed.
Side = Callable[[int], Sequence[Callable[[], object]]]

SUSPICIOUS_SYNC_MICROSECONDS = 60.0
_MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}


@dataclass(frozen=True)
class Ratio:
    """How many times the time of `base` the side `ours` took.

    `low` and `high` are the extreme rounds; the two times are medians, in seconds a round.
    """

    median: float
    low: float
    high: float
    rounds: int
    ours_seconds: float
    base_seconds: float


def compare(ours: Side, base: Side, rounds: int, warmups: int = 1) -> Ratio:
    """Time both sides in every round, a step of the one and a step of the other in turn.

    Many short steps meet the same moods of a disk; the ratio of a round is that of its sums, so
    what comes once in many steps (a checkpoint of the write-ahead log) is paid for.

    Args:
        ours: the side that is judged.
        base: the side it is judged against.
        rounds: how many rounds count, at least 1.
        warmups: rounds run before and not counted; they get numbers below 0.
    """
    pairs = [_round(ours, base, number) for number in range(-warmups, rounds)][warmups:]
    ratios = [mine / theirs for mine, theirs in pairs]
    return Ratio(
        median=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        rounds=rounds,
        ours_seconds=statistics.median(mine for mine, _ in pairs),
        base_seconds=statistics.median(theirs for _, theirs in pairs),
    )


def _round(ours: Side, base: Side, number: int) -> tuple[float, float]:
    steps = list(zip_longest(ours(number), base(number)))
    # What was prepared must not be walked by the collector while the work is timed: the more the
    # benchmark holds, the slower whichever side allocates more would look.
    gc.collect()
    gc.freeze()
    mine = theirs = 0.0
    try:
        for place, (our_step, base_step) in enumerate(steps):
            if (place + number) % 2:
                theirs += _time(base_step)
                mine += _time(our_step)
            else:
                mine += _time(our_step)
                theirs += _time(base_step)
    finally:
        gc.unfreeze()
    return mine, theirs


def _time(step: Callable[[], object] | None) -> float:
    if step is None:
        return 0.0
    start = time.perf_counter()
    result = step()
    took = time.perf_counter() - start
    del result
    return took


@dataclass(frozen=True)
class Disk:
    """Where the databases lie: its file system and the median time of one fdatasync."""

    file_system: str
    sync_microseconds: float

    @property
    def warning(self) -> str | None:
        """Why durable commits measured here mean little, or None."""
        if self.file_system in _MEMORY_FILE_SYSTEMS:
            return f"the directory lies in memory ({self.file_system}): nothing reaches a disk"
        if self.sync_microseconds < SUSPICIOUS_SYNC_MICROSECONDS:
            return (
                f"an fdatasync took {self.sync_microseconds:.0f} µs: the disk probably does not "
                "wait for its medium, so the ratios of durable appends are too high"
            )
        return None


def probe_disk(directory: Path, writes: int = 100) -> Disk:
    """Write 4 KiB and sync, `writes` times, in a file of its own in `directory`."""
    path = directory / "sync-probe"
    sync = getattr(os, "fdatasync", os.fsync)
    times: list[float] = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(writes):
            os.write(descriptor, b"x" * 4096)
            start = time.perf_counter()
            sync(descriptor)
            times.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
        path.unlink()
    return Disk(_file_system(directory), statistics.median(times) * 1e6)


def _file_system(directory: Path) -> str:
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return "unknown"
    best = ("", "unknown")
    resolved = str(directory.resolve())
    for line in mounts.read_text().splitlines():
        _, mount, kind, *_ = line.split(" ")
        inside = resolved == mount or resolved.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]
