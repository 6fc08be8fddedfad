"""Code with its words coloured, by pygments."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound

from ...adapters.claude.safe_text import clean
from .markup import Markup, element, text

LONGEST = 20_000
"""Characters of code that is coloured; the rest of a longer one is shown plainly."""
LONGEST_LINE = 1_000
"""A lexer may take long over one line: such a code is shown plainly."""

_FORMAT = HtmlFormatter(nowrap=True)


def code(source: str, language: str | None = None, path: str | None = None) -> Markup:
    """A block of code.

    Args:
        language: its name as a Markdown fence tells it.
        path: of the file it is from.
    """
    source = clean(source).strip("\n")
    lexer = _named(language.lower()) if language else None
    if lexer is None and path:
        lexer = _of_file(PurePosixPath(path.replace("\\", "/")).name[-80:])
    inside = _coloured(source, lexer) if lexer is not None else text(source)
    return element("pre", element("code", inside), class_="code")


def _coloured(source: str, lexer: Lexer) -> Markup:
    longest = max(map(len, source.split("\n")))
    if len(source) > LONGEST or longest > LONGEST_LINE:
        return text(source)
    return Markup(highlight(source, lexer, _FORMAT).removesuffix("\n"))


@lru_cache(maxsize=256)
def _named(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=256)
def _of_file(name: str) -> Lexer | None:
    try:
        return get_lexer_for_filename(name, stripnl=False)
    except ClassNotFound:
        return None
