"""Reading exported sessions: every line and every hash is checked, the first wrong one is named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..adapters.claude.kept_files import LARGEST as LARGEST_FILE
from ..adapters.storage.contract.evidence import Hashed
from ..adapters.storage.damage import UNREADABLE
from ..adapters.storage.encoding.chain import START
from ..adapters.storage.encoding.state_bytes import load_memory
from ..domain.batch import Memory
from ..domain.errors import InvalidEvidence, TurnlogError
from ..domain.keys import SessionKey
from ..evidence.lines import BEGINNING, Line, read_event, read_line
from ..evidence.lines import FORMAT as TRAIL
from ..evidence.streams_in_file import Streams
from .carrying import FORMAT

LONGEST = 1 << 28
"""Bytes of the longest line that is read."""


class At(NamedTuple):
    """Where one is in a file: before some line."""

    offset: int = 0
    """In bytes."""
    number: int = 0
    """Of the line before, from 1 on."""
    before: bytes = BEGINNING
    """That line's hash."""


class Part(NamedTuple):
    """A stream of the file."""

    key: SessionKey
    upto: int
    memory: Memory
    at: At
    """Before its first line."""


class Content(NamedTuple):
    """The content of a kept file."""

    digest: bytes
    data: bytes


def is_export(file: BinaryIO) -> bool:
    """Whether a file holds exported sessions, of this format or a later one."""
    file.seek(0)
    begins = file.read(40)
    file.seek(0)
    return begins.startswith(b'{"format":"turnlog-sessions.')


def is_export_at(path: Path) -> bool:
    """Whether there is such a file; whoever cannot read it says so when it is read."""
    try:
        with path.open("rb") as file:
            return file.seekable() and is_export(file)
    except OSError:
        return False


def ignore(part: Part, event: Hashed) -> None:
    """Watch nothing."""


def check(file: BinaryIO, watch: Callable[[Part, Hashed], None] = ignore) -> list[Part]:
    """Read a file from its first line to its last, and check all of it.

    Args:
        watch: told of every event once it holds, with the stream it is of.

    Returns:
        The streams, in the order of the file.

    Raises:
        InvalidEvidence: a line is not what was exported; the message names it.
    """
    checking = _Checking(watch)
    number = 0
    for at, line in _lines(file, At()):
        number = at.number + 1
        try:
            checking.take(at, line)
        except InvalidEvidence as problem:
            raise _wrong(number, str(problem)) from None
    if not checking.ended:
        raise _wrong(number, "the file is cut off after it: its last line is missing")
    return checking.parts


def content_of(file: BinaryIO, part: Part) -> Iterator[Hashed | Content]:
    """The events of a stream, and the kept files behind them.

    Raises:
        InvalidEvidence: the file was changed since it was checked.
    """
    lines = _lines(file, part.at)
    next(lines, None)
    for _, line in lines:
        if "position" in line.members:
            yield read_event(line.members)[0]
        elif "file" in line.members:
            yield _content(line.members)
        else:
            return


def _lines(file: BinaryIO, at: At) -> Iterator[tuple[At, Line]]:
    file.seek(at.offset)
    while raw := file.readline(LONGEST):
        try:
            line = read_line(raw.rstrip(b"\r\n"))
        except InvalidEvidence as problem:
            raise _wrong(at.number + 1, str(problem)) from None
        if sha256(at.before + line.text).digest() != line.hashed:
            what = "it was edited or moved, or the line before it is missing"
            raise _wrong(at.number + 1, what)
        yield at, line
        at = At(at.offset + len(raw), at.number + 1, line.hashed)


def _wrong(number: int, what: str) -> InvalidEvidence:
    return InvalidEvidence(f"line {number}: {what}")


