"""Folding the log into one generation of one read model, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Content, Stretch
from ..adapters.storage.sql.account import Lane, Place
from ..domain.errors import CannotFold, LeaseLost
from ..projections.engine.read_model import ReadModel, Run
from ..projections.engine.registry import Registration
from ..projections.engine.runs import all_asked, halves
from .leasing import Lease
from .states import States

BATCH = 2_000
"""Events folded in one transaction."""
BATCH_WITH_BODIES = 500


class _Refused(Exception):
    """The fold raised, at one of the runs or within it."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Obstructed(Exception):
    """An event that cannot be folded; all before it is."""

    def __init__(
        self, position: int, version: int, stream: str, topic: str, problem: Exception
    ) -> None:
        super().__init__(position)
        self.position = position
        self.version = version
        self.stream = stream
        self.topic = topic
        self.problem = problem

    def error(self, name: str) -> CannotFold:
        """What to tell of it."""
        return CannotFold(
            f"the read model {name!r} cannot take in the event at position {self.position} "
            f"({self.topic}, version {self.version} of {self.stream!r}): "
            f"{type(self.problem).__name__}: {self.problem}",
            name,
            self.position,
        )

    @property
    def why(self) -> str:
        """The reason as it is kept."""
        return ascii(self.problem)[:500]


class Folder:
    """Folds a read model on from where it is. Others must not fold it meanwhile."""

    def __init__(self, store: Store, registration: Registration, lane: Lane, lease: Lease) -> None:
        """Prepare to fold.

        Args:
            lane: the live tables, or those beside.
            lease: renewed, or found lost, in every transaction.
        """
        self.store = store
        self.registration = registration
        self.lane: Lane = lane
        self.lease = lease
        self.states = States()
        self.place = self._find_place()
        self.model: ReadModel = store.generations.model(registration, self.place.generation)
        stateful = self.model.stateful
        self._topics = None if stateful else self.model.topics
        self._content: Content = (
            "notes" if stateful and self.model.content == "none" else self.model.content
        )
        self._most = BATCH_WITH_BODIES if self._content == "all" else BATCH
        self.events = 0
        """Events folded so far."""
        self.streams: set[int] = set()
        """The streams they are of."""

    def _find_place(self) -> Place:
        name = self.registration.name
        place = self.store.project(lambda c: self.store.account.place(c, name, self.lane))
        if place is None:
            raise LeaseLost(f"another process has ended the rebuild of the read model {name!r}")
        return place

    def step(self) -> None:
        """Fold the next batch.

        Raises:
            Obstructed: an event cannot be folded.
            LeaseLost: another folds the read model by now.
            StorageError: the database failed.
        """
        stretch = self.store.stretch(self.place.position, self._most, self._topics, self._content)
        self._fold(stretch)

    def finish(self, then: Callable[[Any, Place], None]) -> bool:
        """Fold all that is left and do what ends it, in one transaction, while nobody writes.

        Returns:
            Whether it ended; else an event of what is left cannot be folded, and ``step`` tells
            which.
        """
        start = self.place
        try:
            self.store.write(lambda transaction: self._last(transaction, start, then), alone=True)
        except BaseException as problem:
            self.place = start
            if isinstance(problem, _Refused | Obstructed):
                return False
            raise
        return True

    def _last(
        self, transaction: Transaction, start: Place, then: Callable[[Any, Place], None]
    ) -> None:
        cursor = transaction.cursor
        self.place = start
        self._check(cursor)
        last = transaction.last_position()
        while self.place.position < last:
            stretch = transaction.stretch(
                self.place.position, last, self._most, self._topics, self._content
            )
            self._write(
                cursor, self._framed(stretch, lambda: nullcontext(transaction)), stretch.upto
            )
            self.place = self.place._replace(position=stretch.upto)
            if stretch.problem is not None:
                raise Obstructed(*stretch.problem)
        then(cursor, self.place)

    def pass_by(self, obstacle: Obstructed) -> None:
        """Go on without an event; it is noted."""
        account, name = self.store.account, self.registration.name
        version = self.registration.version

        def work(cursor: Any) -> None:
            self._check(cursor)
            account.set_aside(
                cursor, name, version, obstacle.position, obstacle.topic, obstacle.why
            )
            account.move(cursor, name, self.lane, obstacle.position)

        self.store.project(work)
        self.place = self.place._replace(position=obstacle.position)

    # -- one batch -----------------------------------------------------------------------------

    def _framed(
        self, stretch: Stretch, read: Callable[[], AbstractContextManager[Reader]]
    ) -> Sequence[Run]:
        return self.states.framed(stretch.runs, read) if self.model.stateful else stretch.runs

    def _fold(self, stretch: Stretch) -> None:
        runs = self._framed(stretch, self.store.read)
        if stretch.upto > self.place.position:
            self._fold_runs(runs, stretch.upto)
        if stretch.problem is not None:
            raise Obstructed(*stretch.problem)

    def _fold_runs(self, runs: Sequence[Run], upto: int) -> None:
        def work(cursor: Any) -> None:
            self._check(cursor)
            self._write(cursor, runs, upto)

        try:
            self.store.project(work)
        except _Refused as refused:
            if len(runs) == 1 and len(runs[0].events) == 1:
                run = runs[0]
                where = run.positions[0], run.versions[0], run.key.stream_id, run.events[0].TOPIC
                raise Obstructed(*where, refused.problem) from refused.problem
        else:
            self.place = self.place._replace(position=upto)
            return
        # By halves, so that all that can be folded is, and what cannot is found.
        first, second = _halves(runs)
        self._fold_runs(first, second[0].positions[0] - 1)
        self._fold_runs(second, upto)

    def _write(self, cursor: Any, runs: Sequence[Run], upto: int) -> None:
        wanted = all_asked(self.model, runs)
        self.events += sum(len(run.events) for run in wanted)
        self.streams.update(run.stream for run in wanted)
        if wanted:
            try:
                self.model.fold(cursor, wanted)
            except Exception as problem:
                if self.store.fails_alone(problem):
                    raise _Refused(problem) from problem
                raise
        self.store.account.move(cursor, self.registration.name, self.lane, upto)

    def _check(self, cursor: Any) -> None:
        """Nobody else folds it: neither by right (the lease) nor in fact (the position)."""
        self.lease.hold(cursor)
        found = self.store.account.place(cursor, self.registration.name, self.lane)
        if found != self.place:
            raise LeaseLost(
                f"the read model {self.registration.name!r} was folded by another process: it is "
                f"at {found}, not at {self.place}"
            )


def _halves(runs: Sequence[Run]) -> tuple[Sequence[Run], Sequence[Run]]:
    if len(runs) > 1:
        middle = len(runs) // 2
        return runs[:middle], runs[middle:]
    first, second = halves(runs[0])
    return [first], [second]
