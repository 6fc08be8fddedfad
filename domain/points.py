"""Points in time: how they are written, and where they lie in a session.

``prompt:2`` is just after all that answers the second prompt, ``turn:3`` after the third response
and the results of its tools; also ``version:120``, ``checkpoint:NAME``, ``message:UUID``,
``time:2026-01-30T14:23Z``, ``recorded:…`` (the store's clock) and ``position:1200`` (of the log).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from .entry import Mark
from .errors import InvalidPoint, PointNotFound
from .lineage import Among, among_of

_NUMBERED = ("prompt", "turn", "version", "position")
_TIMED = ("time", "recorded")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 253_402_300_800_000
"""The year 10,000, in milliseconds since 1970 UTC: no date is written so late."""
KINDS = (*_NUMBERED, "checkpoint", "message", *_TIMED)
RECORDED = ("version", "position", *_TIMED)
"""Points that lie between two events, whatever these belong to."""


class Point(NamedTuple):
    """A point as it was asked for."""

    kind: str
    value: str
    number: int = 0
    """The prompt, turn, version or position; for a time, milliseconds since 1970 UTC."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def of(cls, text: str | int | Point) -> Point:
        """Read a point; a bare number is a version.

        Raises:
            InvalidPoint: it is written wrongly; the message shows how it is written.
        """
        if isinstance(text, Point):
            return text
        kind, colon, value = str(text).partition(":")
        if not colon and kind.isascii() and kind.isdigit():
            kind, value = "version", kind
        if kind not in KINDS or not value:
            raise InvalidPoint(
                f"{str(text)!r:.80} names no point in time; write prompt:2, turn:3, version:120, "
                "checkpoint:NAME, message:UUID or time:2026-01-30T14:23Z"
            )
        if kind in _NUMBERED:
            if not (value.isascii() and value.isdigit() and len(value) < 16):
                raise InvalidPoint(f"{str(text)!r:.80} needs a whole number from 0, like {kind}:2")
            return cls(kind, value, int(value))
        if kind in _TIMED:
            return cls(kind, value, read_time(value))
        return cls(kind, value)


def read_time(text: str) -> int:
    """Milliseconds since 1970 of a time in ISO 8601, which is in UTC where it names no zone.

    Raises:
        InvalidPoint: it is written wrongly.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidPoint(
            f"time {text!r:.80} is not ISO 8601; write it like 2026-01-30T14:23Z"
        ) from None
    return in_milliseconds(moment)


def in_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970; without a zone it is in UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # In whole numbers: `timestamp() * 1000` falls a millisecond short of one in fifty.
    return (moment - _EPOCH) // timedelta(milliseconds=1)


class Head(NamedTuple):
    """The header of one recorded entry, as far as time needs it."""

    version: int
    branch: int
    before: int | None
    place: int | None
    marks: int
    turn: int | None
    occurred_at: int | None
    stream: str | None = None
    """Another session's stream, for what a fork took over."""

    @property
    def late(self) -> int:
        """Its version, if it came late and stands elsewhere; else 0."""
        return self.version if self.place is not None else 0


class Place(NamedTuple):
    """Where a point lies: everything up to here is kept."""

    version: int
    branch: int
    late_upto: int | None = None
    stream: str | None = None
    seen: int | None = None
    """For a version or a time: what came late after it was not there yet."""
    among: Among = ()
    """Which late entries that stand before ``late_upto`` are kept."""


def load_order(natural: Iterable[Head], late: Sequence[Head]) -> Iterator[Head]:
    """The entries of a transcript in their order: late ones stand before the one they precede."""
    if not late:
        yield from natural
        return
    waiting: dict[int, list[Head]] = {}
    for head in late:
        waiting.setdefault(head.before or 0, []).append(head)
    for head in natural:
        yield from _with_late(head, waiting)
    # The last ones kept may stand before an entry that is not.
    behind = waiting.keys() - {head.version for head in late}
    for place in sorted(behind):
        for head in waiting.pop(place):
            yield from _with_late(head, waiting)


def _with_late(head: Head, waiting: dict[int, list[Head]]) -> Iterator[Head]:
    stack: list[tuple[Head, bool]] = [(head, False)]
    while stack:
        head, opened = stack.pop()
        earlier = waiting.pop(head.version, None) if not opened else None
        if earlier:
            stack.append((head, True))
            stack.extend((other, False) for other in reversed(earlier))
        else:
            yield head


def resolve(point: Point, heads: Iterable[Head], first: Place) -> Place:
    """Find ``prompt:N`` or ``turn:N`` on the live branch.

    Args:
        point: what is asked for.
        heads: the live branch's entries in load order.
        first: the place before the first entry, for ``prompt:0`` and ``turn:0``.

    Raises:
        PointNotFound: the live branch has fewer; the message says how many.
    """
    if point.number == 0:
        return first
    heads = list(heads)
    if point.kind == "prompt":
        end, count = _prompt_end(heads, point.number)
    else:
        end, count = _turn_end(heads, point.number)
    if end is None:
        raise PointNotFound(
            f"{point}: the live branch has {count} {point.kind}s; the last is {point.kind}:{count}"
            if count
            else f"{point}: nothing was said yet"
        )
    return behind(heads, end)


def anchor_end(heads: Iterable[Head], anchor: int, kind: str) -> Place | None:
    """The end of the prompt or the response that began at version ``anchor``."""
    heads = list(heads)
    start = next((i for i, head in enumerate(heads) if head.version == anchor), None)
    if start is None:
        return None
    end, _ = (_turn_end if kind == "turn" else _prompt_end)(heads[start:], 1)
    return behind(heads, start + end) if end is not None else None


def _prompt_end(heads: Sequence[Head], number: int) -> tuple[int | None, int]:
    """Which entry is the last of a prompt, and how many prompts there are."""
    asked = [i for i, head in enumerate(heads) if head.marks & Mark.PROMPT]
    if number < len(asked):
        return asked[number] - 1, number
    return (len(heads) - 1 if number == len(asked) else None), len(asked)


def _turn_end(heads: Sequence[Head], number: int) -> tuple[int | None, int]:
    """The last entry of a response, or the last result of its tools if that is later."""
    turns: list[tuple[str | None, int | None]] = []
    end: int | None = None
    over = False
    for i, head in enumerate(heads):
        turn = head.stream, head.turn  # a fork counts its own from 1 again
        if head.turn is not None and turn not in turns:
            turns.append(turn)
        reached = len(turns) >= number
        over = over or len(turns) > number or (reached and bool(head.marks & Mark.PROMPT))
        own = reached and turn == turns[number - 1]
        if own or (reached and not over and head.marks & Mark.TOOL_RESULT):
            end = i
    return (end if len(turns) >= number else None), len(turns)


def behind(heads: Sequence[Head], last: int) -> Place:
    """The place behind one of some entries, in load order: everything up to it is kept."""
    head = heads[last]
    if head.place is None:
        return Place(head.version, head.branch, None, head.stream)
    # A late entry is the last one kept: it stands before its place, which is not kept.
    there = [(i, other.version) for i, other in enumerate(heads) if _beside(other, head)]
    among = among_of({v for i, v in there if i <= last}, {v for i, v in there if i > last})
    return Place(head.place - 1, head.branch, head.place, head.stream, among=among)


def _beside(one: Head, other: Head) -> bool:
    return (one.place, one.branch, one.stream) == (other.place, other.branch, other.stream)