class _Checking:
    """What is known of a file, line by line."""

    def __init__(self, watch: Callable[[Part, Hashed], None]) -> None:
        self._watch = watch
        self._streams = Streams(begins=True)
        self._events = self._files = 0
        self.parts: list[Part] = []
        self.ended = False

    def take(self, at: At, line: Line) -> None:
        """The next line. What is wrong with it is raised."""
        told = line.members
        if at.number == 0:
            if told.get("format") == TRAIL:
                raise InvalidEvidence("it begins an exported audit trail, which holds no sessions")
            if told.get("format") != FORMAT:
                raise InvalidEvidence(
                    f"its format is {told.get('format')!r:.60}, not {FORMAT!r}; a later release "
                    "may read it"
                )
        elif self.ended:
            raise InvalidEvidence("it stands after the end")
        elif "begins" in told:
            self._whole()
            self.parts.append(self._part(at, told))
        elif "position" in told:
            self._event(at.number + 1, told)
        elif "file" in told:
            _content(told)
            self._files += 1
        else:
            self._whole()
            self._end(told)

    def _part(self, at: At, told: dict[str, Any]) -> Part:
        name, upto = told["begins"], told.get("upto")
        try:
            key = SessionKey.of(SessionKey.parse(name))
            memory = load_memory(json.dumps(told.get("memory")).encode())
        except (TurnlogError, *UNREADABLE) as problem:
            raise InvalidEvidence(f"it begins no stream: {problem}") from None
        if key.stream_id != name or type(upto) is not int or upto < 1:
            raise InvalidEvidence(f"it begins no stream: {name!r:.100}, up to {upto!r:.40}")
        if any(part.key == key for part in self.parts):
            raise InvalidEvidence(f"{name} stands in the file already")
        return Part(key, upto, memory, at)

    def _event(self, number: int, told: dict[str, Any]) -> None:
        event, previous = read_event(told)
        part = self.parts[-1] if self.parts else None
        if part is None or event.stream != part.key.stream_id or event.version > part.upto:
            raise InvalidEvidence("it belongs elsewhere")
        if (what := self._streams.take(number, event, previous)) is not None:
            raise InvalidEvidence(what)
        if previous is not None and previous != START:
            raise InvalidEvidence("a stream's chain begins with 32 zero bytes")
        if gaps := self._streams.found[event.stream].gaps:
            raise InvalidEvidence(f"before it, version {next(iter(gaps[0].versions))} is missing")
        self._events += 1
        self._watch(part, event)

    def _whole(self) -> None:
        """The stream before a line holds all that it should."""
        if not self.parts:
            return
        part = self.parts[-1]
        found = self._streams.found.get(part.key.stream_id)
        if found is None or found.version != part.upto:
            last = found.version if found is not None else 0
            raise InvalidEvidence(f"{part.key.stream_id} ends at version {last}, not {part.upto}")
        for version, (line, what) in sorted(found.wrong(True).items()):
            raise InvalidEvidence(f"version {version} of the stream before, line {line}: {what}")

    def _end(self, told: dict[str, Any]) -> None:
        heads = {}
        for part in self.parts:
            found = self._streams.found[part.key.stream_id]
            heads[part.key.stream_id] = [found.version, found.chains[0].hex()]
        if (told.get("events"), told.get("files")) != (self._events, self._files):
            raise InvalidEvidence("it tells of other events or files than there are")
        if told.get("heads") != heads:
            raise InvalidEvidence("it tells of other streams than there are")
        self.ended = True


def _content(told: dict[str, Any]) -> Content:
    digest, content = told.get("file"), told.get("content")
    if not isinstance(digest, str) or not isinstance(content, str):
        raise InvalidEvidence("it was edited, and holds no file any more")
    try:
        data = base64.b64decode(content, validate=True)
    except ValueError as problem:
        raise InvalidEvidence(f"it was edited: {problem}") from None
    if sha256(data).hexdigest() != digest or len(data) != told.get("size"):
        raise InvalidEvidence("the kept file in it has another content than its digest says")
    if len(data) > LARGEST_FILE:
        raise InvalidEvidence(f"the kept file in it is too large: {len(data):,} bytes")
    return Content(bytes.fromhex(digest), data)
