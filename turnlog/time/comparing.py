"""What happened between two points of a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.keys import SessionKey
from ..domain.points import Head, Place, Point
from ..domain.session import SessionState
from ..projections.sessions import Spent
from .lineages import heads_of, lineage_to
from .stretch import Named, Stretch, named, stretch_of, turns_of
from .transcribing import Numbering
from .travelling import find_place, state_of

_COMPARED = (
    "presence",
    "status",
    "stop_reason",
    "title",
    "tags",
    "user_id",
    "working_dir",
    "git_branch",
    "metadata",
)


class End(NamedTuple):
    """A point, with what leads to it."""

    point: str
    version: int
    """Of the last event kept; 0 before everything."""
    branch: int
    prompts: int
    turns: int
    entries: int


class Changed(NamedTuple):
    """A property of the session that is not the same at both points."""

    what: str
    """status, title, tags, and so on."""
    before: Any
    after: Any


class Difference(NamedTuple):
    """What happened between two points.

    Where one leads to the other, only ``added`` (or, backwards, only ``left``) holds anything.
    """

    key: SessionKey
    a: End
    b: End
    common: End
    """Up to where both are the same: ``a`` itself, if it leads to ``b``."""
    left: Stretch
    """What leads to ``a`` and not to ``b``."""
    added: Stretch
    """What leads to ``b`` and not to ``a``."""
    aside: Stretch
    """What was begun after ``a`` and recorded before ``b``, and leads to neither: tried, and left
    again by a rewind."""
    changed: tuple[Changed, ...]

    @property
    def live(self) -> Spent:
        """By how much what the live branch cost differs; negative where more was left."""
        return self.added.all_spent.minus(self.left.all_spent)

    @property
    def billed(self) -> Spent:
        """What was billed on the way; nothing that is left is un-spent."""
        return self.added.all_billed.plus(self.aside.all_billed)


def difference(reader: Reader, stream: Stream, a: Point, b: Point) -> Difference:
    """Compare two points of a session.

    Raises:
        PointNotFound: the session has no such point.
        DamagedEvent: an entry between them cannot be read.
    """
    places = find_place(reader, stream, a), find_place(reader, stream, b)
    of_a, of_b = (list(heads_of(reader, stream, lineage_to(stream, p))) for p in places)
    in_a, in_b = set(map(named, of_a)), set(map(named, of_b))
    kept = [head for head in of_a if named(head) in in_b]
    left = [head for head in of_a if named(head) not in in_b]
    added = [head for head in of_b if named(head) not in in_a]
    aside = _aside(reader, stream, places, in_a | in_b)
    before, after = state_of(reader, stream, a), state_of(reader, stream, b)
    end_a, end_b = _end(str(a), places[0], of_a), _end(str(b), places[1], of_b)
    common = end_a if not left else end_b if not added else _common(kept)
    elsewhere = turns_of(kept)
    return Difference(
        stream.key,
        end_a,
        end_b,
        common,
        stretch_of(reader, stream, left, _numbers(of_a), elsewhere),
        stretch_of(reader, stream, added, _numbers(of_b), elsewhere),
        stretch_of(reader, stream, aside, {}, turns_of(of_a) | turns_of(of_b)),
        tuple(_changes(before, after)),
    )


def _aside(
    reader: Reader, stream: Stream, places: tuple[Place, Place], known: set[Named]
) -> list[Head]:
    a, b = places
    if a.stream is not None or b.stream is not None:
        return []
    heads = reader.all_heads(stream)
    between = [head for head in heads if a.version < head.version <= b.version]
    return [head for head in between if named(head) not in known]


def _end(point: str, place: Place, heads: Sequence[Head]) -> End:
    numbers = Numbering()
    for head in heads:
        numbers.count(head.marks, head.turn, head.stream)
    return End(point, place.version, place.branch, numbers.prompts, numbers.turns, len(heads))


def _common(kept: Sequence[Head]) -> End:
    if not kept:
        return _end("prompt:0", Place(0, 0), kept)
    last = kept[-1]
    point = f"version:{last.version}"
    if last.stream is not None:
        point += f" of {SessionKey.parse(last.stream).session_id}"
    return _end(point, Place(last.version, last.branch), kept)


def _numbers(heads: Sequence[Head]) -> dict[Named, int]:
    """The number of each entry's prompt."""
    numbers, found = Numbering(), {}
    for head in heads:
        numbers.count(head.marks, head.turn, head.stream)
        found[named(head)] = numbers.prompts
    return found


def _changes(before: SessionState, after: SessionState) -> list[Changed]:
    told = ((name, getattr(before, name), getattr(after, name)) for name in _COMPARED)
    return [Changed(*change) for change in told if change[1] != change[2]]
