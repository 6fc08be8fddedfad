"""What there is to import: the files of a configuration directory, by what they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session's transcript, or one of its subagents' (``subpath``)."""

    path: Path
    project_key: str
    """The name of the project's folder."""
    session_id: str
    subpath: str | None
    """As the SDK spells it: ``subagents/agent-x``, ``subagents/workflows/w/agent-x``."""
    meta_path: Path | None
    """The ``.meta.json`` beside a subagent's transcript."""
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """``history.jsonl``: the prompts of all projects."""

    path: Path
    size: int
    mtime_ns: int
    inode: int


SideKind = Literal[
    "tool-result",
    "session-file",
    "file-backup",
    "pasted-text",
    "pasted-image",
    "plan",
    "task",
    "todos",
    "upload",
]


@dataclass(frozen=True, slots=True)
class SideFile:
    """What a transcript points to, and the CLI's clean-up takes with it."""

    path: Path
    session_id: str | None
    """None where only a transcript's text or a history line tells whose it is."""
    project_key: str | None
    """None where no transcript of that session lies in the directory."""
    kind: SideKind
    name: str
    """Its place in a configuration directory: ``file-history/<session>/<hash>@v2``."""
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is not read."""

    path: Path
    reason: str


Found = Transcript | HistoryFile | SideFile | Skipped
