"""A log in memory: what every store must do, said in lists and dicts.

What the log holds is a value. A reader looks at one, a transaction makes another out of a copy,
and to commit is to put it in the place of the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import groupby
from threading import Condition
from typing import Any, TypeVar

from ....domain.batch import Memory
from ....domain.errors import InvalidEvidence
from ....domain.events import SessionEvent
from ....domain.evolving import fold
from ....domain.keys import SessionKey
from ....domain.recorded import Recorded
from ....domain.session import SessionState
from ....projections.engine.read_model import Run
from ....projections.engine.registry import Registration, Registry
from ....projections.engine.runs import asked
from ..adopted import adopted
from ..contract.evidence import Hashed
from ..contract.reader import Reader
from ..contract.store import Store
from ..contract.transaction import Transaction
from ..contract.values import (
    Appended,
    Content,
    Packed,
    Reclaimed,
    Source,
    StoredFile,
    Stream,
    Stretch,
    Summary,
)
from ..encoding.chain import START
from ..sql.store import LAST, now
from .bodies import MemoryBodies
from .evidence import MemoryOwnWriter, hashed
from .models import MemoryModels
from .reader import Held, MemoryReader, linked

T = TypeVar("T")


class MemoryStore(Store):
    """A log that ends with the process."""

    url = "memory:"

    def __init__(self, registry: Registry | None = None, clock: Callable[[], int] = now) -> None:
        self._held = Held()
        self._models = MemoryModels(registry or Registry())
        self.registry = self._models.generations.registry
        self.generations = self._models.generations
        self.account = self._models.account
        self._clock = clock
        self._changing = Condition()

    def read(self) -> AbstractContextManager[Reader]:
        return nullcontext(MemoryReader(self._held, self._models))

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        return [recorded for recorded in self._held.log() if recorded.position > after][:limit]

    def write(self, work: Callable[[Transaction], T], alone: bool = False) -> T:
        with self._changing, self._models.change():
            held = self._held.copy()
            result = work(MemoryTransaction(held, self._models, self._clock))
            self._held = held
            self._changing.notify_all()
            return result

    def stretch(
        self, after: int, most: int, topics: Collection[str] | None, content: Content
    ) -> Stretch:
        with self.read() as reader:
            return reader.stretch(after, LAST, most, topics, content)

    def project(self, work: Callable[[Any], T]) -> T:
        return self.write(lambda transaction: work(transaction.cursor))

    def make_room(
        self, registration: Registration, generation: str, hold: Callable[[Any], None]
    ) -> None:
        with self._models.changing_tables() as connection:
            hold(connection.connection.cursor())
            self.generations.make_room(connection, registration, generation)

    def retire(
        self,
        registration: Registration,
        version: int,
        generation: str,
        hold: Callable[[Any], None],
    ) -> None:
        with self._models.changing_tables() as connection:
            hold(connection.connection.cursor())
            self.generations.retire(connection, registration, version, generation)

    def fails_alone(self, problem: Exception) -> bool:
        return True

    def reclaim(self) -> Reclaimed:
        return Reclaimed(0, 0)

    def settle(self) -> None:
        """Each write is whole before the next begins."""

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        return None

    def wait(self, position: int, timeout: float) -> bool:
        with self._changing:
            return self._changing.wait_for(lambda: self._newest() > position, timeout)

    def _newest(self) -> int:
        return MemoryReader(self._held, self._models).last_position()

    def close(self) -> None:
        self._models.close()


class MemoryTransaction(MemoryOwnWriter, MemoryBodies, Transaction):
    """A write: all of it happens or nothing."""

    def __init__(self, held: Held, models: MemoryModels, clock: Callable[[], int]) -> None:
        super().__init__(held, models)
        self.cursor: Any = models.cursor()
        self._clock = clock

    def now(self) -> int:
        return self._clock()

    def open(self, key: SessionKey) -> Stream:
        if key not in self._held.heads:
            number, salt = len(self._held.heads) + 1, os.urandom(16)
            self._held.heads[key] = Stream(
                number, key, 0, START, 0, SessionState(key), Memory(salt)
            )
        stream = self.find(key)
        assert stream is not None
        return stream

    def record(
        self,
        stream: Stream,
        events: Sequence[SessionEvent],
        state: SessionState,
        memory: Memory | None = None,
        packed: Packed | None = None,
    ) -> Appended:
        at = max(self._clock(), stream.recorded_at)
        appended = Appended(stream.version + 1, len(events), self.last_position() + 1, at)
        happened = []
        for n, event in enumerate(events):
            position, version = appended.first_position + n, appended.first_version + n
            recorded = Recorded(position, stream.key.stream_id, version, event.TOPIC, at, event)
            stream.chain = linked(self._held, stream.chain, recorded)
            happened.append(recorded._replace(chain=stream.chain))
        stream.memory = memory or stream.memory
        self._keep(stream, happened, state, at)
        return appended if events else appended._replace(first_position=0)

    def _keep(
        self, stream: Stream, happened: Sequence[Recorded], state: SessionState, at: int
    ) -> None:
        before = stream.state
        self._held.events[stream.key] = (*self._held.events.get(stream.key, ()), *happened)
        stream.version, stream.recorded_at = stream.version + len(happened), at
        stream.state = state
        self._held.heads[stream.key] = replace(stream)
        if not happened:
            return
        run = _run(stream, happened, before, state)
        for model in self._models.inline():
            try:
                if (wanted := asked(model, run)) is not None:
                    self._models.fold(model, wanted)
            except Exception as problem:
                self._models.mark_stale(model.name, happened[0].position, problem)

    def adopt(self, stream: Stream, events: Sequence[Hashed], memory: Memory) -> None:
        stream.memory = memory
        taken = adopted(stream, events)
        for at, group in groupby(taken, key=lambda one: one.hashed.recorded_at):
            happened: list[Recorded] = []
            for event, _, told, _ in group:
                place, position = (stream.key, told.version), self.last_position() + 1
                recorded = Recorded(
                    position + len(happened), told.stream, told.version, told.topic, at, event
                )
                if told.body is None and told.body_hash is not None:
                    self._held.removed.add(place)
                if told.body_hash is not None:
                    self._held.salts[place] = told.seed or b""
                    if hashed(self._held, recorded).body_hash != told.body_hash:
                        self._held.hashes[place] = told.body_hash
                stream.chain = linked(self._held, stream.chain, recorded)
                if stream.chain != told.chain:
                    raise InvalidEvidence(
                        f"version {told.version} of {told.stream!r:.200} was written by another "
                        "release, and a log in memory keeps events as this one writes them"
                    )
                happened.append(recorded._replace(chain=stream.chain))
            self._keep(stream, happened, fold(stream.state, [r.event for r in happened]), at)

    def keep_source(self, source: Source) -> None:
        self._held.sources[source.name] = source

    def keep_file(self, file: StoredFile) -> None:
        self._held.files.setdefault(file.digest, file)

    def keep_summaries(self, summaries: Sequence[Summary]) -> None:
        self._held.summaries.update({(s.stream, s.sdk): s for s in summaries})


def _run(
    stream: Stream, recorded: Sequence[Recorded], before: SessionState, after: SessionState
) -> Run:
    return Run(
        stream.id,
        stream.key,
        recorded[-1].recorded_at,
        [r.position for r in recorded],
        [r.version for r in recorded],
        [r.event for r in recorded],
        before,
        after,
    )
