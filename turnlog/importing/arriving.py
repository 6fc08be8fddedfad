"""Parts of transcripts on their way into the log: several in one commit, so that disks need not
sync for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..adapters.claude.importer import Prepared, Task
from ..adapters.redaction import Redaction
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..appending import Appended, Arrival, append
from ..domain import commands
from ..domain.batch import CHECKPOINT_EVERY
from ..domain.errors import TurnlogError
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..retention.tombstones import is_gone
from .describing import is_described
from .summary import CorruptPiece, ImportSummary

MOST_BYTES = 4 << 20
"""Bytes of entries after which a commit is due: other writers wait no longer than this takes."""

MOST_PARTS = 64


@dataclass(slots=True)
class Import:
    """One import: where to, on whose behalf, and what came of it."""

    store: Store
    summary: ImportSummary
    machine: str | None
    user_id: str | None
    restore: bool = False
    checkpoint_every: int = CHECKPOINT_EVERY
    redaction: Redaction | None = None
    """What is taken out of all that is recorded."""

    def leaves_out(self, reader: Reader, key: SessionKey) -> bool:
        """Whether a session was deleted or erased here, and is not to come back."""
        return not self.restore and is_gone(reader, key)

    def bring_back(self, transaction: Transaction, key: SessionKey) -> None:
        """Take a deletion back, if there is one and this import is to restore."""
        if not self.restore:
            return
        for place in dict.fromkeys((key.main, key)):
            stream = transaction.find(place)
            if stream is not None and stream.state.presence == "deleted":
                stream = transaction.open(place)
                events = commands.restore(stream.state, "imported again", "import")
                transaction.record(stream, events, fold(stream.state, events))


class _Took(NamedTuple):
    """What became of one part."""

    left_out: bool = False
    appended: Sequence[Appended] = ()
    known: int = 0
    """Entries that need no append to be known again."""


def take_in(work: Import, tasks: Sequence[Task], parts: Iterable[Prepared]) -> Iterator[Prepared]:
    """Record parts, and give each back once it is committed.

    Raises:
        StorageError: the log could not be written; what was given back stays.
    """
    for group in _groups(parts):
        for part, took in zip(group, _commit(work, tasks, group), strict=True):
            _tell(work.summary, tasks[part.task], part, took)
            yield part


def _groups(parts: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    group: list[Prepared] = []
    size = 0
    for part in parts:
        group.append(part)
        if part.portion is not None:
            size += sum(len(entry.body) for entry in part.portion.entries)
        if size >= MOST_BYTES or len(group) >= MOST_PARTS:
            yield group
            group, size = [], 0
    if group:
        yield group


def _commit(work: Import, tasks: Sequence[Task], group: list[Prepared]) -> list[_Took]:
    def write(parts: list[Prepared]) -> list[_Took]:
        return work.store.write(
            lambda transaction: [_take(work, transaction, tasks[p.task], p) for p in parts]
        )

    if len(group) > 1:
        try:
            return write(group)
        except TurnlogError:
            pass  # one of them, or all together, cannot be written: that is found out one by one
    return [took for part in group for took in write([part])]


def _take(work: Import, transaction: Transaction, task: Task, part: Prepared) -> _Took:
    if work.leaves_out(transaction, task.key):
        return _Took(left_out=True)
    work.bring_back(transaction, task.key)
    appended = []
    portion = part.portion
    if portion is not None and portion.entries:
        arrival = Arrival(
            task.key,
            portion.entries,
            "import",
            work.user_id,
            work.machine,
            True,
            portion.preceding,
            portion.follower,
            work.checkpoint_every,
        )
        appended.append(append(transaction, arrival, part.packed))
    known = 0
    for meta in part.ending.meta if part.ending is not None else ():
        if is_described(transaction, task.key, meta):
            known += 1
            continue
        arrival = Arrival(task.key, [meta], "import", work.user_id, work.machine)
        appended.append(append(transaction, arrival))
    for source in part.sources:
        transaction.keep_source(source)
    return _Took(False, appended, known)


def _tell(summary: ImportSummary, task: Task, part: Prepared, took: _Took) -> None:
    ending = part.ending
    if took.left_out:
        summary.deleted += ending is not None
        return
    summary.known += took.known
    for appended in took.appended:
        summary.recorded += appended.recorded
        summary.known += appended.duplicates
        summary.conflicts += appended.conflicts
    if part.portion is not None:
        for piece in part.portion.broken:
            summary.found_corrupt(CorruptPiece(task.path, *piece))
    if ending is not None:
        summary.bytes += ending.size
        summary.recovered += ending.recovered
        summary.respelled += ending.respelled
        summary.unfinished += ending.unfinished
        if ending.problem is not None:
            summary.skip(task.path, ending.problem)
        if ending.meta_problem is not None and task.meta is not None:
            summary.skip(task.meta.path, ending.meta_problem)
