"""Whether a projection can be trusted: folded in many ways, it must give the same rows."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

from ..domain.errors import InvalidProjection
from ..domain.recorded import Recorded
from ..projections.engine.own import model_of
from ..projections.engine.projection import Projection
from .given import Happened, given
from .keeping import kept
from .purity import watched
from .sample import sample
from .sandbox import Sandbox, Tables

_MOST = 7
"""Events in the batches of the last way."""


def check_projection(
    projection: type[Projection], events: Iterable[Happened] | None = None
) -> None:
    """Prove that a projection gives the same rows however and whenever its events are folded.

    It is folded in one batch, again, one event at a time, and in batches of several sizes; what
    it asks meanwhile is watched (the clock, chance, files); and it must leave the events alone.
    Then a log keeps it, and a rebuild must give the rows that were live.

    Args:
        projection: the class.
        events: what to fold, as for ``given``; without any, a small history that holds every kind
            of event.

    Raises:
        InvalidProjection: what does not hold, and where.
    """
    model_of(projection)
    happened = given(events).events if events is not None else sample()
    name = projection.__name__
    wanted = {kind.TOPIC for kind in projection.wants}
    if not any(recorded.topic in wanted for recorded in happened):
        raise InvalidProjection(
            f"{name}: none of the {len(happened)} events is of a kind it wants "
            f"({', '.join(sorted(wanted))}), so nothing was checked; give events that are"
        )
    with watched() as impure:
        expected = _folded(projection, [happened])
    if impure:
        raise InvalidProjection(
            f"{name} is not pure: its fold calls {impure[0]}; a rebuild would find something else "
            "there; take what it needs from the event (recorded.recorded_at is its time)"
        )
    if not any(expected.values()):
        raise InvalidProjection(
            f"{name} makes no row of {len(happened)} events, so nothing was checked; give events "
            "that it makes rows of (entries are empty unless its content is 'all')"
        )
    for how, batches in _ways(happened):
        found = _folded(projection, batches)
        if found != expected:
            raise InvalidProjection(
                f"{name}, folded {how}, gives other rows than in one batch: "
                f"{_difference(expected, found)}; a fold depends on nothing but the rows and the "
                "event"
            )
    live, rebuilt = kept(projection, happened)
    if rebuilt != live:
        raise InvalidProjection(
            f"{name}, rebuilt, gives other rows than it had: {_difference(live, rebuilt)}; a fold "
            "depends on nothing but the rows and the event"
        )


def _ways(happened: Sequence[Recorded]) -> Iterator[tuple[str, list[Sequence[Recorded]]]]:
    yield "a second time", [happened]
    yield "one event at a time", [[recorded] for recorded in happened]
    for seed in range(3):
        yield "in batches of other sizes", _cut(happened, random.Random(seed))
    yield "once more in one batch", [happened]


def _cut(happened: Sequence[Recorded], chance: random.Random) -> list[Sequence[Recorded]]:
    batches, at = [], 0
    while at < len(happened):
        size = chance.randint(1, _MOST)
        batches.append(happened[at : at + size])
        at += size
    return batches


def _folded(projection: type[Projection], batches: Iterable[Sequence[Recorded]]) -> Tables:
    with Sandbox(projection) as sandbox:
        for batch in batches:
            read = sandbox.read(batch)
            before = [recorded.event.model_copy(deep=True) for recorded in read]
            try:
                sandbox.fold(read)
            except Exception as problem:
                notes = "; ".join(getattr(problem, "__notes__", []))
                raise InvalidProjection(
                    f"{projection.__name__} raised {type(problem).__name__}: {problem}"
                    f"{f' ({notes})' if notes else ''}"
                ) from problem
            for recorded, event in zip(read, before, strict=True):
                if recorded.event != event:
                    raise InvalidProjection(
                        f"{projection.__name__} changed the {recorded.topic} at position "
                        f"{recorded.position}; events never change"
                    )
        return sandbox.tables()


def _difference(expected: Tables, found: Tables) -> str:
    for name, rows in expected.items():
        for row in rows:
            if row not in found[name]:
                others = [other for other in found[name] if other not in rows]
                instead = f"{others[0]!r:.200}" if others else "nothing"
                return f"{name!r} has {instead} where it had {row!r:.200}"
        for row in found[name]:
            if row not in rows:
                return f"{name!r} has {row!r:.200}, which was not there"
    return "they stand in another order"
