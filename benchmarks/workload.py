"""What is recorded: entries of published transcripts, or of the synthetic workload of the tests."""

from __future__ import annotations

import random
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

Entry = dict[str, Any]

# Leaves the version and variant bits of a random uuid as they are.
_FREE_BITS = UUID("ffffffff-ffff-0fff-0fff-ffffffffffff").int
_LINKS = ("uuid", "parentUuid", "logicalParentUuid", "leafUuid", "sourceToolAssistantUUID")


@dataclass(frozen=True)
class Transcript:
    """The lines of one transcript, each a JSON object that orjson reads."""

    project_key: str
    session_id: str
    subpath: str | None
    lines: list[bytes]

    @property
    def key(self) -> dict[str, str]:
        key = {"project_key": self.project_key, "session_id": self.session_id}
        return key | {"subpath": self.subpath} if self.subpath else key


@dataclass
class Workload:
    """Transcripts, and the configuration directory they were read from.

    `name` is "corpus" or "synthetic"; `left_out` counts lines that orjson does not read, which no
    yardstick could write.
    """

    name: str
    directory: Path
    transcripts: list[Transcript]
    left_out: int = 0
    _main: list[list[bytes]] = field(init=False)
    _short: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._main = [_distinct(t.lines) for t in self.transcripts if t.subpath is None]
        random.Random(2).shuffle(self._main)
        turns = (line for lines in self._main for line in lines if len(line) < 2_000)
        self._short = [line for line in turns if b'"message"' in line]

    @property
    def jsonl_bytes(self) -> int:
        """The size of every .jsonl file under the directory, in bytes."""
        return sum(path.stat().st_size for path in self.directory.rglob("*.jsonl"))

    def stream(self, session_id: str) -> Iterator[Entry]:
        """Endless entries of one session, each a copy of its own that nobody recorded before.

        They begin at a place that depends on `session_id`. Ids are new in each pass over a
        transcript, and links among them still hold. Lines without uuid carry a running number, so
        that none is the duplicate of another.
        """
        ordinals = count(1)
        place = random.Random(session_id)
        first = place.randrange(len(self._main))
        begin = place.randrange(len(self._main[first]))
        while True:
            for lines in self._main[first:] + self._main[:first]:
                salt = secrets.randbits(128) & _FREE_BITS
                for line in lines[begin:]:
                    yield _renewed(orjson.loads(line), session_id, salt, ordinals)
                begin = 0

    def batches(self, session_id: str, size: int, number: int) -> list[list[Entry]]:
        """The first `number` batches of `size` entries of a new `stream`."""
        entries = self.stream(session_id)
        return [list(islice(entries, size)) for _ in range(number)]

    def write_copy(self, directory: Path, number: int) -> int:
        """Write every transcript under `directory`/projects, as other sessions.

        Args:
            number: tells one copy from another.

        Returns:
            How many entries there are.
        """
        salt = random.Random(number).getrandbits(128) & _FREE_BITS
        ordinals = count(1)
        written = 0
        for transcript in self.transcripts:
            session_id = _moved(transcript.session_id, salt)
            below = [session_id, *(transcript.subpath or "").split("/")]
            parts = below if transcript.subpath else below[:1]
            path = directory / "projects" / transcript.project_key / Path(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            entries = (
                _renewed(orjson.loads(line), session_id, salt, ordinals)
                for line in transcript.lines
            )
            path.with_name(f"{path.name}.jsonl").write_bytes(
                b"".join(encoded(entry) + b"\n" for entry in entries)
            )
            written += len(transcript.lines)
        return written

    def short(self, session_id: str, number: int) -> list[Entry]:
        """`number` messages below 2 KB, for sessions of which only the number matters."""
        salt = secrets.randbits(128) & _FREE_BITS
        lines = random.Random(session_id).sample(self._short, number)
        return [_renewed(orjson.loads(line), session_id, salt, count(1)) for line in lines]


def encoded(entry: Entry) -> bytes:
    return orjson.dumps(entry)


def read_directory(directory: Path, name: str) -> Workload:
    """Read every transcript under `directory`/projects.

    Raises:
        FileNotFoundError: there is none.
    """
    transcripts: list[Transcript] = []
    left_out = 0
    for path in sorted((directory / "projects").rglob("*.jsonl")):
        if path.name == "journal.jsonl":
            continue
        lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
        readable = [line for line in lines if _is_object(line)]
        left_out += len(lines) - len(readable)
        if readable:
            transcripts.append(_transcript(directory / "projects", path, readable))
    if not transcripts:
        raise FileNotFoundError(f"no transcript under {directory / 'projects'}")
    return Workload(name, directory, transcripts, left_out)


def _transcript(projects: Path, path: Path, lines: list[bytes]) -> Transcript:
    project_key, *below = path.relative_to(projects).with_suffix("").parts
    if len(below) > 1:
        return Transcript(project_key, below[0], "/".join(below[1:]), lines)
    if path.stem.startswith("agent-"):
        parent = str(orjson.loads(lines[0]).get("sessionId", path.stem))
        return Transcript(project_key, parent, f"subagents/{path.stem}", lines)
    return Transcript(project_key, path.stem, None, lines)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _distinct(lines: list[bytes]) -> list[bytes]:
    seen: set[str] = set()
    kept: list[bytes] = []
    for line in lines:
        uuid = orjson.loads(line).get("uuid")
        if uuid is None or uuid not in seen:
            kept.append(line)
            seen.add(uuid)
    return kept


def _renewed(entry: Entry, session_id: str, salt: int, ordinals: Iterator[int]) -> Entry:
    for name in _LINKS:
        if isinstance(old := entry.get(name), str):
            entry[name] = _moved(old, salt)
    if "uuid" not in entry:
        entry["ordinal"] = next(ordinals)
    if "sessionId" in entry:
        entry["sessionId"] = session_id
    suffix = f"{salt & 0xFFFFFF:06x}"
    message = entry.get("message")
    if isinstance(message, dict) and "id" in message:
        message["id"] = f"{message['id']}{suffix}"
    if "requestId" in entry:
        entry["requestId"] = f"{entry['requestId']}{suffix}"
    return entry


def _moved(old: str, salt: int) -> str:
    try:
        return str(UUID(int=UUID(old).int ^ salt))
    except ValueError:
        return f"{old}-{salt & 0xFFFFFF:06x}"


def synthetic(directory: Path) -> Workload:
    """The generated history that the tests use too, 120 sessions written anew under `directory`."""
    from tests.support.workload import sessions

    target = directory / "synthetic"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for transcript in sessions(120, 170, seed=2):
        transcript.write(target)
    return read_directory(target, "synthetic")
