"""Directories of files that belong to a session, named in its metadata.

Only what lies in the directory itself is ever removed: a symbolic link goes, what it leads to
stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain.details import set_metadata
from ..domain.errors import Refused, UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey

LINKED = "directories"
"""The member of a session's metadata that names them."""


class LinkedFiles(NamedTuple):
    """A directory that goes with a session."""

    directory: Path
    files: tuple[str, ...]
    """What lies in it, as paths in it."""
    size: int
    """In bytes."""
    problem: str | None = None
    """Why it stays."""


def checked(directory: str | Path, keep: Path | None = None) -> Path:
    """A directory that may be linked to a session, by the path that leads there without links.

    Args:
        keep: what must not lie in it: the database.

    Raises:
        Refused: it could lead elsewhere, or holds more than a session's files.
    """
    path = Path(directory)
    if not path.is_absolute() or ".." in path.parts:
        raise Refused(f"{str(directory)!r} must be an absolute path without '..'")
    if not path.is_dir() or path.is_symlink():
        raise Refused(f"{path} is no directory (a symbolic link is none)")
    real = path.resolve()
    for name, other in (("home", Path.home()), ("database", keep), ("working", Path.cwd())):
        if other is not None and other.resolve().is_relative_to(real):
            raise Refused(f"{path} holds the {name} directory, and more than a session's files")
    return real


def _led_elsewhere(path: Path) -> str | None:
    """Why a directory stays that is reached through a symbolic link now, or None."""
    real = path.resolve()
    if real == path:
        return None
    return f"a symbolic link on the way leads to {real}; link that, if it is meant"


def linked_to(metadata: Mapping[str, Any], keep: Path | None = None) -> Iterator[LinkedFiles]:
    """The directories that a session's metadata name, with what lies in them."""
    named = metadata.get(LINKED)
    for name in named if isinstance(named, list) else ():
        if not isinstance(name, str):
            continue
        path = Path(name)
        try:
            checked(path, keep)
        except Refused as problem:
            yield LinkedFiles(path, (), 0, str(problem))
            continue
        elsewhere = _led_elsewhere(path)
        yield _look(path) if elsewhere is None else LinkedFiles(path, (), 0, elsewhere)


def linked_files(store: Store, reader: Reader, key: SessionKey) -> tuple[LinkedFiles, ...]:
    """The directories that are linked to a session."""
    stream = reader.find(key)
    if stream is None:
        return ()
    return tuple(linked_to(stream.state.metadata, getattr(store, "path", None)))


def link(transaction: Transaction, key: SessionKey, path: Path, actor: str | None) -> None:
    """Name a directory in a session's metadata."""
    stream = transaction.find(key)
    if stream is None:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    stream = transaction.open(key)
    named = stream.state.metadata.get(LINKED)
    names = [*(named if isinstance(named, list) else ()), str(path)]
    metadata = {**stream.state.metadata, LINKED: list(dict.fromkeys(names))}
    events = set_metadata(stream.state, metadata, actor)
    if events:
        transaction.record(stream, events, fold(stream.state, events))


def _look(path: Path) -> LinkedFiles:
    files, size = [], 0
    for folder, folders, names in os.walk(path, followlinks=False):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted((*names, *links)):
            file = Path(folder) / name
            files.append(file.relative_to(path).as_posix())
            size += file.lstat().st_size
    return LinkedFiles(path, tuple(sorted(files)), size)


def remove(linked: LinkedFiles) -> LinkedFiles:
    """Remove a directory and what lies in it; says why where it stays."""
    if linked.problem is not None:
        return linked
    if not shutil.rmtree.avoids_symlink_attacks:
        # Between the look at a folder and its removal somebody could put a link in its place.
        why = "this system cannot remove a folder without following links put there meanwhile"
        return linked._replace(problem=why)
    if (elsewhere := _led_elsewhere(linked.directory)) is not None:  # since it was looked at
        return linked._replace(problem=elsewhere)
    try:
        shutil.rmtree(linked.directory)
    except OSError as problem:
        return linked._replace(problem=f"{linked.directory}: {problem.strerror or problem}")
    return linked
