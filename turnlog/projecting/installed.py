"""Projections of other packages, found by their entry points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from ..domain.errors import InvalidProjection
from ..projections.built_in import BUILT_IN
from ..projections.engine.projection import Projection, check_declaration

GROUP = "turnlog.projections"


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


def installed_projections(tell: Callable[[str], None] = _warn) -> list[type[Projection]]:
    """The projections that installed packages offer under the entry points ``turnlog.projections``.

    One that cannot be loaded or kept is left out and told of; it never keeps a log from opening.

    Args:
        tell: takes what is wrong with those left out; a warning each, without it.
    """
    taken = {registration.name: "turnlog itself" for registration in BUILT_IN}
    found: list[type[Projection]] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (_package(point), point.name)):
        try:
            projection = check_declaration(point.load())
            if projection in found:
                continue
            if projection.name in taken:
                raise InvalidProjection(
                    f"the name {projection.name!r} is taken by {taken[projection.name]}"
                )
        except Exception as problem:  # whatever a foreign module raises when it is imported
            tell(
                f"the projection {point.name!r} of {_package(point)} ({point.value}) is left out: "
                f"{type(problem).__name__}: {problem}; mend the package, or uninstall it"
            )
            continue
        taken[projection.name] = _package(point)
        found.append(projection)
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"
