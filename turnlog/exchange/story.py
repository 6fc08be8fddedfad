"""A session as one reads it: its conversation, the subagents it called, the branches it left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.events import PromptRemembered, SessionRewound
from ..domain.lineage import FIRST
from ..projections.sessions import Session
from ..time.loading import loadable
from ..time.transcribing import Line, left_behind, transcript_of
from .pieces import Agent, Asked, LeftBehind, Note, Piece
from .telling import tell


class Heading(NamedTuple):
    """A prompt, for a table of contents."""

    number: int
    text: str


class Story:
    """A session in one look at the log. Its pieces come one after the other, and once."""

    def __init__(self, reader: Reader, session: Session, subagents: list[Session]) -> None:
        self._reader = reader
        self.session = session
        self.key = session.key.main
        found = reader.find(self.key)
        assert found is not None, "what is listed is in the log"
        self.stream = found
        self._agents = {row.called_by or row.name: row for row in subagents}

    @property
    def directory(self) -> str | None:
        """The working directory."""
        return self.stream.state.working_dir

    def headings(self) -> Iterator[Heading]:
        """The prompts of the live branch."""
        for piece in self._own():
            if isinstance(piece, Asked) and piece.number:
                yield Heading(piece.number, piece.text)

    def _own(self) -> Iterator[Piece]:
        line = self.stream.state.lineage
        if self.stream.state.presence == "erased":
            return iter(())
        if not self.stream.state.entries and not self.stream.state.base:
            return self._remembered()
        lines = transcript_of(self._reader, self.stream, line)
        return tell(line for line in lines if line.asks)

    def pieces(self) -> Iterator[Piece | LeftBehind]:
        """The conversation, with what was left behind where it was left."""
        state = self.stream.state
        if state.presence == "erased":
            return iter((Note("What was said in this session was erased."),))
        if not state.entries and not state.base:
            return self._remembered()
        return _told(self._reader, self.stream)

    def agent(self, call: str) -> Agent | None:
        """The subagent that a call started; once."""
        row = self._agents.pop(call, None)
        return self._agent(row) if row is not None else None

    def other_agents(self) -> Iterator[Agent]:
        """Subagents whose call was not told."""
        while self._agents:
            yield self._agent(self._agents.pop(next(iter(self._agents))))

    def _agent(self, row: Session) -> Agent:
        key = row.key
        stream = self._reader.find(key)
        pieces: Iterator[Piece | LeftBehind] = iter(())
        if stream is not None and loadable(self._reader, stream):
            pieces = _told(self._reader, stream)
        name = (row.subpath or "").rpartition("/")[2]
        return Agent(key, name, row.turns, pieces)

    def _remembered(self) -> Iterator[Piece]:
        """The prompts of a session whose transcript is gone."""
        asked = 0
        for recorded in self._reader.events(self.stream):
            if isinstance(event := recorded.event, PromptRemembered):
                asked += 1
                yield Asked(asked, event.prompt, (), event.occurred_at)


class _Place(NamedTuple):
    """Where a branch was left: before the first entry of this stream after a version."""

    after: int
    branch: int


def _told(reader: Reader, stream: Stream) -> Iterator[Piece | LeftBehind]:
    lines = transcript_of(reader, stream, stream.state.lineage)
    places = _places(stream)
    if not places:
        yield from tell(lines)
        return
    ahead: list[Line] = []

    def until(after: int | None) -> Iterator[Line]:
        """The lines before the first entry after a version; that one is kept."""
        kept, ahead[:] = tuple(ahead), []
        for line in chain(kept, lines):
            own = line.stream is None and not line.late
            if after is not None and own and line.version > after:
                ahead.append(line)
                return
            yield line

    for place in sorted(places):
        yield from tell(until(place.after))
        found = _left(reader, stream, place.branch)
        if found is not None:
            yield found
    yield from tell(until(None))


def _places(stream: Stream) -> list[_Place]:
    """Where each branch was left that holds something the live one does not."""
    state = stream.state
    live = {segment.branch: segment for segment in state.lineage if segment.stream is None}
    found = []
    for branch in (FIRST, *state.branches):
        if branch == state.branch or (state.life and branch <= state.life):
            continue
        if branch in live:
            found.append(_Place(live[branch].upto or 0, branch))
            continue
        cut = state.branches.get(branch)
        while cut is not None and cut.parent not in live and cut.parent in state.branches:
            cut = state.branches.get(cut.parent)
        upto = cut.upto if cut is not None and cut.parent in live else 0
        found.append(_Place(upto, branch))
    return found


def _left(reader: Reader, stream: Stream, branch: int) -> LeftBehind | None:
    began: Any = None
    if branch != FIRST:
        began = next(iter(reader.events(stream, branch - 1, branch))).event
    prompts = began.figures.prompts if isinstance(began, SessionRewound) else 0
    entries = asked = 0
    for line in left_behind(reader, stream, branch, prompts):
        entries += 1
        asked += line.asks
    if not entries:
        return None
    left = _leaving(reader, stream, branch)
    return LeftBehind(
        branch,
        asked,
        entries,
        left[0],
        left[1],
        tell(left_behind(reader, stream, branch, prompts)),
    )


def _leaving(reader: Reader, stream: Stream, branch: int) -> tuple[int | None, str | None]:
    """When a branch was left for the last time, and why."""
    for number in sorted(stream.state.branches, reverse=True):
        recorded = next(iter(reader.events(stream, number - 1, number)))
        if recorded.event.branch == branch and isinstance(recorded.event, SessionRewound):
            return recorded.recorded_at, recorded.event.reason
    return None, None
