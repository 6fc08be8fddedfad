"""Text of transcripts made safe to show.

A transcript is untrusted: what a tool printed may hold sequences that move the cursor, change the
window's title or answer in the person's name. None of them reaches a terminal, or a page, as it is.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    # Unseen characters; some of them turn the text after them around.
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_OF_TERMINALS = re.compile(
    "\x1b(?:\\[[0-9;:?<=>]*[ -/]*[@-~]"  # colours and movements
    "|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)"  # titles, links, the clipboard
    "|[PX^_][^\x1b]*\x1b\\\\"
    "|[ -/]*[0-~])"
)


def clean(text: str) -> str:
    """A text without anything that acts on a terminal.

    Whole escape sequences go, as they stand for nothing; any other control character is shown:
    NUL as ``␀``, one of the C1 set as ``\\x9b``. Line ends and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return _CONTROL.sub(_shown, _OF_TERMINALS.sub("", text))


def one_line(text: str) -> str:
    """A clean text on one line."""
    return " ".join(clean(text).split())


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0x100:
        return f"\\x{code:02x}"
    if code == 0x200D:
        return found[0]  # joins emoji, and does nothing else
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
