"""What an import has to read, and what it may pass by."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from ..adapters.claude.found import Skipped, Transcript
from ..adapters.claude.importer import Meta, Task
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Source
from ..domain.errors import InvalidKey
from ..domain.keys import SessionKey
from ..evidence.lines import is_exported_at
from .arriving import Import

LONGEST_NAME = 1024
"""Characters of the longest name: a B-tree page of PostgreSQL takes 2,704 bytes."""

_EXPORTED = "what turnlog exported, no transcript: `turnlog import` takes the file by its own name"


@dataclass(slots=True)
class Plan:
    """The transcripts to read."""

    rounds: list[list[Task]] = field(default_factory=list)
    """One after the other. Two files of the same stream are never read at the same time."""
    sizes: dict[Path, int] = field(default_factory=dict)
    """By transcript, in bytes."""
    done: set[Path] = field(default_factory=set)
    """Transcripts that need not be read."""


def source_name(machine: str | None, path: Path, of: str = "") -> str:
    """By what the log remembers a file of a machine; ``of`` tells more than one use apart."""
    name = f"{quote(machine or '')}:{quote(os.fsencode(path))}{' ' if of else ''}{of}"
    if len(name) > LONGEST_NAME:
        name = f"{name[:200]}…{sha256(name.encode()).hexdigest()}"
    return name


def plan(importing: Import, found: Iterable[Transcript | Skipped]) -> Plan:
    """Compare what lies on the disk with what was imported before."""
    planned = Plan()
    summary = importing.summary
    sessions: set[SessionKey] = set()
    streams: dict[SessionKey, int] = {}
    with importing.store.read() as reader:
        for transcript in found:
            if isinstance(transcript, Skipped):
                summary.skip(transcript.path, transcript.reason)
                continue
            try:
                key = SessionKey.of(
                    SessionKey(transcript.project_key, transcript.session_id, transcript.subpath)
                )
            except InvalidKey as problem:
                summary.skip(transcript.path, str(problem))
                continue
            task = _task(importing, reader, key, transcript)
            if task is not None and task.left is None and is_exported_at(transcript.path):
                summary.skip(transcript.path, _EXPORTED)
                continue
            sessions.add(key.main)
            summary.files += 1
            summary.subagents += key.subpath is not None and key not in streams
            planned.sizes[transcript.path] = transcript.size
            if task is None:
                planned.done.add(transcript.path)
                continue
            nth = streams[key] = streams.get(key, -1) + 1
            if nth == len(planned.rounds):
                planned.rounds.append([])
            planned.rounds[nth].append(task)
    summary.sessions += len(sessions)
    return planned


def _task(
    importing: Import, reader: Reader, key: SessionKey, transcript: Transcript
) -> Task | None:
    if importing.leaves_out(reader, key):
        importing.summary.deleted += 1
        return None
    machine = importing.machine
    name = source_name(machine, transcript.path)
    left = None if importing.restore else reader.source(name)
    same = left is not None and is_as_left(
        left, transcript.size, transcript.mtime_ns, transcript.inode
    )
    importing.summary.unchanged += same
    meta = None
    if transcript.meta_path is not None:
        meta = Meta(transcript.meta_path, source_name(machine, transcript.meta_path))
        if not importing.restore and _is_unchanged(reader, meta):
            meta = None
    if same and meta is None:
        return None
    return Task(transcript.path, key, name, left, meta, same, importing.redaction)


def _is_unchanged(reader: Reader, meta: Meta) -> bool:
    left = reader.source(meta.name)
    try:
        status = meta.path.stat()
    except OSError:
        return False  # reading it says what is wrong
    return left is not None and is_as_left(left, status.st_size, status.st_mtime_ns, status.st_ino)


def is_as_left(left: Source, size: int, mtime_ns: int, inode: int) -> bool:
    """Whether a file is as the last import left it."""
    return (left.size, left.mtime_ns, left.inode) == (size, mtime_ns, inode)
