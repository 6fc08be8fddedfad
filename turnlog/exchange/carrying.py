"""Sessions written as JSON lines that another log takes in: whole events, with their hashes.

docs/exchange.md describes the format for whoever reads it elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.values import Stream
from ..adapters.storage.damage import damaged
from ..adapters.storage.encoding.chain import START
from ..adapters.storage.encoding.compression import Compressor
from ..adapters.storage.encoding.state_bytes import dump_memory
from ..domain.errors import DamagedEvent, Refused
from ..domain.events import EntryRedacted, FileKept, SessionErased
from ..domain.keys import SessionKey
from ..evidence.identity import log_id
from ..evidence.lines import LineWriter, event_members
from ..evidence.streams_in_file import Streams
from ..projections.sessions import Session

FORMAT = "turnlog-sessions.v1"

Write = Callable[[bytes], object]


class _Part(NamedTuple):
    """Of a stream, what is carried."""

    key: SessionKey
    upto: int


def write_sessions(
    store: Store,
    write: Write,
    sessions: Iterable[Session],
    progress: Callable[[Session], None],
    everything: bool = False,
) -> int:
    """Write sessions with their subagents and kept files, and what forks took over from others.

    Args:
        everything: also subagents whose session was never recorded, which no list shows.

    Returns:
        How many of those.

    Raises:
        DamagedEvent: an event cannot be read back, or is not what was recorded.
        Refused: a session lost its content with its key.
    """
    name = log_id(store)
    rows = list(sessions)
    listed = [row.key.main for row in rows]
    with store.read() as reader:
        carrier = _Carrier(reader, write, frozenset(listed))
        carrier.begin(name)
        for row, key in zip(rows, listed, strict=True):
            carrier.session(key)
            progress(row)
        strays = carrier.strays() if everything else 0
        carrier.end()
    return strays


class _Carrier:
    """Writes streams one after another, each once."""

    def __init__(self, reader: Reader, write: Write, listed: frozenset[SessionKey]) -> None:
        self._reader = reader
        self._write = write
        self._listed = listed
        self._lines = LineWriter()
        self._heads: dict[str, tuple[int, str]] = {}
        self._files: set[str] = set()
        self._events = 0
        self._checked = Streams(begins=True)

    def begin(self, log: str) -> None:
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._line({"format": FORMAT, "log": log, "exported_at": now})

    def session(self, key: SessionKey) -> None:
        """A session, behind those that it needs."""
        stream = self._reader.find(key)
        if stream is None or key.stream_id in self._heads:
            return
        for part in _needed(self._reader, stream):
            if part.key in self._listed:
                self.session(part.key)
            else:
                self._origin(part)
        self._stream(_Part(key, stream.version), stream)
        for subkey in self._reader.subkeys(key):
            agent = self._reader.find(subkey)
            if agent is not None:
                self._stream(_Part(subkey, agent.version), agent)

    def strays(self) -> int:
        """Subagents whose session is not in the log; how many."""
        found = 0
        for key in self._reader.streams():
            if key.subpath is not None and self._reader.find(key.main) is None:
                agent = self._reader.find(key)
                if agent is not None:
                    self._stream(_Part(key, agent.version), agent)
                    found += 1
        return found

    def end(self) -> None:
        heads = {name: list(head) for name, head in sorted(self._heads.items())}
        self._line({"events": self._events, "files": len(self._files), "heads": heads})

    def _origin(self, part: _Part) -> None:
        """Of a session that is not exported itself: what a fork took over."""
        stream = self._reader.find(part.key)
        if stream is None:
            raise DamagedEvent(f"{part.key.stream_id!r}, of which a fork begins, is not in the log")
        if part.key.stream_id not in self._heads:
            self._stream(part._replace(upto=_explained(self._reader, stream, part.upto)), stream)

    def _stream(self, part: _Part, stream: Stream) -> None:
        name = part.key.stream_id
        memory = json.loads(dump_memory(stream.memory))
        self._line({"begins": name, "upto": part.upto, "memory": memory})
        previous: bytes | None = START
        for event in self._reader.hashed_of(stream, 0, part.upto):
            self._line(event_members(event, previous))
            if (what := self._checked.take(self._events, event, previous)) is not None:
                raise damaged(f"version {event.version} of {name!r:.200}", what)
            previous = None
            self._heads[name] = (event.version, event.chain.hex())
            self._events += 1
        self._whole(name)
        for digest in _kept(self._reader, stream, part.upto):
            self._file(digest)

    def _whole(self, name: str) -> None:
        """Make sure that what is written can be taken in."""
        found = self._checked.found[name]
        if found.gone:
            raise Refused(
                f"the content of {name!r:.200} is not there, and no event tells why: it went with "
                "its key; erase it (`turnlog erase`), then it is exported without"
            )
        for version, (_, what) in sorted(found.wrong(True).items()):
            raise damaged(f"version {version} of {name!r:.200}", what)

    def _file(self, digest: str) -> None:
        if digest in self._files:
            return
        found = self._reader.file(bytes.fromhex(digest))
        if found is None:
            return  # it went when its session was erased
        self._files.add(digest)
        content = Compressor().decompress(found.codec, None, found.data)
        told = base64.b64encode(content).decode()
        self._line({"file": digest, "size": len(content), "content": told})

    def _line(self, members: dict[str, Any]) -> None:
        self._write(self._lines.line(members))


def _needed(reader: Reader, stream: Stream) -> Iterator[_Part]:
    """What a fork took over from others, each behind what it needs itself."""
    upto: dict[str, int] = {}
    for segment in stream.state.base:
        if segment.stream is not None:
            reaches = (segment.seen, segment.upto, segment.late_upto)
            last = max((reach for reach in reaches if reach is not None), default=0)
            upto[segment.stream] = max(upto.get(segment.stream, 0), last)
    for name, last in upto.items():
        origin = reader.find(SessionKey.parse(name))
        version = origin.version if origin is not None else last
        yield _Part(SessionKey.parse(name), min(last, version))


def _explained(reader: Reader, stream: Stream, upto: int) -> int:
    """How far a stream is carried: what was erased or redacted later is told as such."""
    last = upto
    for recorded in reader.events(stream, upto, content="none"):
        if isinstance(recorded.event, SessionErased | EntryRedacted):
            last = recorded.version
    return last


def _kept(reader: Reader, stream: Stream, upto: int) -> list[str]:
    found = (recorded.event for recorded in reader.events(stream, 0, upto, "notes"))
    return list(dict.fromkeys(e.digest for e in found if isinstance(e, FileKept) and e.digest))
