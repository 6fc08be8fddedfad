"""Catching a projection up on PostgreSQL, against the eventsourcing library's own runner there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from .bench import Bench, Measured, Row, SkippedError
from .measure import compare

RESPONSES, TOGETHER = 3_000, 50
"""Events folded a round, and how many of them an append recorded."""
ROUNDS = 5
_DAY = 24 * 60 * 60 * 1000


def _ratio(bench: Bench) -> Measured:
    try:
        from tests.support import servers

        from .library_projection import Library
    except ImportError as problem:
        raise SkippedError(f"needs PostgreSQL and the library's driver for it: {problem}") from None
    import turnlog

    sessions = _responses()
    rounds = bench.at_most(ROUNDS).rounds
    projections = {number: _days(number + 1) for number in range(-1, rounds)}
    # This server does not wait for its disk, which spares the library a sync with every event.
    with (
        servers.postgres_server() as server,
        servers.fresh_database(server) as theirs,
        servers.fresh_database(server) as ours,
    ):
        library = Library(server, str(theirs.database))
        library.record(sessions)
        url = ours.render_as_string(hide_password=False)
        with closing(turnlog.open(url, projections=projections.values())) as log:
            for number, responses in enumerate(sessions):
                _append(log, f"session-{number}", responses)

            def fold(number: int) -> Sequence[Callable[[], object]]:
                return [partial(log.catch_up, projections[number].name)]

            def run(number: int) -> Sequence[Callable[[], object]]:
                return [partial(library.run, f"r{number + 1}")]

            ratio = compare(fold, run, rounds)
            _check(log.rows(projections[0]), library.run("checked"))
    return Measured.of(ratio, f"{RESPONSES:,} events a round; fsync off")


def _responses() -> list[list[tuple[str, int]]]:
    chance = random.Random(3)

    def responses() -> list[tuple[str, int]]:
        return [(f"model-{chance.randrange(5)}", chance.randrange(2_000)) for _ in range(TOGETHER)]

    return [responses() for _ in range(RESPONSES // TOGETHER)]


def _append(log: Any, session_id: str, responses: Sequence[tuple[str, int]]) -> None:
    entries = []
    for number, (model, tokens) in enumerate(responses):
        name = f"msg_{session_id}_{number}"
        usage = {"input_tokens": 1, "output_tokens": tokens}
        message = {"id": name, "model": model, "stop_reason": "end_turn", "usage": usage}
        entries.append({"type": "assistant", "uuid": name, "message": message})
    log.append({"project_key": "benchmarks", "session_id": session_id}, entries)


def _days(number: int) -> type[Any]:
    """A projection that no log has seen: responses and tokens by day and model."""
    from turnlog import Projection, Recorded, Rows, Table, events

    class Days(Projection):
        name = f"days_{number}"
        wants = (events.UsageRecorded,)
        tables = {  # noqa: RUF012
            "days": Table(
                key={"day": int, "model": str}, columns={"responses": int, "output_tokens": int}
            )
        }

        def fold(self, rows: Rows, recorded: Recorded) -> None:
            event: Any = recorded.event
            day, tokens = recorded.recorded_at // _DAY, event.gained.output_tokens
            rows.add("days", (day, event.model or ""), responses=1, output_tokens=tokens)

    return Days


def _check(rows: Sequence[dict[str, Any]], theirs: tuple[int, int]) -> None:
    ours = sum(row["responses"] for row in rows), sum(row["output_tokens"] for row in rows)
    if not ours == theirs == (RESPONSES, ours[1]):
        raise RuntimeError(f"the two projections differ: {ours} and {theirs}, of {RESPONSES:,}")


ROWS = [
    Row(
        "catch-up",
        "catch-up on PostgreSQL, against eventsourcing's ProjectionRunner",
        _ratio,
        must=0.2,
        aim=0.1,
    )
]
