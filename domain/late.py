"""Where late entries stand: before the recorded one that comes after them in the transcript."""

from __future__ import annotations

from itertools import pairwise

from .batch import Batch, Known, Seen
from .entry import GAP
from .session import SessionState

Places = list[Known | None]


def places(state: SessionState, batch: Batch, seen: Seen) -> Places | None:
    """For each entry of a batch the recorded one it stands before, if it came late.

    In a file the order of the lines tells. Else an entry is late when a recorded one waits for
    it as its parent, or for something that must come after it. None where nothing came late.
    """
    if batch.from_file:
        found = _by_lines(state, batch, seen)
    elif state.gaps:
        found = _by_parents(state, batch, seen)
    else:
        return None
    return found if any(found) else None


def _by_lines(state: SessionState, batch: Batch, seen: Seen) -> Places:
    recorded = [_recorded(state, seen, identity) for identity in batch.identities]
    after = _recorded(state, seen, seen.follower)
    if after is None and recorded and recorded[-1] is None:
        after = _after_the_last(state, recorded, seen)
    found: Places = [None] * len(recorded)
    for i in reversed(range(len(recorded))):
        after = recorded[i] or after
        found[i] = after
    return found


def _recorded(state: SessionState, seen: Seen, identity: bytes | None) -> Known | None:
    known = seen.known.get(identity) if identity is not None else None
    return known if known is not None and known.version > state.life else None


def _after_the_last(state: SessionState, recorded: Places, seen: Seen) -> Known | None:
    """What stands before the lines at the end of a batch that are new, if they came late."""
    last = next((known for known in reversed(recorded) if known is not None), None)
    if last is None and seen.preceding is not None:
        if seen.preceding == state.leaf:
            return None
        last = _recorded(state, seen, seen.preceding)
        if last is None:
            return None
    return _next(state, seen, last)


def _by_parents(state: SessionState, batch: Batch, seen: Seen) -> Places:
    found = _awaited(batch, seen)
    placed = {batch.identities[i]: place for i, place in enumerate(found) if place is not None}
    for i, entry in enumerate(batch.entries):
        if found[i] is not None or batch.identities[i] in seen.known:
            continue
        if entry.identity is None:
            # What has no uuid was lost together with the entry before it, at the beginning of a
            # batch with the one after it.
            found[i] = found[i - 1] if i else None
            continue
        place = placed.get(entry.parent or b"") or _in_a_gap(state, entry.parent, seen)
        found[i] = place
        if place is not None:
            placed[entry.identity] = place
    first = next((i for i, entry in enumerate(batch.entries) if entry.identity is not None), None)
    if first is not None:
        found[:first] = [found[first]] * first
    return found


def _awaited(batch: Batch, seen: Seen) -> Places:
    found: Places = [None] * len(batch.entries)
    after: Known | None = None
    for i in reversed(range(len(found))):
        identity = batch.entries[i].identity
        gap = seen.known.get(GAP + identity) if identity is not None else None
        after = waiting(gap) if gap is not None else after
        found[i] = after
    return found


def waiting(gap: Known) -> Known:
    """Where what waits begins: its GapDetected is always recorded right behind that."""
    version = gap.version - 1
    return Known(version, gap.branch, gap.place if gap.late else version)


def _in_a_gap(state: SessionState, parent: bytes | None, seen: Seen) -> Known | None:
    """What waits right behind an entry's parent for something that is still missing."""
    known = _recorded(state, seen, parent)
    if known is None:
        return None
    following = _next(state, seen, known)
    return seen.waiting(following) if following is not None else None


def _next(state: SessionState, seen: Seen, known: Known | None) -> Known | None:
    """What comes after a recorded entry (None: at the beginning), as long as it was not undone."""
    if known is not None and known.version == state.leaf_version:
        return None
    following = seen.after(known)
    live = known is None or _is_live(state, known)
    if following is not None and _is_live(state, following) == live:
        return following
    return _first_behind(state, seen, known) if known is not None and live else None


def _first_behind(state: SessionState, seen: Seen, last: Known) -> Known | None:
    """What comes after the last entry that a rewind kept: the first on the branch it began."""
    for segment, after in pairwise(state.lineage):
        if segment.stream is None and segment.branch == last.branch:
            return seen.after(Known(after.branch, after.branch, after.branch))
    return None


def _is_live(state: SessionState, known: Known) -> bool:
    return state.is_live(known.branch, known.place, known.late)
