"""Which of the texts that the index found are there now, and in which session.

The index says nothing of that: it follows from the lineage of the session, and of its forks, as
everything that reads the live branch does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.keys import SessionKey
from ..domain.lineage import keeps
from ..projections.search.candidates import Candidate, SearchFilter, allowed, forks_of, names_of
from ..projections.search.tables import SearchTables
from ..projections.search.texts import title_hash
from ..projections.sessions.tables import SessionTables
from ..time.loading import subagent_is_live


class Lying(NamedTuple):
    """A text that may be shown, and where it lies."""

    candidate: Candidate
    origin: Stream
    """In which it was recorded."""
    where: Stream
    """In which it is live: the same, or a fork that took it over."""
    abandoned: bool
    """Whether it lies on a branch that a rewind left, or is a former title."""


class Living:
    """What is live in one look at the log, asked for text by text and remembered."""

    def __init__(
        self,
        reader: Reader,
        search: SearchTables,
        sessions: SessionTables,
        asked: SearchFilter,
        all_branches: bool,
    ) -> None:
        self._reader = reader
        self._search = search
        self._sessions = sessions
        self._presence = asked.presence
        self._since, self._until = asked.since, asked.until
        self._all_branches = all_branches
        self._names: dict[int, str] = {}
        self._streams: dict[int, Stream | None] = {}
        self._forks: dict[str, list[int]] = {}
        self._subagents: dict[int, bool] = {}
        self._mains: dict[SessionKey, str] = {}
        self._titles: dict[int, set[int]] = {}
        self._shown: set[tuple[int, int]] = set()
        self._allowed: set[int] | None = None
        if asked.of_sessions:
            self._allowed = {row[0] for row in reader.query(allowed(sessions, asked))}

    def of(self, candidates: Iterable[Candidate]) -> list[Lying]:
        """Those of some texts that may be shown, in their order."""
        candidates = list(candidates)
        self._learn({candidate.stream for candidate in candidates})
        found = (self._lies(candidate) for candidate in candidates)
        return [lying for lying in found if lying is not None]

    # -- what is read once -------------------------------------------------------------------

    def _learn(self, streams: set[int]) -> None:
        """Read the names of some streams, and of their forks."""
        names = self._read_names(streams)
        if not names:
            return
        for name in names:
            self._forks[name] = []
        for origin, fork in self._reader.query(forks_of(self._search, names)):
            self._forks[origin].append(fork)
        self._read_names({fork for name in names for fork in self._forks[name]})
        for name in names:
            self._forks[name].sort(key=lambda fork: self._names.get(fork, ""))

    def _read_names(self, streams: set[int]) -> list[str]:
        missing = sorted(streams - self._names.keys())
        if not missing:
            return []
        found = dict(map(tuple, self._reader.query(names_of(self._sessions, missing))))
        self._names.update(found)
        return list(found.values())

    def _stream(self, number: int) -> Stream | None:
        if number not in self._streams:
            name = self._names.get(number)
            key = SessionKey.parse(name) if name is not None else None
            self._streams[number] = self._reader.find(key) if key is not None else None
        return self._streams[number]

    def _main_presence(self, key: SessionKey) -> str:
        if key not in self._mains:
            main = self._reader.find(key)
            self._mains[key] = main.state.presence if main is not None else "absent"
        return self._mains[key]

    # -- what follows from it ----------------------------------------------------------------

    def _lies(self, candidate: Candidate) -> Lying | None:
        own = self._stream(candidate.stream)
        if own is None:
            return None
        lying = Lying(candidate, own, own, False)
        present = self._is_present(own, candidate.version) and self._is_allowed(own)
        if candidate.title is not None:
            return self._titled(lying, candidate.title) if present else None
        if candidate.branch is None:
            # A prompt that the CLI's history alone knew lies in the transcript too, once that came.
            return lying if present and not own.state.entries else None
        if present and self._is_live(own, candidate):
            return lying
        for number in self._forks.get(self._names[own.id], ()):
            fork = self._stream(number)
            if fork is None or not self._is_present(fork, fork.version):
                continue
            if self._is_allowed(fork) and _took(fork, self._names[own.id], candidate):
                return lying._replace(where=fork)
        return lying._replace(abandoned=True) if present and self._all_branches else None

    def _is_allowed(self, stream: Stream) -> bool:
        return self._allowed is None or stream.id in self._allowed

    def _is_present(self, stream: Stream, version: int) -> bool:
        """Whether sessions like that of a text are asked for."""
        presence = stream.state.presence
        if version <= stream.state.life:
            presence = "deleted"  # said before a deletion that a new life followed
        if presence not in self._presence:
            return False
        if stream.key.subpath is None:
            return True
        return self._main_presence(stream.key.main) in (*self._presence, "absent")

    def _titled(self, lying: Lying, title: int) -> Lying | None:
        """A title that the session has, or had; once, though it may have been given again."""
        stream = lying.origin
        if (stream.id, title) in self._shown:
            return None
        if stream.id not in self._titles:
            given = stream.state.titles.items()
            self._titles[stream.id] = {title_hash(kind, text) for kind, text in given}
        former = title not in self._titles[stream.id]
        at = stream.state.last_at if stream.state.last_at is not None else lying.candidate.at
        early = self._since is not None and at < self._since
        late = self._until is not None and at >= self._until
        if early or late or (former and not self._all_branches):
            return None
        self._shown.add((stream.id, title))
        return lying._replace(candidate=lying.candidate._replace(at=at), abandoned=former)

    def _is_live(self, stream: Stream, candidate: Candidate) -> bool:
        state = stream.state
        if candidate.version <= state.life:
            return True  # it was asked for what was deleted, and that has no branch any more
        late = candidate.version if candidate.place is not None else 0
        place = candidate.place if candidate.place is not None else candidate.version
        if not state.is_live(candidate.branch or 0, place, late):
            return False
        if stream.key.subpath is None or state.presence == "deleted":
            return True
        if stream.id not in self._subagents:
            self._subagents[stream.id] = subagent_is_live(self._reader, stream)
        return self._subagents[stream.id]


def _took(fork: Stream, origin: str, candidate: Candidate) -> bool:
    """Whether what a fork goes on from holds a text of another stream."""
    late = candidate.version if candidate.place is not None else 0
    place = candidate.place if candidate.place is not None else candidate.version
    return any(
        segment.stream == origin
        and segment.branch == candidate.branch
        and keeps(segment, place, late)
        for segment in fork.state.lineage
    )
