"""One look at a log in memory: every question is answered by going through the events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from sqlalchemy import Select

from ....domain.batch import Known
from ....domain.entry import Entry, message_identity
from ....domain.events import (
    EntryRecorded,
    EntryRedacted,
    SessionErased,
    SessionForked,
    TurnRecorded,
    UsageRecorded,
)
from ....domain.keys import SessionKey
from ....domain.lineage import Segment
from ....domain.points import Head
from ....domain.recorded import Recorded
from ....domain.session import SessionState
from ....domain.usage import Response
from ....projections.engine.read_model import Run
from ....projections.engine.registry import prefix_of
from ....projections.engine.runs import together
from ..contract.reader import Reader
from ..contract.values import (
    NOTHING_SQUEEZED,
    Body,
    Content,
    Source,
    Squeezed,
    StoredFile,
    Stream,
    Stretch,
    Summary,
)
from ..encoding.blocks import read_entry
from ..encoding.chain import START
from ..encoding.chain import linked as link
from ..encoding.rows import to_row
from .evidence import MemoryEvidence, Own, hash_now, hashed, new_name
from .models import MemoryModels

_Entry = tuple[int, TurnRecorded | EntryRecorded]


@dataclass(frozen=True)
class Held:
    """Everything a log holds. A value: who changes it makes another."""

    events: dict[SessionKey, tuple[Recorded, ...]] = field(default_factory=dict)
    heads: dict[SessionKey, Stream] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    files: dict[bytes, StoredFile] = field(default_factory=dict)
    summaries: dict[tuple[int, str], Summary] = field(default_factory=dict)
    own: list[Own] = field(default_factory=list)
    hashes: dict[tuple[SessionKey, int], bytes] = field(default_factory=dict)
    """What bodies were hashed to, of those that were removed or replaced since."""
    removed: set[tuple[SessionKey, int]] = field(default_factory=set)
    salts: dict[tuple[SessionKey, int], bytes] = field(default_factory=dict)
    """Of bodies that came from another log."""
    name: str = field(default_factory=new_name)

    def copy(self) -> Held:
        """The same, to be changed."""
        return Held(*(copy(getattr(self, name)) for name in self.__dataclass_fields__))

    def log(self) -> list[Recorded]:
        """All events by position."""
        return sorted(recorded for events in self.events.values() for recorded in events)


class MemoryReader(MemoryEvidence, Reader):
    """One consistent look at the log."""

    def __init__(self, held: Held, models: MemoryModels) -> None:
        self._held = held
        self._models = models

    def find(self, key: SessionKey) -> Stream | None:
        head = self._held.heads.get(key)
        return replace(head) if head is not None else None

    def subkeys(self, key: SessionKey) -> list[SessionKey]:
        return [other for other in self.streams() if other.main == key.main != other]

    def streams(self) -> Iterator[SessionKey]:
        return iter(sorted(self._held.heads, key=lambda key: key.stream_id))

    def last_position(self) -> int:
        newest = [events[-1].position for events in self._held.events.values()]
        newest += [own.fact.position for own in self._held.own]
        return max(newest, default=0)

    def events(
        self, stream: Stream, after: int = 0, upto: int | None = None, content: Content = "all"
    ) -> Iterator[Recorded]:
        recorded = self._held.events.get(stream.key, ())
        return iter(recorded[after : len(recorded) if upto is None else upto])

    def version_at(self, stream: Stream, recorded_at: int) -> int:
        return sum(recorded.recorded_at <= recorded_at for recorded in self.events(stream))

    def _entries(self, stream: Stream, content: bool = True) -> Iterator[_Entry]:
        for recorded in self.events(stream):
            if content and (stream.key, recorded.version) in self._held.removed:
                continue
            if isinstance(recorded.event, TurnRecorded | EntryRecorded):
                yield recorded.version, recorded.event

    def _natural(self, stream: Stream, segment: Segment, content: bool = True) -> Iterator[_Entry]:
        for version, event in self._entries(stream, content):
            kept = segment.upto is None or version <= segment.upto
            if event.place is None and event.branch == segment.branch and kept:
                yield version, event

    def all_heads(self, stream: Stream) -> Iterator[Head]:
        return (_head(entry) for entry in self._entries(stream, False))

    def heads(self, stream: Stream, segment: Segment) -> Iterator[Head]:
        return (_head(entry) for entry in self._natural(stream, segment, False))

    def late_heads(self, stream: Stream) -> list[Head]:
        return [head for head in self.all_heads(stream) if head.place is not None]

    def bodies(self, stream: Stream, segment: Segment) -> Iterator[Body]:
        return (_body(entry) for entry in self._natural(stream, segment))

    def entries(self, stream: Stream, segment: Segment) -> Iterator[list[Any]]:
        yield [read_entry(body) for body in self.bodies(stream, segment)]

    def body(self, stream: Stream, version: int) -> Body | None:
        return next((_body(e) for e in self._entries(stream) if e[0] == version), None)

    def late_bodies(self, stream: Stream) -> dict[int, Body]:
        return {e[0]: _body(e) for e in self._entries(stream) if e[1].place is not None}

    def known(
        self, stream: Stream, identities: Iterable[bytes], life: int | None = None
    ) -> dict[bytes, Known]:
        wanted = set(identities)
        found: dict[bytes, Known] = {}
        for recorded in self.events(stream, stream.state.life if life is None else life):
            event = recorded.event
            if event.identity is not None and event.identity in wanted:
                place = event.place or recorded.version
                found[event.identity] = Known(recorded.version, event.branch, place)
        return found

    def versions(self, stream: Stream, identity: bytes) -> list[int]:
        return [r.version for r in self.events(stream) if r.event.identity == identity]

    def squeezed(self, stream: Stream) -> Squeezed:
        return NOTHING_SQUEEZED

    def forks(self, stream: Stream) -> list[SessionKey]:
        events = (recorded.event for recorded in self.events(stream))
        forked = (SessionKey.parse(e.child) for e in events if isinstance(e, SessionForked))
        return list(dict.fromkeys(forked))

    def same(self, stream: Stream, known: Known, entry: Entry) -> bool:
        if (stream.key, known.version) in self._held.hashes:
            return True  # what is gone cannot be told from what comes
        event: Any = self._held.events[stream.key][known.version - 1].event
        return bool(event.body.partition(b"\n")[0] == entry.body.partition(b"\n")[0])

    def responses(self, stream: Stream, message_ids: Iterable[str]) -> dict[str, Response]:
        wanted = {message_identity(name): name for name in message_ids}
        found: dict[str, Response] = {}
        for recorded in self.events(stream, stream.state.life):
            event = recorded.event
            if isinstance(event, UsageRecorded) and event.identity in wanted:
                best = event.counters.best(event.counted)
                doubtful = event.quality == "placeholder"
                found[wanted[event.identity]] = Response(
                    event.turn or 0, best, event.finished, doubtful, event.characters
                )
        return found

    def source(self, name: str) -> Source | None:
        return self._held.sources.get(name)

    def file(self, digest: bytes) -> StoredFile | None:
        return self._held.files.get(digest)

    def summaries(self, project_key: str, sdk: str) -> dict[int, Summary]:
        of_project = {s.id for k, s in self._held.heads.items() if k.project_key == project_key}
        kept = self._held.summaries.values()
        return {s.stream: s for s in kept if s.sdk == sdk and s.stream in of_project}

    def snapshot(self, stream: Stream, version: int) -> SessionState | None:
        return None

    def check(self, key: SessionKey) -> tuple[int, tuple[int, int | None, str] | None]:
        chain = START
        recorded = self._held.events.get(key, ())
        for event in recorded:
            chain = linked(self._held, chain, event)
            if chain != event.chain:
                what = "the event is not the one that was recorded"
                return event.version - 1, (event.version, event.position, what)
        if (untold := self._untold(recorded)) is not None:
            what = "its content is missing, or was changed, and nothing tells of it"
            return untold.version - 1, (untold.version, untold.position, what)
        return len(recorded), None

    def _untold(self, recorded: Sequence[Recorded]) -> Recorded | None:
        """The first event whose body is another than was recorded, though no event says so."""
        told = {r.event.of: r.event for r in recorded if isinstance(r.event, EntryRedacted)}
        erased = max((r.version for r in recorded if isinstance(r.event, SessionErased)), default=0)
        for one in recorded:
            if (one.key, one.version) not in self._held.hashes or one.version < erased:
                continue
            digest, now = told.get(one.version), hash_now(self._held, one)
            if digest is None or digest.digest != (now.hex() if now is not None else ""):
                return one
        return None

    def strays(self) -> list[tuple[SessionKey, int]]:
        return []

    def query(self, statement: Select[Any]) -> list[Any]:
        return self._models.query(statement)

    def stale(self) -> dict[str, int]:
        found = self._models.rows("SELECT name, stale_at FROM projections")
        return {name: position for name, position in found if position is not None}

    def stretch(
        self, after: int, upto: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        wanted = [
            recorded
            for recorded in self._held.log()
            if after < recorded.position <= upto and (topics is None or recorded.topic in topics)
        ]
        runs = []
        for recorded in wanted:
            key = SessionKey.parse(recorded.stream)
            number = self._held.heads[key].id
            runs.append(
                Run(
                    number,
                    key,
                    recorded.recorded_at,
                    [recorded.position],
                    [recorded.version],
                    [recorded.event],
                    None,
                    None,
                )
            )
        found = together(runs)
        several = accumulate(len(run.events) for run in found)
        enough = 1 + sum(count < most for count in several)
        if enough < len(found):
            return Stretch(found[:enough], found[enough - 1].positions[-1], None)
        return Stretch(found, max(after, min(upto, self.last_position())), None)

    def live(self, name: str) -> str:
        rows = self._models.rows("SELECT name, version, generation FROM projections")
        return next(prefix_of(*row) for row in rows if row[0] == name)


def linked(held: Held, chain: bytes, recorded: Recorded) -> bytes:
    """The hash chain after an event."""
    told = hashed(held, recorded)
    return link(chain, told.header, told.identity, told.body_hash)


def _head(entry: _Entry) -> Head:
    version, e = entry
    return Head(version, e.branch, e.before, e.place, e.marks, e.turn, e.occurred_at)


def _body(entry: _Entry) -> Body:
    _, body, careful = to_row(entry[1])
    return Body(entry[0], body or b"", careful)
