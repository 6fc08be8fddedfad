"""A transcript file in portions, each prepared to be recorded as one block.

Where a file is cut depends on its bytes alone, counted from its beginning, so that an import that
was killed and begins again records the same. A cut lies before an entry with a uuid: an entry
without one is known by the uuid before it and its ordinal among equal ones there, and that count
must not begin anew in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, cast

from ...domain.entry import Entry
from ...domain.errors import NotJson, TurnlogError
from ...domain.redaction import entry_without
from ..redaction import Redaction
from ..storage.encoding.blocks import LARGEST
from ..storage.encoding.json_bytes import decode_line
from .batches import corrupt, without
from .lines import read_lines
from .recovery import Corrupt, recover
from .transcript import understand

LONGEST_RUN = 8 << 20
"""Bytes of entries without uuid after which a portion ends all the same."""

LONGEST_LINE = 256 << 20
"""Bytes of the longest line that is read."""


class LineTooLong(TurnlogError):
    """A line of more than ``LONGEST_LINE`` bytes."""


class Place(NamedTuple):
    """From where a transcript can be read on as if it had been read from its beginning."""

    offset: int = 0
    preceding: bytes | None = None
    """The identity of the last uuid before it."""


BEGINNING = Place()


class Broken(NamedTuple):
    """Bytes that hold no entry."""

    offset: int
    size: int
    reason: str


@dataclass(slots=True)
class Portion:
    """Entries that are recorded together, in the order of the file."""

    entries: list[Entry]
    preceding: bytes | None
    """What the entries without uuid at its beginning are known by."""
    follower: bytes | None
    """The identity of the first uuid after it; None where that is not known yet."""
    end: int
    """Up to where the file is read with it."""
    resume: Place
    """From where to read on after it."""
    broken: list[Broken]


@dataclass(slots=True)
class Reading:
    """One transcript on its way through.

    Args:
        file: opened for reading bytes, unbuffered.
        session_id: of the stream it is for.
        main: whether that is a session's own, not a subagent's.
        place: from where to read.
        settled: nobody writes to the file any more, so that a torn last line stays torn.
        redaction: what is taken out of entries before they are recorded.
    """

    file: BinaryIO
    session_id: str
    main: bool = True
    place: Place = BEGINNING
    settled: bool = False
    redaction: Redaction | None = None
    end: int = 0
    """Up to where the file has been read."""
    unfinished: bool = False
    """Whether the last line was left for another time: it has no line feed and is no entry yet."""
    recovered: int = 0
    respelled: int = 0
    slugs: set[str] = field(default_factory=set)
    """The names of the plans that its entries belong to."""
    _broken: list[Broken] = field(default_factory=list)

    def portions(self) -> Iterator[Portion]:
        """What the file holds from the place on; the last portion may be empty.

        Raises:
            OSError: the file cannot be read.
            LineTooLong: a line is longer than any entry.
        """
        entries: list[Entry] = []
        size = run = runs = 0
        begin = last = self.place.preceding
        resume, cut = self.place, None
        self.end = resume.offset
        for offset, data, terminated in read_lines(
            cast(BinaryIO, _Bounded(self.file)), resume.offset
        ):
            end = offset + len(data) + terminated
            found: Sequence[Entry]
            try:
                entry = self._understood(data)
            except NotJson:
                if not (terminated or self.settled or not data):
                    self.unfinished = True
                    break
                found = self._recovered(offset, data)
                if not found:
                    self.end = end
                    continue
                weight = sum(len(piece.body) for piece in found)
                first, final = found[0].identity, found[-1].identity
            else:
                found = (entry,)
                weight = len(entry.body)
                first = final = entry.identity
            self.end = end
            if first is not None:
                cut = len(entries), size, offset, last
            while cut is not None and cut[0] and size + weight > LARGEST:
                count, part, at, before = cut
                ready, entries = entries[:count], entries[count:]
                follower = entries[0].identity if entries else first
                yield Portion(ready, begin, follower, at, Place(at, before), self._told(at))
                begin, size = before, size - part
                cut = (len(entries), size, offset, last) if first is not None else None
            if first is None and entries and run + weight > LONGEST_RUN:
                yield Portion(entries, begin, None, offset, resume, self._told(offset))
                runs += 1
                # A name of its own for what the rest of the run is known by: ordinals begin anew.
                begin = b"%b#%d" % (last or b"", runs)
                entries, size, run, cut = [], 0, 0, None
            entries += found
            size += weight
            if final is not None:
                run = runs = 0
                last = final
                resume = Place(end, last)
            else:
                run += weight
                if len(found) > 1:
                    last = _last_uuid(found) or last
        yield Portion(entries, begin, None, self.end, resume, self._told(self.end))

    def _recovered(self, offset: int, data: bytes) -> list[Entry]:
        """What can be saved of a line that is not one object, and the rest as it was found."""
        found = []
        for piece in recover(data):
            if isinstance(piece, Corrupt):
                self._broken.append(Broken(offset, len(piece.data), piece.reason))
                found.append(corrupt(piece.data, piece.reason, self.redaction))
            else:
                self.recovered += 1
                found.append(self._understood(piece.data))
            offset += len(piece.data)
        return found

    def _understood(self, data: bytes) -> Entry:
        found, body, careful, exact = decode_line(data)
        if type(found) is not dict:
            raise NotJson("no object")
        raw = None
        if not exact:
            self.respelled += 1
            raw = data
        slug = found.get("slug")
        if type(slug) is str:
            self.slugs.add(slug)
        if self.redaction and (clean := entry_without(found, self.redaction)) != found:
            return without(clean, body, self.session_id, self.main)
        return understand(found, body, self.session_id, careful, raw, self.main)

    def _told(self, upto: int) -> list[Broken]:
        told = [piece for piece in self._broken if piece.offset < upto]
        self._broken = self._broken[len(told) :]
        return told


def _last_uuid(entries: Sequence[Entry]) -> bytes | None:
    return next((e.identity for e in reversed(entries) if e.identity is not None), None)


class _Bounded:
    """A file that is read no further when one of its lines has no end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._line = 0
        self.seek = file.seek

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        newline = chunk.rfind(b"\n")
        self._line = self._line + len(chunk) if newline < 0 else len(chunk) - newline - 1
        if self._line > LONGEST_LINE:
            raise LineTooLong(f"a line of more than {LONGEST_LINE:,} bytes")
        return chunk
