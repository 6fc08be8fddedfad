"""Which versions are live after any series of rewinds.

A branch is named by the version of the rewind that began it; the first is branch 0. Every entry
keeps the branch it was recorded on, and only a rewind moves the head, so a lineage is a short
list of segments: this branch up to that version, then the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FIRST = 0
BASE = -1
"""The branch number that stands for another session's lineage, below a fork."""


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


Lineage = tuple[Segment, ...]


class Cut(NamedTuple):
    """Where a branch left an older one."""

    parent: int
    upto: int
    late_upto: int | None = None
    base: Lineage = ()
    """Set where the cut lies within what a fork took over: all that is kept of it."""


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
        segments.append(Segment(branch, cut.upto, None, cut.late_upto))
    return (*base, *reversed(segments))


def keeps(segment: Segment, place: int, late: bool = False) -> bool:
    """Whether a segment keeps what stands at ``place`` (late: just before it)."""
    upto = segment.upto
    if late and segment.late_upto is not None:
        upto = segment.late_upto
    return upto is None or place <= upto


def saw(segment: Segment, version: int, late: bool) -> bool:
    """Whether an entry was there already when a segment was taken over."""
    return not late or segment.seen is None or version <= segment.seen


def is_live(line: Lineage, branch: int, place: int, late: bool = False) -> bool:
    """Whether a place of this stream (not of a fork's origin) is on the lineage."""
    return any(
        segment.branch == branch and keeps(segment, place, late)
        for segment in line
        if segment.stream is None
    )
