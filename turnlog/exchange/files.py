"""Files written whole or not at all, under names that lead nowhere else."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from ..domain.errors import Refused

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}")
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_LEADS_AWAY = re.compile(r"[/\\:\x00-\x1f\x7f\ud800-\udfff]")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
"""Names that Windows gives to devices."""
_writing: dict[Path, object] = {}
"""What this process writes beside the places where it is to be."""


def is_plain(name: str) -> bool:
    """Whether a name is one file's everywhere: no separator, no ``..``, nothing to be escaped."""
    return _PLAIN.fullmatch(name) is not None and _RESERVED.fullmatch(name) is None


def plain_name(name: str) -> str:
    """A file's name for any text: the text itself where that is plain, else made of its hash."""
    if is_plain(name):
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_OTHER.sub('-', name)[:60].strip('-') or 'session'}-{digest}"


def is_one_name(name: str) -> bool:
    """Whether a name is that of one thing in a folder, whatever else it may be."""
    return (
        name not in ("", ".", "..")
        and len(name.encode("utf-8", "surrogatepass")) <= 255
        and (_LEADS_AWAY.search(name) is None)
    )


def folder_in(root: Path, *parts: str) -> Path:
    """A folder below another, made where it is missing; no symbolic link leads out of there.

    Raises:
        Refused: a part is no plain name, or something else than a folder lies there.
    """
    folder = root
    for part in parts:
        if not is_one_name(part):
            raise Refused(f"{part!r:.100} cannot be the name of a folder: it may lead elsewhere")
        folder = folder / part
        if folder.is_symlink():
            raise Refused(f"{folder} is a symbolic link, and may lead elsewhere; remove it first")
        folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def new_file(path: Path, overwrite: bool = False) -> Iterator[BinaryIO]:
    """A file that is at its place once it is whole; until then, and if that fails, what was there.

    Args:
        overwrite: whether it may take the place of another. A symbolic link is replaced itself.

    Raises:
        Refused: there is a file already, or a folder.
        FileNotFoundError: there is no folder for it.
        FileExistsError: another thread writes it just now.
    """
    taken = path.is_symlink() or path.exists()
    if path.is_dir() and not path.is_symlink():
        raise Refused(f"{path} is a folder; name a file")
    if taken and not overwrite:
        raise Refused(f"{path} is there already; name another file, or --overwrite it")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}").absolute()
    mine = object()
    if _writing.setdefault(beside, mine) is not mine:
        raise FileExistsError(errno.EEXIST, "another thread is writing it", str(path))
    try:
        beside.unlink(missing_ok=True)  # left by a process that was killed, and had our number
        # What people and models wrote is for the owner's eyes, as the database is.
        with open(beside, "xb", opener=_private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
        del _writing[beside]


def remove_unfinished(folder: Path, names: re.Pattern[str]) -> None:
    """Remove what processes of this machine were writing into a folder when they were killed.

    Args:
        names: of the files that are theirs; no other is touched.

    Raises:
        OSError: one cannot be removed.
    """
    for path in folder.glob(".*"):
        name, _, process = path.name[1:].rpartition(".")
        theirs = process.isdecimal() and names.fullmatch(name) is not None
        if theirs and path.absolute() not in _writing and not _is_running(int(process)):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Whether a process is there, other than this one."""
    if process == os.getpid():
        return False
    if os.name != "posix":  # elsewhere there is no asking without ending it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is another user's
        return True
    return True


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
