"""Importing what Claude Code left on a disk: transcripts, the history, the files they point to."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..adapters.claude.directory import survey
from ..adapters.claude.found import Found, HistoryFile, SideFile, Skipped, Transcript
from ..adapters.claude.watch import Changes
from ..adapters.claude.workers import how_many, prepare_all
from ..domain.keys import SessionKey
from .arriving import Import, take_in
from .keeping import keep_files
from .planning import Plan, plan
from .remembering import remember
from .summary import ImportSummary, Progress

if TYPE_CHECKING:
    from ..log.part import Part


def import_claude(
    log: Part,
    path: str | Path,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    restore: bool = False,
    user_id: str | None = None,
    machine: str | None = None,
) -> ImportSummary:
    """Record what lies in a path; what is recorded already is recognised.

    Args:
        path: a configuration directory (``~/.claude``), its projects folder, one project's
            folder, or one file.
        workers: processes that work, this one included; None for as many as help. 1 starts none.
        progress: called as transcripts are done with.
        restore: bring back sessions that were deleted or erased here; without it they are
            left out.
        user_id: whose sessions these are.
        machine: where they were held; this machine's name by default.

    Raises:
        PathNotFound, PathNotReadable, NotAClaudeDirectory: there is nothing to import.
        WorkerDied: a process ended before its work; what was recorded stays.
        StorageError: the log could not be written; what was recorded stays.
    """
    began = time.monotonic()
    machine = machine or platform.node() or None
    every = log.settings.checkpoint_interval
    importing = Import(log.store, ImportSummary(), machine, user_id, restore, every, log._redaction)
    import_found(importing, list(survey(path)), workers, progress)
    importing.summary.seconds = time.monotonic() - began
    return importing.summary


def watch(
    log: Part,
    path: str | Path,
    stop: Callable[[], bool],
    on_change: Callable[[ImportSummary], None] | None = None,
    *,
    every: float = 1.0,
    user_id: str | None = None,
    machine: str | None = None,
) -> ImportSummary:
    """Import a path, then follow its files as they grow. The history is read once.

    Args:
        path: as ``import_claude`` takes it.
        stop: asked several times a second; the watch ends when it says so. On the command line
            ``adapters.claude.watch.until_signalled`` gives one.
        on_change: called with the figures of the first look, and of each that found something.
        every: seconds between looks.

    Returns:
        The figures of all looks together.

    Raises:
        PathNotFound, PathNotReadable, NotAClaudeDirectory, WorkerDied, StorageError: as
            ``import_claude``.
    """
    began = time.monotonic()
    total = ImportSummary()
    changes = Changes(path)
    found = changes.first()
    workers: int | None = None
    machine = machine or platform.node() or None
    while True:
        looked = time.monotonic()
        importing = Import(
            log.store,
            ImportSummary(),
            machine,
            user_id,
            checkpoint_every=log.settings.checkpoint_interval,
            redaction=log._redaction,
        )
        if found:
            import_found(importing, found, workers)
        importing.summary.seconds = time.monotonic() - looked
        total.add(importing.summary)
        if on_change is not None and (workers is None or importing.summary.found_something):
            on_change(importing.summary)
        workers = 1
        if not changes.wait(every, stop):
            total.seconds = time.monotonic() - began
            return total
        found = [f for f in changes.next() if not isinstance(f, HistoryFile)]


def import_found(
    importing: Import,
    found: Sequence[Found],
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Import what lies on a disk: transcripts, what only the history tells, then other files."""
    planned = plan(importing, [f for f in found if isinstance(f, Transcript | Skipped)])
    plans = _read(importing, planned, workers, progress)
    histories = [f for f in found if isinstance(f, HistoryFile)]
    pasted = remember(importing, histories)
    keep_files(importing, [f for f in found if isinstance(f, SideFile)], plans, pasted)


def _read(
    importing: Import,
    planned: Plan,
    workers: int | None,
    progress: Callable[[Progress], None] | None,
) -> dict[str, set[SessionKey]]:
    """Read and record transcripts.

    Returns:
        The names of the plans that they mention, with their sessions.
    """
    slugs: dict[str, set[SessionKey]] = {}
    told = _Told(planned, progress)
    packing = importing.store.pack([b"{}"]) is not None
    for tasks in planned.rounds:
        size = sum(planned.sizes[task.path] for task in tasks)
        number = how_many(workers, size, len(tasks))
        # Closed here and not some time later, so that an interrupt ends the other processes.
        with closing(prepare_all(tasks, number, packing)) as parts:
            for part in take_in(importing, tasks, parts):
                task, ending = tasks[part.task], part.ending
                if ending is not None:
                    told.finished(task.path)
                    for slug in ending.slugs:
                        slugs.setdefault(slug, set()).add(task.key.main)
                elif part.portion is not None:
                    told.reached(task.path, part.portion.end)
    return slugs


class _Told:
    """How far the import has come, told as it goes."""

    def __init__(self, planned: Plan, progress: Callable[[Progress], None] | None) -> None:
        self._tell = progress
        self._sizes = planned.sizes
        self._total = sum(planned.sizes.values())
        self._files = len(planned.done)
        self._bytes = sum(planned.sizes[path] for path in planned.done)
        self._within: dict[Path, int] = {}
        self._report(None)

    def reached(self, path: Path, end: int) -> None:
        self._within[path] = min(end, self._sizes[path])
        self._report(path)

    def finished(self, path: Path) -> None:
        self._within.pop(path, None)
        self._files += 1
        self._bytes += self._sizes[path]
        self._report(path)

    def _report(self, path: Path | None) -> None:
        if self._tell is not None:
            done = self._bytes + sum(self._within.values())
            self._tell(Progress(self._files, len(self._sizes), done, self._total, path))
