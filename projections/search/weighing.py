"""How well a text answers a question, and the part of it that shows why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import log10
from typing import NamedTuple

from .looking import Looked, Place
from .question import Alternative, Question
from .texts import Field

WEIGHTS = {
    Field.TITLE: 8.0,
    Field.PROMPT: 4.0,
    Field.ANSWER: 2.5,
    Field.INPUT: 1.2,
    Field.RESULT: 1.0,
}
"""What a text counts for where it stands."""
_YEAR = 365 * 86_400_000
_BEFORE = 40
"""Characters shown before the first word that was found."""


class Snippet(NamedTuple):
    """A passage of a text, on one line, with what was found in it."""

    text: str
    marks: tuple[tuple[int, int], ...]
    """Where in the passage the words stand: from, and up to."""


def prior(field: int, at: int, newest: int) -> float:
    """What a text counts for before it is read: by its field, and half as much after a year.

    Args:
        at: when it was said, in milliseconds.
        newest: the same of the newest text found.
    """
    return WEIGHTS[field] / (1 + max(0, newest - at) / _YEAR)


def quality(question: Question, text: Looked) -> float:
    """How well a text answers: often, close together, and with little else. 0 where it does not."""
    return max((_quality(found, text) for found in text.means(question)), default=0.0)


def _quality(alternative: Alternative, text: Looked) -> float:
    places = [text.places(sought) for sought in alternative.wanted]
    often = sum(len(found) / (1 + len(found)) for found in places) / len(places)
    close = 1.0
    if len(places) > 1:
        size = sum(found[0].end - found[0].start + 1 for found in places)
        close = min(1.0, size / _shortest(places))
    return often * (0.4 + 0.6 * close) / (1 + log10(1 + len(text.text) / 300))


def _shortest(places: Sequence[Sequence[Place]]) -> int:
    """How many characters the shortest passage has in which all of them stand."""
    best = 1 << 30
    for first in places[0]:
        start, end = first
        for found in places[1:]:
            # Of the neighbours of the first one, the nearer.
            n = bisect_left(found, first)
            near = min(found[max(0, n - 1) : n + 1], key=lambda p: abs(p.start - first.start))
            start, end = min(start, near.start), max(end, near.end)
        best = min(best, end - start)
    return max(best, 1)


def snippet(question: Question, text: Looked, width: int) -> Snippet:
    """The passage of a text that has most of what was looked for, the first of several.

    Args:
        width: how many characters it has at the most, and a few more to end with a word.
    """
    found = sorted(
        (place, which)
        for which, sought in enumerate(question.wanted)
        for place in text.places(sought)
    )
    begin = max(0, _best(found, width - _BEFORE) - _BEFORE)
    if begin:
        # Not from the middle of a word, if one ends soon.
        space = text.text.find(" ", begin, begin + _BEFORE)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text.text), begin + width)
    if end < len(text.text):
        space = text.text.rfind(" ", begin + width - _BEFORE, end)
        end = space if space >= 0 else end
    return _passage(text.text, [place for place, _ in found], begin, end)


def _best(found: Sequence[tuple[Place, int]], room: int) -> int:
    """Where the passage begins: it has most of the different words, and of these most."""
    best, start, low = (0, 0), 0, 0
    for high, (place, _) in enumerate(found):
        while found[low][0].start < place.end - room and low < high:
            low += 1
        worth = (len({which for _, which in found[low : high + 1]}), high + 1 - low)
        if worth > best:
            best, start = worth, found[low][0].start
    return start


def _passage(text: str, places: Sequence[Place], begin: int, end: int) -> Snippet:
    told = "… " if begin else ""
    marks: list[tuple[int, int]] = []
    at = begin
    for place in (*places, Place(end, end)):
        if place.start < at or place.end > end:
            continue
        told = _joined(told, text[at : place.start])
        start = len(told)
        told = _joined(told, text[place.start : place.end])
        if len(told) > start:
            marks.append((start, len(told)))
        at = place.end
    return Snippet(told.rstrip() + (" …" if end < len(text) else ""), tuple(marks))


def _joined(told: str, more: str) -> str:
    """Go on with more of the text, on one line."""
    words = " ".join(more.split())
    if more[:1].isspace() and told and not told.endswith(" "):
        told += " "
    if more[-1:].isspace() and words:
        words += " "
    return told + words
