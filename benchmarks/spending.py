"""Figures over 20,000 sessions and a million events, against a tenth of them over the same year."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from .bench import Bench, Measured, Row
from .ours import Ours

MANY, FEW = 20_000, 2_000
RESPONSES = 12
"""A session: with their prompts, counters and checkpoints some 50 events."""
CALLS = 40
ZONE = "Europe/Berlin"
"""Its days are made of hours, not of the log's own days."""
_BEGIN = datetime(2025, 11, 1)
_YEAR = 365 * 24 * 60
_MODELS = ("claude-opus-4-8", "claude-sonnet-4-6", "claude-haiku-4-5", "claude-fable-5")
BY = ("day", "month", "model", "user", "project", "branch", "session")


def _entries(session_id: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    at = _BEGIN + timedelta(minutes=chance.randrange(_YEAR))
    branch, model = f"feature-{chance.randrange(200)}", chance.choice(_MODELS)
    leaf = None
    for n in range(RESPONSES):
        for kind in ("user", "assistant"):
            at += timedelta(seconds=chance.randrange(20, 200))
            uuid = f"{chance.getrandbits(128):032x}"
            message: dict[str, Any] = {"role": kind, "content": f"{kind} {n}"}
            if kind == "assistant":
                counters = {"input_tokens": 3, "output_tokens": chance.randrange(900)}
                counters["cache_read_input_tokens"] = chance.randrange(90_000)
                message |= {"id": f"msg_{uuid}", "model": model, "usage": counters}
                message["stop_reason"] = "end_turn"
            yield {
                "type": kind,
                "uuid": f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}",
                "parentUuid": leaf,
                "sessionId": session_id,
                "timestamp": at.isoformat(timespec="milliseconds") + "Z",
                "gitBranch": branch,
                "requestId": f"req_{uuid}",
                "message": message,
            }
            leaf = f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"


def _filled(directory: Path, sessions: int) -> Ours:
    ours = Ours(directory)
    chance = random.Random(7)
    for number in range(sessions):
        session_id = f"counted-{number:05}"
        key = {"project_key": f"-home-ada-{chance.randrange(50)}", "session_id": session_id}
        user = f"user-{chance.randrange(20)}"
        ours.log.append(key, [*_entries(session_id, chance)], user_id=user)
    return ours


def _p95(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.quantiles(times, n=20)[-1]


def _measured(bench: Bench, many: int = MANY, few: int = FEW) -> Measured:
    """The slowest dimension's time to that over a tenth; the times themselves in the note."""
    with (
        bench.scratch() as first,
        bench.scratch() as second,
        closing(_filled(first, many)) as large,
        closing(_filled(second, few)) as small,
    ):
        found = {}
        for by in BY:
            sides = [_p95(partial(ours.log.usage, by, tz=ZONE)) for ours in (large, small)]
            found[by] = sides[0], sides[0] / sides[1]
    ratios = [ratio for _, ratio in found.values()]
    told = ", ".join(
        f"{by} {took * 1e3:.1f} ms ({ratio:.1f})" for by, (took, ratio) in found.items()
    )
    return Measured(max(ratios), min(ratios), max(ratios), CALLS, f"95th percentile: {told}")


ROWS = [
    Row(
        "stats",
        f"figures over {MANY:,} sessions by each dimension, against a tenth",
        _measured,
        must=2.0,
    )
]
