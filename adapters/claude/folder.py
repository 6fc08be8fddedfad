"""What a folder holds, without being led elsewhere.

Symbolic links are not followed, and nothing is opened: a link may lead to any file of the machine
or in a circle, and opening a FIFO waits for ever. Whatever is passed by is named with the reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .found import Skipped


@dataclass(frozen=True, slots=True)
class Child:
    """A regular file or a folder that may be read."""

    path: Path
    is_folder: bool
    size: int
    mtime_ns: int
    inode: int

    @property
    def name(self) -> str:
        return self.path.name


def child(path: Path) -> Child | Skipped | None:
    """Look at one file or folder; None where there is none of that name."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as problem:
        return Skipped(path, told(problem))
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        return Skipped(path, _leads_to(path))
    is_folder = stat.S_ISDIR(mode)
    if not is_folder and not stat.S_ISREG(mode):
        return Skipped(path, f"{_KINDS.get(stat.S_IFMT(mode), 'a special file')}, no regular file")
    if not os.access(path, os.R_OK | os.X_OK if is_folder else os.R_OK):
        return Skipped(path, "permission denied")
    return Child(path, is_folder, found.st_size, found.st_mtime_ns, found.st_ino)


def children(folder: Path) -> Iterator[Child | Skipped]:
    """What lies in a folder, by name."""
    try:
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as problem:
        yield Skipped(folder, told(problem))
        return
    for path in paths:
        if found := child(path):
            yield found


def files_under(folder: Path) -> Iterator[Child | Skipped]:
    """All files in a folder and in those within it, by path. No link leads in a circle here."""
    waiting = [children(folder)]
    while waiting:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
        elif isinstance(found, Child) and found.is_folder:
            waiting.append(children(found.path))
        else:
            yield found


_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def told(problem: OSError) -> str:
    """What went wrong with a file, in the words of the system."""
    return (problem.strerror or str(problem)).lower()


def _leads_to(link: Path) -> str:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        return "a symbolic link that leads nowhere"
    return f"a symbolic link to {target}: give that path to import it"
