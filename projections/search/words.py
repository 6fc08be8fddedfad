"""Texts as words: what is looked for and what is looked in are taken apart by the same rule.

The databases have tokenizers of their own, which differ. So the words are made here, the same for
every store, and the database only keeps them.

A word is a run of letters and digits, in any script, without case and accents: ``read_model`` is
two, ``Café`` is ``cafe``. Scripts that write no spaces (Chinese, Japanese, Korean) are taken
character by character, and indexed as pairs of neighbours; an emoji is a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

LONGEST = 40
"""Characters by which a longer word is known."""
MOST_BYTES = 800_000
"""Of a text's different words, so many bytes are indexed: PostgreSQL's tsvector holds 1 MiB."""

_ASCII = re.compile("[a-z0-9]+")
# What stands between words: every character but letters, digits, marks and emoji. Said the other
# way round, because marks, which ``\w`` leaves out, belong to a word in half of the scripts.
_BETWEEN = (
    "\x00-/:-@\\[-`{-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u02c2-\u02df\u1680\u2000-\u20cf\u2100-\u2101\u2190-\u25ff"
    "\u2768-\u2793\u27c0-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030-\u303f\u30fb"
    "\u0589-\u058a\u05be\u05c0\u05c3\u05c6\u05f3-\u05f4\u0609-\u060d\u061b-\u061f\u066a-\u066d"
    "\u06d4\u0964-\u0965\u0e4f\u0e5a-\u0e5b\u104a-\u104f\u17d4-\u17da"
    "\ud800-\udfff\ufe00-\ufe0f\ufe10-\ufe6f\ufeff\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40"
    "\uff5b-\uff65\uffe0-\uffff\U000e0000-\U000e0fff"
)
_RUN = re.compile(f"[^{_BETWEEN}]+")
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u31ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
_EMOJI = "\u2600-\u2767\u2794-\u27bf\U0001f000-\U0001faff"
_PIECE = re.compile(f"[{_UNSPACED}]+|[{_EMOJI}]|[^{_UNSPACED}{_EMOJI}]+")
_SINGLE = re.compile(f"[{_UNSPACED}]")


class Span(NamedTuple):
    """A word where it stands in a text."""

    word: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of a text in order; what is written without spaces, character by character."""
    text = text.lower()
    if text.isascii():
        found = _ASCII.findall(text)
    else:
        found = []
        for run in _RUN.findall(text):
            if run.isascii():
                found.append(run)
            else:
                found.extend(word for _, _, word in _parts(run))
    if max(map(len, found), default=0) > LONGEST:
        return [word[:LONGEST] for word in found]
    return found


def runs(text: str) -> list[list[str]]:
    """The same words; those that nothing stands between, together."""
    return [_words_of(run) for run in _RUN.findall(text)]


def _words_of(run: str) -> list[str]:
    if run.isascii():
        return [run.lower()[:LONGEST]]
    return [word for _, _, word in _parts(run)]


def spans(text: str) -> Iterator[Span]:
    """The same words, each with its place in the text."""
    for run in _RUN.finditer(text):
        begin, end = run.span()
        if run[0].isascii():
            yield Span(run[0].lower()[:LONGEST], begin, end)
        else:
            for first, last, word in _parts(run[0]):
                yield Span(word, begin + first, begin + last)


def terms(text: str) -> list[str]:
    """What a text is indexed under: its different words, the first to appear first."""
    if text.isascii():
        return _cut(dict.fromkeys(_ASCII.findall(text.lower())))
    found: dict[str, None] = {}
    for run in dict.fromkeys(_RUN.findall(text.lower())):
        if run.isascii():
            found[run] = None
        else:
            found.update(dict.fromkeys(pairs(_words_of(run))))
    return _cut(found)


def _cut(found: dict[str, None]) -> list[str]:
    """The words as they are known, and no more of them than a database takes."""
    if max(map(len, found), default=0) <= LONGEST:
        kept = list(found)
    else:
        kept = list(dict.fromkeys(word[:LONGEST] for word in found))
    if len(kept) * LONGEST * 4 <= MOST_BYTES:
        return kept
    sizes = accumulate(len(word.encode()) + 1 for word in kept)
    return [word for word, size in zip(kept, sizes, strict=True) if size <= MOST_BYTES]


def pairs(run: list[str]) -> list[str]:
    """Words that touch one another, with each unspaced character joined to the one behind it."""
    found = []
    for n, word in enumerate(run):
        follows = run[n + 1] if n + 1 < len(run) else ""
        joined = is_unspaced(word) and is_unspaced(follows)
        found.append(word + follows if joined else word)
    return found


def is_unspaced(word: str) -> bool:
    """Whether a word is one character of a script that writes no spaces."""
    return len(word) == 1 and _SINGLE.match(word) is not None


@lru_cache(maxsize=8192)
def _parts(run: str) -> tuple[tuple[int, int, str], ...]:
    """The words of a run that is not all ASCII, with their places in it."""
    found: list[tuple[int, int, str]] = []
    for piece in _PIECE.finditer(run):
        start, end = piece.span()
        folded = _folded(piece[0])
        if _SINGLE.match(piece[0]):
            even = len(folded) == end - start
            for n, character in enumerate(folded):
                place = (start + n, start + n + 1) if even else (start, end)
                found.append((*place, character))
        else:
            # Folding may bring separators to light: a half is a one, a stroke and a two.
            found.extend((start, end, word[:LONGEST]) for word in _RUN.findall(folded))
    return tuple(found)


def _folded(text: str) -> str:
    """Without case, accents and variants of form, as Unicode's NFKC_Casefold, and no accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in apart if not _is_accent(unicodedata.combining(c)))
    return unicodedata.normalize("NFC", kept.casefold())


def _is_accent(combining: int) -> bool:
    # Classes 1 to 9 and 84 to 132 are parts of a letter in the scripts that have them.
    return combining >= 200 or 10 <= combining <= 35
