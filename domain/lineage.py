"""Which versions are live after any series of rewinds.

A branch is named by the version of the rewind that began it; the first is branch 0. Every entry
keeps the branch it was recorded on, and only a rewind moves the head, so a lineage is a short
list of segments: this branch up to that version, then the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

FIRST = 0
BASE = -1
"""The branch number that stands for another session's lineage, below a fork."""


Among = tuple[int, ...]
"""Some of the late entries that stand at one place, where a cut goes through them: those recorded
from the first of these versions up to the second, left out, from the third on, and so on. Empty:
all of them."""


class Segment(NamedTuple):
    """The versions of one branch that a lineage keeps."""

    branch: int
    upto: int | None
    """The last version kept; None where the branch goes on."""
    stream: str | None = None
    """Another session's stream, for the part a fork took over."""
    late_upto: int | None = None
    """Late entries that stand before this version are kept too; None: as ``upto``."""
    seen: int | None = None
    """Late entries recorded after this version are left out: they came when it was read already."""
    among: Among = ()
    """Which of the late entries that stand just before ``late_upto``."""

    @property
    def plain(self) -> list[Any]:
        """As JSON keeps it; what is of few segments only where it says something."""
        return [*self[:5], list(self.among)] if self.among else [*self[:5]]


Lineage = tuple[Segment, ...]


class Cut(NamedTuple):
    """Where a branch left an older one."""

    parent: int
    upto: int
    late_upto: int | None = None
    base: Lineage = ()
    """Set where the cut lies within what a fork took over: all that is kept of it."""
    among: Among = ()
    """As in ``Segment``."""


def lineage(
    branches: Mapping[int, Cut], base: Lineage, branch: int, upto: int | None = None
) -> Lineage:
    """The segments that lead to ``upto`` on ``branch``, oldest first.

    Args:
        branches: where each branch but the first began.
        base: the lineage a fork took over, empty for a session of its own.
        branch: the branch of the head.
        upto: the last version kept on it, None for its end.
    """
    segments = [Segment(branch, upto)]
    while branch != FIRST:
        cut = branches[branch]
        if cut.parent == BASE:
            return (*cut.base, *reversed(segments))
        branch = cut.parent
        segments.append(Segment(branch, cut.upto, None, cut.late_upto, None, cut.among))
    return (*base, *reversed(segments))


def keeps(segment: Segment, place: int, late: int = 0) -> bool:
    """Whether a segment keeps what stands at a place.

    Args:
        late: the version that recorded it, where it came late and stands just before the place.
    """
    if not late:
        return segment.upto is None or place <= segment.upto
    if segment.seen is not None and late > segment.seen:
        return False
    upto = segment.late_upto if segment.late_upto is not None else segment.upto
    if upto is None or place != upto:
        return upto is None or place < upto
    return is_among(segment.among, late)


def is_among(among: Among, version: int) -> bool:
    """Whether a late entry is one of some."""
    return not among or bisect_right(among, version) % 2 == 1


def among_of(kept: Collection[int], left: Collection[int]) -> Among:
    """How some late entries are told from others that stand at the same place.

    Args:
        kept, left: the versions that recorded them.
    """
    found: list[int] = []
    for version in sorted((*kept, *left)) if left else ():
        if (version in kept) != (len(found) % 2 == 1):
            found.append(version)
    return tuple(found)


def among_both(one: Among, other: Among) -> Among:
    """Those that are among both."""
    if not one or not other:
        return one or other
    versions = {*one, *other}
    both = {v for v in versions if is_among(one, v) and is_among(other, v)}
    return among_of(both, versions - both)


def is_live(line: Lineage, branch: int, place: int, late: int = 0) -> bool:
    """Whether a place of this stream (not of a fork's origin) is on the lineage."""
    return any(
        segment.branch == branch and keeps(segment, place, late)
        for segment in line
        if segment.stream is None
    )
