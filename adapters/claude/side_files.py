"""The files that a configuration directory keeps for its sessions outside of ``projects/``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from .folder import child, files_under
from .found import SideFile, SideKind, Skipped

FOLDERS: Mapping[str, SideKind] = {
    "file-history": "file-backup",  # <session>/<hash>@v2
    "image-cache": "pasted-image",  # <session>/1.png
    "paste-cache": "pasted-text",  # <hash>.txt, named by a `contentHash` in history.jsonl
    "plans": "plan",  # <words>.md
    "tasks": "task",  # <session>/1.json
    "todos": "todos",  # <session>-agent-<agent>.json
    "uploads": "upload",  # <session>/…
}

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def side_files(
    directory: Path, projects_of: Mapping[str, Collection[str]]
) -> Iterator[SideFile | Skipped]:
    """List them, by path; a file of a session that several projects have, once for each.

    Args:
        directory: a configuration directory.
        projects_of: the projects of each session whose transcript is there.
    """
    for name, kind in FOLDERS.items():
        folder = child(directory / name)
        if folder is None:
            continue
        if isinstance(folder, Skipped):
            yield folder
            continue
        for found in files_under(folder.path):
            if isinstance(found, Skipped):
                yield found
                continue
            place = found.path.relative_to(directory)
            owner = UUID.match(place.parts[1])
            session_id = owner[0] if owner else None
            projects: list[str | None] = [*sorted(projects_of.get(session_id or "", ()))]
            for project_key in projects or [None]:
                yield SideFile(
                    found.path,
                    session_id,
                    project_key,
                    kind,
                    place.as_posix(),
                    found.size,
                    found.mtime_ns,
                )
