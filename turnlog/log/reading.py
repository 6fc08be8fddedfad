"""What is read: entries, events, branches, and what is to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..domain.keys import SessionKey
from ..domain.points import Point
from ..domain.recorded import Recorded
from ..reading.subscribing import subscribe
from ..time.branching import Branch, branches_of
from ..time.lineages import lineage_to
from ..time.loading import entries_of, erased, live_entries, loadable
from ..time.transcribing import Line, Numbering, transcript_of
from ..time.travelling import find_place
from .part import At, Key, Part, there


class Reading(Part):
    """Reading."""

    def load(self, key: Key) -> list[dict[str, Any]] | None:
        """The entries of the live branch, deep-equal to what was appended; None for no session.

        Raises:
            DamagedEvent: some cannot be read back; never does it give only the rest.
        """
        with self._look(key) as (reader, stream):
            if stream is None or not loadable(reader, stream):
                return None
            return list(live_entries(reader, stream))

    def iter_entries(self, key: Key, at: At | None = None) -> Iterator[dict[str, Any]]:
        """The entries of the live branch, or up to a point, in bounded memory.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
            ContentErased: it is erased.
        """
        with self._look(key) as (reader, stream):
            stream = there(stream, key)
            if stream.state.presence == "erased":
                raise erased(stream)
            if at is None:
                yield from live_entries(reader, stream)
            else:
                line = lineage_to(stream, find_place(reader, stream, Point.of(at)))
                yield from entries_of(reader, stream, line)

    def transcript(
        self, key: Key, at: At | None = None, numbers: Numbering | None = None
    ) -> Iterator[Line]:
        """The conversation of the live branch, or up to a point: entries with their numbers.

        Args:
            numbers: counts along, for whoever goes on from there.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
        """
        with self._look(key) as (reader, stream):
            stream = there(stream, key)
            line = stream.state.lineage
            if at is not None:
                line = lineage_to(stream, find_place(reader, stream, Point.of(at)))
            yield from transcript_of(reader, stream, line, numbers)

    def branches(self, key: Key) -> list[Branch]:
        """The branches of a session, in the order they began, each with its prompts."""
        with self._look(key) as (reader, stream):
            return branches_of(reader, there(stream, key))

    def subkeys(self, key: Key) -> list[SessionKey]:
        """The subagents' streams of a session that are live and hold entries."""
        live = []
        with self.store.read() as reader:
            for subkey in reader.subkeys(SessionKey.of(key)):
                stream = reader.find(subkey)
                if stream is not None and loadable(reader, stream):
                    live.append(subkey)
        return live

    def events(self, key: Key, after: int = 0) -> Iterator[Recorded]:
        """Every event of a stream by version, in bounded memory."""
        with self._look(key) as (reader, stream):
            yield from reader.events(there(stream, key), after)

    def subscribe(
        self, after: int = 0, stop: Callable[[], bool] | None = None
    ) -> Iterator[Recorded]:
        """Every event of the log after a position, then those to come, for ever.

        Args:
            after: the position of the last event seen, 0 for all.
            stop: asked at least every second; the iterator ends when it says so.
        """
        return subscribe(self.store, after, stop)
