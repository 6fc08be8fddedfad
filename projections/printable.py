"""Texts of a transcript as a text column takes them."""

from __future__ import annotations

import re

_HALVES = re.compile("[\ud800-\udfff]")


def printable(text: str | None) -> str | None:
    """Show what PostgreSQL's text cannot hold: NUL as ``␀``, half a surrogate as ``\ufffd``.

    The log keeps the text itself; this is what lists show.
    """
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return _HALVES.sub("\ufffd", text.replace("\0", "␀"))
