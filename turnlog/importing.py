"""Importing what Claude Code left on a disk: transcripts, the history, the files they point to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .imported import ImportSummary, Progress

if TYPE_CHECKING:
    from .log import Log


def import_claude(
    log: Log,
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
        restore: bring back sessions that were deleted here; without it they are left out.
        user_id: whose sessions these are.
        machine: where they were held; this machine's name by default.

    Raises:
        PathNotFound, PathNotReadable, NotAClaudeDirectory: there is nothing to import.
        WorkerDied: a process ended before its work; what was recorded stays.
        StorageError: the log could not be written; what was recorded stays.
    """
    raise NotImplementedError


def watch(
    log: Log,
    path: str | Path,
    *,
    stop: Callable[[], bool],
    on_change: Callable[[ImportSummary], None] | None = None,
    every: float = 1.0,
    user_id: str | None = None,
    machine: str | None = None,
) -> ImportSummary:
    """Import a path, then follow its files as they grow.

    Args:
        path: as ``import_claude`` takes it.
        stop: asked several times a second; the watch ends when it says so.
        on_change: called with the figures of each look at the files that found something.
        every: seconds between looks.

    Returns:
        The figures of all looks together.

    Raises:
        PathNotFound, PathNotReadable, NotAClaudeDirectory, StorageError: as ``import_claude``.
    """
    raise NotImplementedError
