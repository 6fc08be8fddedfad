"""Checkpoints with the session as it was there: all of them in one pass over the log."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.evolving import apply, branch_off
from ..domain.points import Head, Point, anchor_end
from ..domain.session import GONE, SessionState
from ..domain.usage import Usage
from ..time.lineages import heads_of, with_derived
from ..time.transcribing import transcript_of
from .finding import CheckpointRow
from .whole import Said, SessionRecord, record_of, whole


class CheckpointRecord(NamedTuple):
    """A checkpoint, with the session as it was there."""

    row: CheckpointRow
    then: SessionRecord

    @property
    def name(self) -> str:
        """Its id."""
        return self.row.name

    @property
    def turn(self) -> int:
        """After how many turns it stands."""
        return self.then.turns

    @property
    def text(self) -> str:
        """What the model had said."""
        return self.then.text

    @property
    def usage(self) -> Usage:
        """Tokens of the live branch up to there."""
        return self.then.usage


def records_of(
    reader: Reader, stream: Stream, rows: Sequence[CheckpointRow]
) -> Iterator[CheckpointRecord]:
    """The checkpoints of the live branch, by version, each with the session as it was there.

    Raises:
        DamagedEvent: an entry cannot be read.
    """
    live = [row for row in rows if row.live]
    if stream.state.late or stream.state.presence in GONE:
        # Where something came late, versions are not in the order of the transcript.
        for row in live:
            yield CheckpointRecord(row, whole(reader, stream, Point("checkpoint", row.name)))
        return
    heads = list(heads_of(reader, stream, stream.state.lineage))
    said = Said(stream)
    said.listen(transcript_of(reader, stream, stream.state.lineage))
    own = [head.version for head in heads if head.stream is None]
    taken_over = len(heads) - len(own)
    ends = {row.version: with_derived(reader, stream, _end(heads, row)) for row in live}
    states = _states(reader, stream, set(ends.values()))
    for row in live:
        version = ends[row.version]
        upto = taken_over + bisect_right(own, version)
        yield CheckpointRecord(row, record_of(reader, stream, states[version], said, upto))


def _end(heads: Sequence[Head], row: CheckpointRow) -> int:
    """The version after which a checkpoint of the live branch stands."""
    place = anchor_end(heads, row.anchor, row.kind) if row.kind != "version" else None
    return place.version if place is not None else row.anchor


def _states(reader: Reader, stream: Stream, versions: set[int]) -> dict[int, SessionState]:
    """The states at some versions, folded in one go."""
    state, found = SessionState(stream.key), {}
    for recorded in reader.events(stream, 0, max(versions, default=0), "notes"):
        apply(state, recorded.event)
        if recorded.version in versions:
            found[recorded.version] = branch_off(state)
    return found
