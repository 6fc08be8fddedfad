"""A transcript made ready to be recorded: read from where the last import left it, and understood.

Nothing here knows the log, so that it can be done in another process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ...domain.entry import Entry, identity_of
from ...domain.errors import NotJson
from ...domain.keys import SessionKey
from ..redaction import Redaction
from ..storage.contract.values import Packed, Source
from ..storage.encoding.blocks import BlockCodec
from ..storage.encoding.json_bytes import decode_line
from .batches import prepare
from .folder import told
from .portions import BEGINNING, LineTooLong, Place, Portion, Reading

SETTLED = 3600.0
"""Seconds after its last change from when on a file's torn last line is taken for what it is."""

LARGEST_META = 1 << 20
"""Bytes of the largest ``.meta.json`` that is read."""

_LOOK_BACK = 1 << 16


class Meta(NamedTuple):
    """The ``.meta.json`` of a subagent."""

    path: Path
    name: str


class Task(NamedTuple):
    """A transcript to read."""

    path: Path
    key: SessionKey
    name: str
    """By what the log remembers the file."""
    left: Source | None = None
    """How the last import left it."""
    meta: Meta | None = None
    """What stands beside it, if that is to be read."""
    meta_only: bool = False
    """Whether the transcript itself is as it was left."""
    redaction: Redaction | None = None
    """What is taken out of entries before they are recorded."""


class Ending(NamedTuple):
    """What is known of a transcript once it has been read."""

    size: int
    """Bytes that were read."""
    unfinished: bool = False
    recovered: int = 0
    respelled: int = 0
    slugs: frozenset[str] = frozenset()
    meta: tuple[Entry, ...] = ()
    """What stands beside a subagent's transcript, as the entry the SDK makes of it."""
    problem: str | None = None
    """Why it was not read to its end."""
    meta_problem: str | None = None


@dataclass(slots=True)
class Prepared:
    """A part of a transcript, ready to be recorded."""

    task: int
    """The number of its task."""
    portion: Portion | None
    packed: Packed | None = None
    """Its bodies, compressed."""
    sources: tuple[Source, ...] = ()
    """How far the files are imported with it."""
    ending: Ending | None = None
    """With the last part."""

    @property
    def bodies(self) -> list[bytes]:
        """The entries that are stored together."""
        if self.portion is None:
            return []
        return [entry.body for entry in self.portion.entries if entry.corrupt is None]


def prepare_task(number: int, task: Task, codec: BlockCodec | None) -> Iterator[Prepared]:
    """Read a transcript and make its parts ready, the last one with how it ended.

    Args:
        codec: compresses the entries; None where that is not wanted, or done elsewhere.
    """
    for part in _parts(number, task):
        if codec is not None and (bodies := part.bodies):
            part.packed = codec.compress(bodies)
        yield part


def _parts(number: int, task: Task) -> Iterator[Prepared]:
    reading: Reading | None = None
    start = 0
    waiting: Portion | None = None
    sources: list[Source] = []
    problem: str | None = None
    if not task.meta_only:
        try:
            with task.path.open("rb", buffering=0) as file:
                reading = _begin(file, task)
                start = reading.place.offset
                inode = os.fstat(file.fileno()).st_ino
                for portion in reading.portions():
                    if waiting is not None:
                        left = Source(task.name, waiting.end, 0, inode, *waiting.resume)
                        yield Prepared(number, waiting, sources=(left,))
                    waiting = portion
                status = os.fstat(file.fileno())
            if waiting is not None:
                at = status.st_mtime_ns
                sources.append(Source(task.name, reading.end, at, inode, *waiting.resume))
        except (OSError, LineTooLong) as trouble:
            # What was read since the last part is left for the next import.
            waiting = None
            problem = told(trouble) if isinstance(trouble, OSError) else str(trouble)
    meta, meta_left, meta_problem = _read_meta(task)
    if meta_left is not None:
        sources.append(meta_left)
    ending = _ending(reading, start) if reading is not None else Ending(0)
    ending = ending._replace(meta=meta, problem=problem, meta_problem=meta_problem)
    yield Prepared(number, waiting, sources=tuple(sources), ending=ending)


def _ending(reading: Reading, start: int) -> Ending:
    return Ending(
        reading.end - start,
        reading.unfinished,
        reading.recovered,
        reading.respelled,
        frozenset(reading.slugs),
    )


def _begin(file: BinaryIO, task: Task) -> Reading:
    status = os.fstat(file.fileno())
    place = BEGINNING
    left = task.left
    grown = left is not None and left.inode == status.st_ino and left.size < status.st_size
    if left is not None and grown and _continues(file, left):
        place = Place(left.offset, left.preceding)
    file.seek(0)
    settled = time.time() - status.st_mtime > SETTLED
    return Reading(
        file, task.key.session_id, task.key.subpath is None, place, settled, task.redaction
    )


def _continues(file: BinaryIO, left: Source) -> bool:
    """Whether the file is the one that was left, and not another written in its place.

    The line before the offset is the one with the uuid that was noted. Only where an import was
    killed in the middle of a file may it be a line without one.
    """
    if left.offset == 0:
        return True
    size = _LOOK_BACK
    while True:
        start = max(0, left.offset - size)
        file.seek(start)
        before = file.read(left.offset - start).removesuffix(b"\n")
        newline = before.rfind(b"\n")
        if newline >= 0 or start == 0:
            break
        size *= 8
    try:
        found = decode_line(before[newline + 1 :])[0]
    except NotJson:
        return False
    uuid = found.get("uuid") if isinstance(found, dict) else None
    if isinstance(uuid, str) and uuid:
        return identity_of(uuid) == left.preceding
    return left.mtime_ns == 0


def _read_meta(task: Task) -> tuple[tuple[Entry, ...], Source | None, str | None]:
    """The entry that stands for the subagent's description, how it was left, and what is wrong."""
    if task.meta is None:
        return (), None, None
    try:
        with task.meta.path.open("rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(LARGEST_META + 1)
        if len(data) > LARGEST_META:
            return (), None, f"a description of more than {LARGEST_META:,} bytes"
        meta = decode_line(data)[0]
    except OSError as problem:
        return (), None, told(problem)
    except NotJson as problem:
        return (), None, str(problem)
    if not isinstance(meta, dict):
        return (), None, "no JSON object"
    # The type stands last, as in the SDK's own import, so that none in the file hides it.
    entries = prepare(task.key, [{**meta, "type": "agent_metadata"}], task.redaction)
    size = status.st_size
    left = Source(task.meta.name, size, status.st_mtime_ns, status.st_ino, size)
    return tuple(entries), left, None
