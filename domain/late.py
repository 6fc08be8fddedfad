"""Where late entries stand: before the recorded one that comes after them in the transcript."""

from __future__ import annotations

from .batch import Batch, Known, Seen
from .entry import GAP
from .session import SessionState

Places = list[Known | None]


def places(state: SessionState, batch: Batch, seen: Seen) -> Places | None:
    """For each entry of a batch the recorded one it stands before, if it came late.

    In a file the order of the lines tells; else an entry is late when a recorded one waits for
    it as its parent. None where nothing of the batch came late.
    """
    if batch.from_file:
        after = seen.known.get(seen.follower) if seen.follower is not None else None
        recorded = _recorded(state, batch, seen)
        if after is not None and after.version <= state.life:
            after = None
    else:
        after = None
        recorded = _awaited(batch, seen) if state.gaps else {}
    if after is None and not recorded:
        return None
    found: Places = [None] * len(batch.entries)
    for i in reversed(range(len(found))):
        after = recorded.get(i, after)
        found[i] = after
    return found


def _recorded(state: SessionState, batch: Batch, seen: Seen) -> dict[int, Known]:
    found = {}
    for i, identity in enumerate(batch.identities):
        known = seen.known.get(identity)
        if known is not None and known.version > state.life:
            found[i] = known
    return found


def _awaited(batch: Batch, seen: Seen) -> dict[int, Known]:
    found: dict[int, Known] = {}
    for i, entry in enumerate(batch.entries):
        gap = seen.known.get(GAP + entry.identity) if entry.identity is not None else None
        if gap is not None:
            found[i] = waiting(gap)
        elif entry.identity is None and i - 1 in found:
            # What has no uuid and follows the missing entry was lost together with it.
            found[i] = found[i - 1]
    return found


def waiting(gap: Known) -> Known:
    """The entry that waits: its GapDetected is always recorded right behind it."""
    version = gap.version - 1
    return Known(version, gap.branch, gap.place if gap.late else version)
