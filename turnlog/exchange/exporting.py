"""Sessions written as files of any form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused
from ..domain.points import Point
from ..projections.sessions import Filter, Session
from .asked import Chosen, SessionsExported, chosen, is_everything
from .claude_files import write_claude
from .files import new_file, remove_unfinished
from .reading_files import Form, write_all, write_one

FORMATS = ("html", "markdown", "jsonl", "claude")
_BY_SUFFIX = {
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".jsonl": "jsonl",
}


def suffix_format(out: Path) -> str | None:
    """The format that a file's name ends in; None where it ends in none."""
    return _BY_SUFFIX.get(out.suffix.lower())


def format_of(out: Path, named: str | None) -> str:
    """The format that is meant: the one that is named, else what the file's name ends in.

    Raises:
        Refused: there is no such format, or neither tells.
    """
    found = named if named is not None else suffix_format(out)
    if found not in FORMATS:
        told = "no format was named" if found is None else f"{found!r:.40} is no format of sessions"
        raise Refused(f"{told}; take one of {', '.join(FORMATS)}")
    return found


def export_sessions(
    store: Store,
    out: Path,
    asked: Chosen,
    format: str | None = None,
    at: Point | None = None,
    overwrite: bool = False,
    progress: Callable[[Session], None] | None = None,
) -> SessionsExported:
    """Write sessions; see ``Log.export_sessions``."""
    named = format_of(out, format)
    if at is not None and named != "claude":
        raise Refused(
            "only Claude Code files are written up to a point; the others hold everything"
        )
    told = _Told(progress)
    sessions = told.counted(chosen(store, asked))
    if named == "jsonl":
        from .carrying import write_sessions

        with _one_file(out, overwrite) as file:
            everything = is_everything(asked)
            strays = write_sessions(store, file.write, sessions, told.done, everything)
        told.subagents += strays
        files = [out]
    elif named == "claude":
        left_out = told.leave_out if isinstance(asked, Filter) else None
        files = write_claude(store, _folder(out), sessions, at, overwrite, told.done, left_out)
    else:
        files = _for_people(store, out, Form(named), sessions, overwrite, told)
    size = sum(path.stat().st_size for path in files)
    count = (told.sessions, told.subagents, len(files))
    return SessionsExported(named, out, *count, size, told.left_out)


class _Told:
    """Counts what is exported."""

    def __init__(self, progress: Callable[[Session], None] | None) -> None:
        self._progress = progress
        self.sessions = self.subagents = self.left_out = 0

    def counted(self, sessions: Iterator[Session]) -> Iterator[Session]:
        for session in sessions:
            self.sessions += 1
            self.subagents += session.subagents
            yield session

    def leave_out(self, session: Session) -> None:
        self.sessions -= 1
        self.subagents -= session.subagents
        self.left_out += 1

    def done(self, session: Session) -> None:
        if self._progress is not None:
            self._progress(session)


def _for_people(
    store: Store,
    out: Path,
    form: Form,
    sessions: Iterator[Session],
    overwrite: bool,
    told: _Told,
) -> list[Path]:
    if suffix_format(out) != form.name or out.is_dir():
        return write_all(store, _folder(out), form, sessions, overwrite, told.done)
    first = next(sessions, None)
    if first is None:
        raise Refused("no session matches: there is nothing to write")
    if next(sessions, None) is not None:
        raise Refused(f"{out.name} is one file, and several sessions match; name a folder for them")
    told.sessions = 1
    with _one_file(out, overwrite) as file:
        write_one(store, file, form, first)
    told.done(first)
    return [out]


def _one_file(out: Path, overwrite: bool) -> AbstractContextManager[BinaryIO]:
    """The only file of an export; what one that was killed left beside it goes."""
    remove_unfinished(out.parent, re.compile(re.escape(out.name)))
    return new_file(out, overwrite)


def _folder(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise Refused(f"{out} is a file; name a folder")
    out.mkdir(parents=True, exist_ok=True)
    return out
