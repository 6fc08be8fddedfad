"""Verifying an exported trail: no database is needed, only the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from ..adapters.storage.contract.evidence import OWN, Hashed, Link, OwnFact
from ..domain.errors import DamagedEvent, InvalidEvidence
from .checking_seals import compare
from .extent import Measuring, StreamHead, root_of
from .heading import fits, read_head
from .lines import BEGINNING, Line, read_event, read_line
from .proofs import Proof
from .seals import TOPIC, Seal, Sealing, sealed_heads, sealing_of
from .streams_in_file import Gap, Streams, told_of

MOST = 1000
"""Problems that are told of one file: where nothing holds, each line is one."""


class Wrong(NamedTuple):
    """Something that is not as it was exported."""

    line: int
    """From 1 on; the line where it was noticed."""
    what: str
    event: str | None = None
    """The event of that line: stream, version and position."""

    def __str__(self) -> str:
        return f"line {self.line}{f' ({self.event})' if self.event else ''}: {self.what}"


class FileVerified(NamedTuple):
    """What a verification of a file found."""

    events: int
    streams: int
    after: int
    upto: int
    log: str
    problems: tuple[Wrong, ...]
    line: str
    """The hash of the last line, which stands for the whole file, in hexadecimal."""

    @property
    def holds(self) -> bool:
        """Whether nothing was touched."""
        return not self.problems


def verify_lines(
    lines: Iterable[bytes],
    seal: Seal | Proof | None = None,
    progress: Callable[[int], None] | None = None,
) -> FileVerified:
    """Verify an exported trail, and whether it is what was sealed.

    Args:
        lines: of the file, with or without their ends.
        seal: also compare with what was sealed, or with what is proven of a session.
        progress: called with the number of lines read.

    Raises:
        InvalidEvidence: the file is no trail, or is not whole enough for the seal.
    """
    numbered = enumerate((raw.rstrip(b"\r\n") for raw in lines), 1)
    checking = _Checking(read_head(next(numbered, (0, b""))[1]), seal)
    for number, raw in numbered:
        checking.take(number, raw)
        if progress is not None:
            progress(number)
    return checking.finish()


@dataclass
class _Break:
    """A line that does not follow the one before, and nothing else tells why."""

    line: int
    event: str | None
    position: int
    what: str = "it, or what stood before it, is not what was exported"


class _Checking:
    """What is known of a file, line by line."""

    def __init__(self, head: Line, sealed: Seal | Proof | None) -> None:
        self._head = head.members
        self._proof = sealed if isinstance(sealed, Proof) else None
        self._seal = sealed if isinstance(sealed, Seal) else None
        if sealed is not None:
            fits(self._head, sealed)
        self._wanted = {(p.stream, p.version): p for p in (self._proof or ((), ()))[1]}
        self._streams = Streams(begins=self._head["after"] == 0)
        self._all, self._sealed = Measuring(), Measuring()
        self._sealings: list[Sealing] = []
        self._problems: list[Wrong] = []
        self._breaks: list[_Break] = []
        self._number = 1
        self._position = self._head["after"]
        self._before: tuple[bytes, ...] = ()
        self._end: dict[str, Any] | None = None
        if not self._follows(head, BEGINNING):
            self._wrong(Wrong(1, "it was edited"))

    def take(self, number: int, raw: bytes) -> None:
        """The next line."""
        self._number = number
        explained = bool(self._problems) and self._problems[-1].line == number - 1
        try:
            line = read_line(raw)
        except InvalidEvidence as problem:
            self._wrong(Wrong(number, str(problem)))
            self._before = ()
            return
        followed = self._follows(line, *self._before)
        if self._end is not None:
            self._wrong(Wrong(number, "it stands after the end of the trail"))
            return
        if "events" in line.members:
            self._end = line.members
            event, what = None, None
        else:
            event, what = self._event(number, line.members, followed)
        if what is not None:
            self._wrong(Wrong(number, what, event))
        elif not (followed or explained):
            self._breaks.append(_Break(number, event, line.members.get("position", 0)))

    def _wrong(self, problem: Wrong) -> None:
        self._problems.append(problem)
        if len(self._problems) > 2 * MOST:
            self._problems = sorted(self._problems)[:MOST]

    def _follows(self, line: Line, *before: bytes) -> bool:
        """Whether a line's hash is made from the one before; goes on from this line."""
        made = [sha256(one + line.text).digest() for one in before]
        if line.hashed in made:
            self._before = (line.hashed,)
            return True
        # Either may be what was edited: what the line tells, or what its hash is made of.
        self._before = (line.hashed, *made[:1])
        return not before

    def _event(
        self, number: int, members: dict[str, Any], followed: bool
    ) -> tuple[str | None, str | None]:
        try:
            event, previous = read_event(members)
        except InvalidEvidence as problem:
            return None, f"it was edited: {problem}"
        name = f"{event.stream}, version {event.version}, position {event.position}"
        what = self._streams.take(number, event, previous)
        if what is None and event.position <= self._position:
            what = "it was moved, or its position was edited: a line before has a later one"
        if what is None and event.position > self._head["upto"]:
            what = f"its position lies after the end of the trail, {self._head['upto']}"
        if followed:  # a position that was edited makes no later line wrong
            self._position = max(self._position, event.position)
        last = self._breaks[-1] if self._breaks else None
        if last is not None and last.line == number - 1 and last.position > event.position:
            last.what = "it was moved here, or its position was edited: the next one is earlier"
        link = Link(event.position, event.stream, event.version, event.chain)
        self._all.take(link)
        if self._seal is not None and event.position <= self._seal.position:
            self._sealed.take(link)
        proof = self._wanted.get((event.stream, event.version))
        if proof is not None and proof.chain == event.chain.hex():
            del self._wanted[event.stream, event.version]
        if event.stream == OWN and event.topic == TOPIC and what is None and event.body:
            self._note(event, event.body)
        return name, what

    def _note(self, event: Hashed, body: bytes) -> None:
        facts = json.loads(event.header)[12]
        fact = OwnFact(event.position, event.version, TOPIC, event.recorded_at, facts, body)
        try:
            self._sealings.append(sealing_of(fact))
        except DamagedEvent:
            return  # some other seal's: from here only the names of streams are taken

    # -- the end -------------------------------------------------------------------------------

    def finish(self) -> FileVerified:
        """What was found."""
        extent = self._all.extent()
        gaps = self._streams.gaps()
        if self._end is None:
            what = "the trail is cut off after it: its last line is missing"
            self._wrong(Wrong(self._number, what))
        else:
            gaps += self._cut_off(self._end)
        for gap in gaps:
            self._wrong(self._missing(gap))
        self._problems += self._contents()
        self._problems += [Wrong(broken.line, broken.what, broken.event) for broken in self._breaks]
        if self._end is not None and not self._problems:
            self._compare_end(self._end)
        if self._seal is not None:
            self._problems += self._compare_seal(self._seal)
        for proof in self._wanted.values():
            what = f"{proof.stream}, version {proof.version}: it is not here as it was sealed"
            self._wrong(Wrong(self._number, what))
        return FileVerified(
            extent.events,
            len(extent.heads),
            self._head["after"],
            self._head["upto"],
            self._head["log"],
            tuple(sorted(self._problems)[:MOST]),
            self._before[0].hex() if self._before else "",
        )

    def _cut_off(self, end: dict[str, Any]) -> list[Gap]:
        gaps = []
        heads = end.get("heads")
        for name, head in heads.items() if isinstance(heads, dict) else ():
            found = self._streams.found.get(name)
            last = found.version if found is not None else None
            told = head[0] if isinstance(head, list) and head else None
            if type(told) is int and (last is None or last < told):
                first = last + 1 if last is not None else told
                since = found.line if found is not None else 1
                gaps.append(Gap(name, since, self._number, told_of(range(first, told + 1))))
        return gaps

    def _missing(self, gap: Gap) -> Wrong:
        """A gap, at the line where the trail itself is broken, if it is."""
        near = [broken for broken in self._breaks if gap.since < broken.line <= gap.line]
        line = gap.line
        if near:
            line = near[-1].line
            self._breaks.remove(near[-1])
        versions = list(gap.versions)
        told = f"version {versions[0]}" + (f" to {versions[-1]}" if versions[1:] else "")
        return Wrong(line, f"before it, {told} of {gap.stream} is missing")

    def _contents(self) -> list[Wrong]:
        """What is wrong with contents, which explains the line and the one after it."""
        found = [
            Wrong(line, what, f"{name}, version {version}")
            for name, stream in self._streams.found.items()
            for version, (line, what) in stream.wrong(self._head["content"]).items()
        ]
        near = {number for line, *_ in found for number in (line, line + 1)}
        self._breaks = [broken for broken in self._breaks if broken.line not in near]
        return found

    def _compare_end(self, end: dict[str, Any]) -> None:
        extent = self._all.extent()
        heads = {name: [head.version, head.chain.hex()] for name, head in extent.heads.items()}
        expected = {
            "events": extent.events,
            "heads": heads,
            "root": extent.root.hex(),
            "order": extent.order.hex(),
        }
        for name, value in expected.items():
            if end.get(name) != value:
                what = f"it was edited: its {name} is not that of the lines"
                self._wrong(Wrong(self._number, what))

    def _compare_seal(self, seal: Seal) -> list[Wrong]:
        past = [s for s in self._sealings if s.seal.number <= seal.number]
        heads: dict[str, StreamHead] | None = sealed_heads(past)
        if heads is not None and root_of(heads).hex() != seal.root:
            heads = None
        return [
            Wrong(self._number, f"{problem} (seal {seal.number})")
            for problem in compare(seal, self._sealed.extent(), heads)
        ]
