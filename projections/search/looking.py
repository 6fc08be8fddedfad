"""Where in one text the words of a question stand."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import NamedTuple

from .question import Alternative, Question, Sought
from .words import LONGEST, Span, spans

MOST = 200
"""Places of one word that are looked at."""


class Place(NamedTuple):
    """From where in the text, and up to where."""

    start: int
    end: int


class Looked:
    """A text that is looked through, in haste where that is enough.

    To take a long text apart word by word costs milliseconds; to find plain words in it, a
    hundredth of that. So that comes first, and the rest only where it found nothing.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        lower = text.lower()
        # A few characters become two; then the places would be others.
        self._lower = lower if len(lower) == len(text) else None
        self._plain = text.isascii()
        self._found: dict[Sought, list[Place]] = {}

    def places(self, sought: Sought) -> list[Place]:
        """Where a word or phrase stands, the first places."""
        found = self._found.get(sought)
        if found is None:
            found = self._found[sought] = self._look_for(sought)
        return found

    def means(self, question: Question) -> list[Alternative]:
        """Of what a question asks, which alternatives the text has."""
        return [
            alternative
            for alternative in question.alternatives
            if all(self.places(sought) for sought in alternative.wanted)
            and not any(self.places(sought) for sought in alternative.unwanted)
        ]

    def _look_for(self, sought: Sought) -> list[Place]:
        if self._lower is not None and all(word.isascii() for word in sought.words):
            found: list[Place] = []
            for match in _pattern(sought).finditer(self._lower):
                start, end = match.span()
                if start and self._lower[start - 1].isalnum():
                    continue  # in the midst of a word
                found.append(Place(start, end))
                if len(found) == MOST:
                    break
            if found or self._plain:
                return found
        return self._by_words(sought)

    def _by_words(self, sought: Sought) -> list[Place]:
        said, size = self._words, len(sought.words)
        found: list[Place] = []
        for place in sought.places(said):
            found.append(Place(self._spans[place].start, self._spans[place + size - 1].end))
            if len(found) == MOST:
                break
        return found

    @cached_property
    def _spans(self) -> list[Span]:
        return list(spans(self.text))

    @cached_property
    def _words(self) -> list[str]:
        return [span.word for span in self._spans]


@lru_cache(maxsize=256)
def _pattern(sought: Sought) -> re.Pattern[str]:
    """How it goes on in a text of small letters, where that has no accents.

    What must not stand before it is not said here: a pattern is only quick if it begins with a
    letter.
    """
    between = r"[^a-z0-9]+"
    said = [word + ("[a-z0-9]*" if len(word) == LONGEST else "") for word in sought.words]
    end = r"[^\W_]*" if sought.beginning else r"(?![^\W_])"
    return re.compile(between.join(said) + end)
