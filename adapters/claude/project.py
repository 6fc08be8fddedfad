"""One project's folder: its sessions, their subagents, and the files that belong to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...domain.errors import NotJson
from ..storage.encoding.json_bytes import decode_line
from .folder import Child, child, children, files_under, told
from .found import Found, HistoryFile, SideFile, SideKind, Skipped, Transcript
from .lines import read_lines
from .side_files import UUID

RECORDS = ".jsonl"
HISTORY = "history.jsonl"
SUBAGENTS = "subagents"


def is_agent(name: str) -> bool:
    """Whether a file's name is that of a subagent's transcript."""
    return name.startswith("agent-") and name.endswith(RECORDS)


def history_file(found: Child) -> HistoryFile | Skipped:
    """``history.jsonl``, unless a folder has taken the name."""
    if found.is_folder:
        return Skipped(found.path, "a folder, no history")
    return HistoryFile(found.path, found.size, found.mtime_ns, found.inode)


def is_session_folder(path: Path) -> bool:
    """Whether a folder is a session's: named by a uuid, or with subagents in it."""
    return bool(UUID.fullmatch(path.name)) or isinstance(child(path / SUBAGENTS), Child)


@dataclass(slots=True)
class _Session:
    """The files of one session, before they are put in order."""

    main: Child | None = None
    folder: Child | None = None
    agents: list[tuple[Child, Path | None]] = field(default_factory=list)
    """Subagents' transcripts beside the main one, where older CLIs put them, and their metas."""
    beside: list[Child] = field(default_factory=list)
    """Other files that are named after the session."""


class Project:
    """A project's folder."""

    def __init__(self, folder: Path, key: str) -> None:
        """Take the folder, and what to call the project: the folder's name, as a rule."""
        self.folder = folder
        self.key = key

    def files(self) -> Iterator[Found]:
        """All that the folder holds, session by session: transcripts first, the main one ahead.

        A subagent whose transcript lies in an older and a newer place comes twice, under one key.
        """
        sessions: defaultdict[str, _Session] = defaultdict(_Session)
        agents: list[Child] = []
        folders: list[Child] = []
        loose: dict[Path, Child] = {}
        others: list[Found] = []
        for found in children(self.folder):
            if isinstance(found, Skipped):
                others.append(found)
            elif found.is_folder:
                folders.append(found)
            elif found.name == HISTORY:
                others.append(history_file(found))
            elif is_agent(found.name):
                agents.append(found)
            elif found.name.endswith(RECORDS):
                sessions[found.name.removesuffix(RECORDS)].main = found
            else:
                loose[found.path] = found
        for agent in agents:
            owner = _owner(agent)
            if isinstance(owner, Skipped):
                others.append(owner)
            elif owner is None:
                sessions[agent.path.stem].main = agent
            else:
                meta = loose.pop(_meta_path(agent.path), None)
                sessions[owner].agents.append((agent, meta.path if meta else None))
        for found in folders:
            if found.name in sessions or is_session_folder(found.path):
                sessions[found.name].folder = found
            else:
                others.append(Skipped(found.path, "no session's folder"))
        for found in loose.values():
            name = found.name.partition(".")[0]
            if name in sessions or UUID.fullmatch(name):
                sessions[name].beside.append(found)
            else:
                others.append(Skipped(found.path, "no transcript"))
        for session_id, session in sorted(sessions.items()):
            yield from self._session(session_id, session)
        yield from others

    def _session(self, session_id: str, session: _Session) -> Iterator[Found]:
        agents = [
            self._transcript(agent, session_id, f"{SUBAGENTS}/{agent.path.stem}", meta)
            for agent, meta in session.agents
        ]
        rest: list[Found] = [
            self._side_file(file, session_id, "session-file") for file in session.beside
        ]
        if session.folder:
            for found in self._session_folder(session.folder.path):
                if isinstance(found, Transcript):
                    agents.append(found)
                else:
                    rest.append(found)
        if session.main:
            yield self._transcript(session.main, session_id)
        yield from sorted(agents, key=lambda agent: (agent.subpath or "", agent.path))
        yield from rest

    def _session_folder(self, folder: Path) -> Iterator[Found]:
        files: dict[Path, Child] = {}
        for found in files_under(folder):
            if isinstance(found, Skipped):
                yield found
            else:
                files[found.path] = found
        for path in [path for path in files if is_agent(path.name)]:
            place = path.relative_to(folder)
            if place.parts[0] == SUBAGENTS:
                meta = files.pop(_meta_path(path), None)
                yield self._transcript(
                    files.pop(path),
                    folder.name,
                    place.with_suffix("").as_posix(),
                    meta.path if meta else None,
                )
        for path, file in files.items():
            place = path.relative_to(folder)
            if place.match(f"{SUBAGENTS}/workflows/*/journal.jsonl"):
                yield Skipped(path, "a workflow's journal, no transcript")
            elif place.parts[0] == "tool-results":
                yield self._side_file(file, folder.name, "tool-result")
            else:
                yield self._side_file(file, folder.name, "session-file")

    def _transcript(
        self, file: Child, session_id: str, subpath: str | None = None, meta: Path | None = None
    ) -> Transcript:
        return Transcript(
            file.path, self.key, session_id, subpath, meta, file.size, file.mtime_ns, file.inode
        )

    def _side_file(self, file: Child, session_id: str, kind: SideKind) -> SideFile:
        place = Path("projects", self.key, file.path.relative_to(self.folder)).as_posix()
        return SideFile(file.path, session_id, self.key, kind, place, file.size, file.mtime_ns)


def _meta_path(agent: Path) -> Path:
    return agent.with_suffix(".meta.json")


def _owner(agent: Child) -> str | Skipped | None:
    """The session that a subagent's records name; None where there are records that name none."""
    records = False
    try:
        with agent.path.open("rb", buffering=0) as file:
            for line in read_lines(file):
                try:
                    entry = decode_line(line.data)[0]
                except NotJson:
                    continue
                if isinstance(entry, dict):
                    records = True
                    session_id = entry.get("sessionId")
                    if isinstance(session_id, str) and session_id:
                        return session_id
    except OSError as problem:
        return Skipped(agent.path, told(problem))
    return None if records else Skipped(agent.path, "no record tells yet whose subagent it is")
