"""What one may ask: words, "phrases", beginnings*, -without, OR, and where: title:word.

Whatever else is typed is read as words, so that nothing a person types is a syntax error; and
what goes to a database is made of the words alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from ...domain.errors import InvalidQuery
from .texts import FIELDS, GROUPS
from .words import is_unspaced, pairs, runs

MOST_WORDS = 64
"""Words of one question."""
MOST_CHARACTERS = 2_000
SHORTEST_BEGINNING = 2
"""Characters before a ``*``."""

_NAMES = {name: fields for group, fields in GROUPS.items() for name in (group, group[:-1])}
_CHUNK = re.compile(
    r"""(?P<minus>-(?=[^\s-]))?
    (?:(?P<field>[a-z]+):(?=\S))?
    (?:"(?P<phrase>[^"]*)(?:"|\Z)(?P<star>\*)?|(?P<plain>[^\s"]+))""",
    re.VERBOSE | re.IGNORECASE,
)


class Term(NamedTuple):
    """A word of the index, or the beginning of some."""

    word: str
    beginning: bool = False


class Sought(NamedTuple):
    """A word or a phrase."""

    words: tuple[str, ...]
    """In their order."""
    terms: tuple[Term, ...]
    """What the index holds of every text that has it."""
    beginning: bool = False
    """Whether the last word may go on."""
    fields: tuple[int, ...] = FIELDS

    @property
    def is_exact(self) -> bool:
        """Whether a text that the index holds under its terms has it for certain."""
        return len(self.terms) == 1

    def places(self, text: Sequence[str]) -> Iterator[int]:
        """Where it begins in a text, which is given as its words."""
        *before, last = self.words
        size = len(self.words)
        if not before and self.beginning:
            yield from (n for n, word in enumerate(text) if word.startswith(last))
            return
        place = -1
        with suppress(ValueError):  # how a list says that there are no more
            while True:
                place = text.index(self.words[0], place + 1)
                if size == 1:
                    yield place
                    continue
                passage = list(text[place : place + size])
                if passage[:-1] == before and (
                    passage[-1] == last or (self.beginning and passage[-1].startswith(last))
                ):
                    yield place


class Alternative(NamedTuple):
    """All of some, and none of others."""

    wanted: tuple[Sought, ...]
    unwanted: tuple[Sought, ...] = ()

    def within(self, field: int) -> Alternative | None:
        """What it asks of a text of a field; None where no such text is meant."""
        if any(field not in sought.fields for sought in self.wanted):
            return None
        return Alternative(self.wanted, tuple(s for s in self.unwanted if field in s.fields))

    @property
    def is_exact(self) -> bool:
        """Whether the index alone can tell which texts are meant."""
        return all(sought.is_exact for sought in (*self.wanted, *self.unwanted))


class Question(NamedTuple):
    """One alternative or another."""

    alternatives: tuple[Alternative, ...]

    def within(self, field: int) -> Question | None:
        """What it asks of a text of a field; None where no such text is meant."""
        found = tuple(a for one in self.alternatives if (a := one.within(field)) is not None)
        return Question(found) if found else None

    @property
    def is_exact(self) -> bool:
        """Whether the index alone can tell which texts are meant."""
        return all(alternative.is_exact for alternative in self.alternatives)

    @property
    def wanted(self) -> tuple[Sought, ...]:
        """All that is looked for, each once."""
        return tuple(dict.fromkeys(s for one in self.alternatives for s in one.wanted))


def fields_named(names: Iterable[str] | None) -> tuple[int, ...]:
    """The fields of some groups, the most telling first; all for None.

    Raises:
        InvalidQuery: there is no such group, or none is named.
    """
    if names is None:
        return FIELDS
    found: set[int] = set()
    for name in names:
        if name not in GROUPS:
            raise InvalidQuery(
                f"there is nothing called {name!r:.40} to search in; there are {', '.join(GROUPS)}"
            )
        found.update(GROUPS[name])
    if not found:
        raise InvalidQuery(f"name something to search in: {', '.join(GROUPS)}")
    return tuple(field for field in FIELDS if field in found)


def ask(text: str, within: Collection[int] = FIELDS) -> Question:
    """Read a question.

    Args:
        text: as a person types it.
        within: the fields that are searched.

    Raises:
        InvalidQuery: there is no word in it, or too many, or no text can be what it asks for.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidQuery(
            f"a query has at most {MOST_CHARACTERS:,} characters, this one {len(text):,}; "
            "look for a few words of what you have in mind"
        )
    alternatives = [
        Alternative(tuple(wanted), tuple(unwanted))
        for wanted, unwanted in _alternatives(text)
        if wanted or unwanted
    ]
    if not alternatives:
        raise InvalidQuery(f"there is no word in {text!r:.80}; write one to look for")
    if not all(alternative.wanted for alternative in alternatives):
        raise InvalidQuery(
            f"{text!r:.80} only says what not to look for; write a word to look for besides"
        )
    count = sum(len(s.words) for a in alternatives for s in (*a.wanted, *a.unwanted))
    if count > MOST_WORDS:
        raise InvalidQuery(
            f"a query has at most {MOST_WORDS} words, this one {count:,}; "
            "look for a few words of what you have in mind"
        )
    question = Question(tuple(alternatives))
    if not any(question.within(field) is not None for field in within):
        raise InvalidQuery(
            f"{text!r:.80} asks for a text that is two things at once, or one that is not "
            "searched; each text is a title, a prompt, an answer, a tool's input or a result"
        )
    return question


def _alternatives(text: str) -> Iterator[tuple[list[Sought], list[Sought]]]:
    wanted: list[Sought] = []
    unwanted: list[Sought] = []
    negated = False
    for chunk in _CHUNK.finditer(text):
        if chunk[0] == "OR":
            yield wanted, unwanted
            wanted, unwanted, negated = [], [], False
        elif chunk[0] == "NOT":
            negated = True
        elif chunk[0] != "AND":
            for sought in _sought(chunk):
                (unwanted if negated or chunk["minus"] else wanted).append(sought)
            negated = False
    yield wanted, unwanted


def _sought(chunk: re.Match[str]) -> Iterator[Sought]:
    name = (chunk["field"] or "").lower()
    text = chunk["phrase"] if chunk["phrase"] is not None else chunk["plain"]
    if name and name not in _NAMES:
        text = f"{name} {text}"  # an address, say
    stem = text.rstrip("*")
    beginning = bool(chunk["star"]) or (stem != text and bool(runs(stem[-1:])))
    parts = runs(stem)
    said = tuple(word for part in parts for word in part)
    if not said:
        return
    if beginning and len(said[-1]) < SHORTEST_BEGINNING and not is_unspaced(said[-1]):
        raise InvalidQuery(
            f"{stem[-20:]!r} and a * would find nearly every text; "
            f"write at least {SHORTEST_BEGINNING} characters before it"
        )
    yield Sought(said, tuple(_terms(parts, beginning)), beginning, _NAMES.get(name, FIELDS))


def _terms(parts: list[list[str]], beginning: bool) -> Iterator[Term]:
    for n, part in enumerate(parts):
        if not part:
            continue
        joined = pairs(part)
        last = joined.pop()
        yield from (Term(word) for word in joined)
        if not is_unspaced(last):
            yield Term(last, beginning and n == len(parts) - 1)
        elif not (joined and len(joined[-1]) == 2 and is_unspaced(joined[-1][0])):
            # Alone in the query; in a text it stands in a pair with whatever follows it.
            yield Term(last, True)
