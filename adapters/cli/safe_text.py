"""Text made safe for a terminal, JSON included."""

from __future__ import annotations

import re

from ..claude.safe_text import clean as clean
from ..claude.safe_text import one_line as one_line

_JSON_ESCAPES = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def safe_json(text: str) -> str:
    """JSON text with every character escaped that a terminal might act on.

    Within JSON such characters stand in strings only, so that it still means the same.
    """
    return _JSON_ESCAPES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
