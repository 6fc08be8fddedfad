"""The part of what happened that one read model asked for."""

from __future__ import annotations

from collections.abc import Sequence

from .read_model import ReadModel, Run


def asked(model: ReadModel, run: Run) -> Run | None:
    """What a read model asked for of a run; None where nothing of it."""
    if not model.stateful:
        run = run._replace(before=None, after=None)
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
