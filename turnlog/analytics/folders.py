"""The folder of an export: who may write into it, and when its files get their names."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..domain.errors import Refused
from .days import Days
from .manifest import FILE, HIDDEN, Manifest, Seen, hidden, read_manifest, settle, sweep

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

_LOCK = HIDDEN + "lock"


class Folder:
    """A folder that one export writes into at a time.

    Args:
        path: the folder; it is made where it is missing.
        manifest: what is asked for.
        update: whether an export that is there is brought up to date.

    Raises:
        Refused: the folder holds something else, another export, or is written to right now.
        OSError: it cannot be made or written.
    """

    def __init__(self, path: Path, manifest: Manifest, update: bool) -> None:
        self.path = path
        self.manifest = manifest
        self.days: Days | None = None
        self._update = update
        self._made = False
        self._lock: int | None = None
        self._run = 0

    def __enter__(self) -> Self:
        if self.path.exists() and not self.path.is_dir():
            raise Refused(f"{self.path} is a file; name a folder")
        there = read_manifest(self.path)
        if there is None and self.path.is_dir() and not _is_free(self.path):
            raise Refused(f"{self.path} holds other files; name a folder that is new or empty")
        if there is not None and not self._update:
            raise Refused(
                f"{self.path} holds an export of {there.what} up to position {there.position}; "
                "`--update` goes on from there, or name another folder"
            )
        if there is not None and not there.asks_the_same(self.manifest):
            raise Refused(
                f"{self.path} holds an export that was asked for otherwise "
                f"({there.what} as {there.format}); ask for the same, or name another folder"
            )
        self._made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        self._take()
        try:
            if there is not None:
                broken = there.arriving or there.leaving
                self.manifest = settle(self.path, there) if broken else there
            sweep(self.path)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if problem is not None:
            self._undo()
        self._release()

    def place(self, day: str, number: int) -> Path:
        """Where a file lies until the export is complete."""
        path = self.path / self._name(day, number)
        path.parent.mkdir(exist_ok=True)
        return hidden(path)

    def commit(self, seen: Seen, adds: bool) -> None:
        """Give the files their names.

        Args:
            seen: how much of the log was read.
            adds: whether the files that are there stay.
        """
        assert self.days is not None, "an export has its files"
        added = {self._name(*part): rows for part, rows in self.days.parts.items()}
        kept = self.manifest.files if adds else {}
        self.manifest = settle(self.path, self.manifest.with_files(seen, added, kept))
        sweep(self.path)

    def _name(self, day: str, number: int) -> str:
        what, run = self.manifest.what, self._number()
        return f"day={day}/{what}-{run:06d}-{number:04d}.{self.manifest.format}"

    def _number(self) -> int:
        """The number of this export in the folder: no file of another has it in its name."""
        if not self._run:
            found = map(FILE.fullmatch, self.manifest.files)
            self._run = 1 + max((int(name[1]) for name in found if name), default=0)
        return self._run

    def _take(self) -> None:
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            self._made = False
            raise Refused(f"another export is writing into {self.path}; wait for it") from None

    def _release(self) -> None:
        if self._lock is not None:
            (self.path / _LOCK).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            if self._made:
                with suppress(OSError):  # it is not empty
                    self.path.rmdir()

    def _undo(self) -> None:
        if self.days is not None:
            self.days.abandon()
        there = read_manifest(self.path)
        if there is None or not there.arriving:
            # What is announced already is brought in by the next export.
            sweep(self.path)


def _is_free(path: Path) -> bool:
    """Whether a folder holds nothing, or what a broken export left."""
    return all(
        entry.name.startswith(HIDDEN)
        or (
            entry.name.startswith("day=")
            and all(e.name.startswith(HIDDEN) for e in entry.iterdir())
        )
        for entry in path.iterdir()
    )
