"""The conversation as one reads it: every entry with the prompt and the turn it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.damage import damaged
from ..adapters.storage.encoding.blocks import read_entry
from ..domain.entry import Mark
from ..domain.lineage import Lineage, Segment
from .lineages import heads_of
from .loading import bodies_of, erased, is_erased


class Line(NamedTuple):
    """One entry of a conversation."""

    version: int
    prompt: int
    """How many prompts there are up to it: ``prompt:N`` ends after the last line of prompt N."""
    turn: int
    """The same with ``turn:N``."""
    marks: int
    late: bool
    occurred_at: int | None
    """Milliseconds since 1970 UTC."""
    body: Body
    stream: str | None = None
    """The session it was taken over from by a fork; None where it is this stream's own."""
    place: int = 0
    """The version at whose place it stands: its own, unless it came late."""

    @property
    def entry(self) -> dict[str, Any]:
        """The entry as it was appended."""
        found: dict[str, Any] = read_entry(self.body)
        return found

    @property
    def json(self) -> str:
        """The entry's canonical JSON."""
        return self.body.data.partition(b"\n")[0].decode("utf-8", "surrogatepass")

    @property
    def asks(self) -> bool:
        """Whether a person asked something here."""
        return bool(self.marks & Mark.PROMPT)


class Numbering:
    """Counts the prompts and the turns of a lineage, as ``points`` does."""

    def __init__(self, prompts: int = 0, turns: int = 0) -> None:
        self.prompts = prompts
        self._before = turns
        self._turns: set[tuple[str | None, int]] = set()

    @property
    def turns(self) -> int:
        """Responses seen so far."""
        return self._before + len(self._turns)

    def count(self, marks: int, turn: int | None, stream: str | None = None) -> None:
        """Take in the next entry."""
        self.prompts += bool(marks & Mark.PROMPT)
        if turn is not None:
            self._turns.add((stream, turn))


def transcript_of(
    reader: Reader, stream: Stream, line: Lineage, numbers: Numbering | None = None
) -> Iterator[Line]:
    """The entries of a lineage in load order, numbered, in bounded memory.

    Raises:
        ContentErased: they were erased.
        DamagedEvent: some cannot be read, or are not there.
    """
    numbers = numbers or Numbering()
    heads, bodies = heads_of(reader, stream, line), bodies_of(reader, stream, line)
    for head, body in zip_longest(heads, bodies):
        if head is None or body is None or head.version != body.version:
            if head is not None and is_erased(stream, head.version):
                raise erased(stream)
            raise damaged(f"the conversation of {stream.key.stream_id!r}", "something is missing")
        numbers.count(head.marks, head.turn, head.stream)
        yield Line(
            head.version,
            numbers.prompts,
            numbers.turns,
            head.marks,
            head.place is not None,
            head.occurred_at,
            body,
            head.stream,
            head.place or head.version,
        )


def left_behind(reader: Reader, stream: Stream, branch: int, prompts: int = 0) -> Iterator[Line]:
    """The entries of a branch that are not on the live one, numbered, in bounded memory.

    Args:
        prompts: how many there were when the branch began.

    Raises:
        DamagedEvent: some cannot be read, or are not there.
    """
    state = stream.state
    for line in transcript_of(reader, stream, (Segment(branch, None),), Numbering(prompts)):
        late = line.version if line.late else 0
        if line.version > state.life and not state.is_live(branch, line.place, late):
            yield line
