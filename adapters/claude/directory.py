"""What lies in a path that is to be imported.

Only the places where the CLI keeps sessions are looked at: settings, credentials and caches are
none of our business. What lies in those places and is not read is named, with the reason.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...domain.errors import TurnlogError
from .folder import Child, child, children, told
from .found import Found, HistoryFile, Skipped, Transcript
from .project import HISTORY, RECORDS, SUBAGENTS, Project, history_file, is_agent
from .side_files import UUID, side_files
from .slug import project_slug

PROJECTS = "projects"
_WANTED = (
    "give a configuration directory such as ~/.claude, its projects folder, "
    "one project's folder or one .jsonl file"
)


class PathNotFound(TurnlogError):
    """A path that does not exist."""


class PathNotReadable(TurnlogError):
    """A path that exists and cannot be read."""


class NotAClaudeDirectory(TurnlogError):
    """A path that holds nothing to import."""


def survey(path: str | os.PathLike[str]) -> Iterator[Found]:
    """List what there is to import, in an order that depends on names alone.

    Project by project and session by session, a main transcript before those of its subagents; then
    the history, then the side files. Keeps one project at a time in memory.

    Args:
        path: a configuration directory (``~/.claude``), its projects folder, one project's folder,
            or one transcript; a main one brings its session's subagents and files. It may be a
            symbolic link; below it none is followed.

    Raises:
        PathNotFound: there is nothing of that name.
        PathNotReadable: the system does not let us read it.
        NotAClaudeDirectory: it holds nothing to import.
    """
    try:
        root = Path(path).resolve(strict=True)
        found = child(root)
    except PermissionError as problem:
        raise PathNotReadable(f"{path} cannot be read: {told(problem)}") from None
    except (OSError, RuntimeError, ValueError):
        # RuntimeError: links in a circle, before Python 3.13; ValueError: a NUL in the name.
        raise PathNotFound(f"{str(path)!r} does not exist") from None
    if isinstance(found, Child):
        return _folder(root) if found.is_folder else _file(found)
    why = found.reason if found else "it has just gone"
    if root.is_dir() or root.is_file():
        raise PathNotReadable(f"{path} cannot be read: {why}")
    raise NotAClaudeDirectory(f"{path} is {why}: {_WANTED}")


def _folder(root: Path) -> Iterator[Found]:
    lying = list(children(root))
    names = {found.path.name for found in lying}
    transcripts = any(
        isinstance(found, Child) and not found.is_folder and _is_transcript(found.name)
        for found in lying
    )
    if _is_configuration(root, names, transcripts):
        return _configuration(root)
    _refuse_part_of_session(root)
    if transcripts or _holds_sessions(root):
        return Project(root, _key(root)).files()
    if _holds_projects(root):
        return _projects(root, all_of_them=False)
    hints = [
        f"{found.path} is {found.reason}"
        for found in lying
        if isinstance(found, Skipped) and found.path.name == PROJECTS
    ]
    if ".claude" in names:
        hints.append(f"perhaps {root / '.claude'} is meant")
    what = "; ".join([f"{root} holds no transcripts", *hints])
    raise NotAClaudeDirectory(f"{what}; {_WANTED}")


def _is_configuration(root: Path, names: set[str], transcripts: bool) -> bool:
    # A folder called `projects` proves nothing: many a home directory has one.
    if PROJECTS not in names:
        return HISTORY in names and not transcripts
    return HISTORY in names or root.name == ".claude" or _holds_projects(root / PROJECTS)


def _holds_projects(folder: Path) -> bool:
    return any(
        isinstance(found, Child) and found.is_folder and _holds_sessions(found.path)
        for found in children(folder)
    )


def _holds_sessions(folder: Path) -> bool:
    """Whether a folder holds what only a project's folder does."""
    return any(
        isinstance(child(found.path / SUBAGENTS), Child)
        if found.is_folder
        else is_agent(found.name)
        or (_is_transcript(found.name) and UUID.fullmatch(found.path.stem))
        for found in children(folder)
        if isinstance(found, Child)
    )


def _is_transcript(name: str) -> bool:
    return name.endswith(RECORDS) and name != HISTORY


def _refuse_part_of_session(root: Path) -> None:
    """A session's folder, or one within it, looks like a project and would get a wrong name."""
    for folder in (root, *root.parents):
        if not UUID.fullmatch(folder.name):
            continue
        main = folder.with_name(folder.name + RECORDS)
        if main.is_file() or (folder / SUBAGENTS).is_dir():
            better = main if main.is_file() else folder.parent
            raise NotAClaudeDirectory(f"{root} is a part of one session: give {better} instead")


def _configuration(root: Path) -> Iterator[Found]:
    projects_of: defaultdict[str, set[str]] = defaultdict(set)
    projects = child(root / PROJECTS)
    if isinstance(projects, Skipped):
        yield projects
    elif projects:
        for found in _projects(projects.path, all_of_them=True):
            if isinstance(found, Transcript):
                projects_of[found.session_id].add(found.project_key)
            yield found
    history = child(root / HISTORY)
    if isinstance(history, Skipped):
        yield history
    elif history:
        yield history_file(history)
    yield from side_files(root, projects_of)


def _projects(folder: Path, *, all_of_them: bool) -> Iterator[Found]:
    for found in children(folder):
        if isinstance(found, Skipped):
            yield found
        elif not found.is_folder:
            yield Skipped(found.path, "no project's folder")
        elif all_of_them or _holds_sessions(found.path):
            yield from Project(found.path, found.name).files()
        else:
            yield Skipped(found.path, "a folder without sessions")


def _file(found: Child) -> Iterator[Found]:
    path = found.path
    if not path.name.endswith(RECORDS):
        raise NotAClaudeDirectory(f"{path} is no transcript, its name does not end in {RECORDS}")
    if path.name == HISTORY:
        return iter([history_file(found)])
    parents = list(path.parents)
    within = [parent.name for parent in parents[:-2]]
    if SUBAGENTS in within and path.name.startswith(("agent-", "journal.")):
        folder = parents[within.index(SUBAGENTS) + 2]
        return _only(folder, path, None)
    return _only(path.parent, path, None if is_agent(path.name) else path.stem)


def _only(folder: Path, path: Path, session_id: str | None) -> Iterator[Found]:
    """One file of a project's folder, and the files of its session if that is given."""
    own = path.with_suffix("")
    for found in Project(folder, _key(folder)).files():
        if found.path == path or (
            session_id is not None
            and (
                found.path.is_relative_to(own)
                if isinstance(found, Skipped | HistoryFile)
                else found.session_id == session_id
            )
        ):
            yield found


def _key(folder: Path) -> str:
    return folder.name or project_slug(str(folder))
