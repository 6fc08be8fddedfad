"""The part of what happened that one read model asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...domain import events as e
from ...domain.evolving import fold
from .read_model import ReadModel, Run

EVERY = frozenset(e.EVENTS)
"""The topics of a read model that asks for every event."""
APART = frozenset((e.SessionRewound.TOPIC, e.SessionStarted.TOPIC, e.SessionDeleted.TOPIC))
"""Where the lineage changes, a run begins."""


def asked(model: ReadModel, run: Run) -> Run | None:
    """What a read model asked for of a run; None where nothing of it."""
    if not model.stateful:
        run = run._replace(before=None, after=None)
    if model.topics is EVERY:
        return run
    wanted = [n for n, event in enumerate(run.events) if event.TOPIC in model.topics]
    if len(wanted) == len(run.events):
        return run
    if not wanted:
        return None
    return run._replace(
        positions=[run.positions[n] for n in wanted],
        versions=[run.versions[n] for n in wanted],
        events=[run.events[n] for n in wanted],
    )


def all_asked(model: ReadModel, runs: Sequence[Run]) -> list[Run]:
    """What a read model asked for of some runs."""
    return [found for run in runs if (found := asked(model, run)) is not None]


def together(events: Iterable[Run]) -> list[Run]:
    """Runs of one event each, put together where one append recorded them."""
    runs: list[Run] = []
    last: tuple[int, int, int] | None = None
    for one in events:
        moment = (one.stream, one.recorded_at, one.positions[0] - one.versions[0])
        if moment == last and one.events[0].TOPIC not in APART:
            run = runs[-1]
            runs[-1] = run._replace(
                positions=[*run.positions, *one.positions],
                versions=[*run.versions, *one.versions],
                events=[*run.events, *one.events],
            )
        else:
            runs.append(one)
        last = moment
    return runs


def halves(run: Run) -> tuple[Run, Run]:
    """A run in two, each with the states before and after it."""
    middle = len(run.events) // 2
    between = None
    if run.before is not None and run.after is not None:
        between = fold(run.before, run.events[:middle])
    first = run._replace(
        positions=run.positions[:middle],
        versions=run.versions[:middle],
        events=run.events[:middle],
        after=between,
    )
    second = run._replace(
        positions=run.positions[middle:],
        versions=run.versions[middle:],
        events=run.events[middle:],
        before=between,
    )
    return first, second
