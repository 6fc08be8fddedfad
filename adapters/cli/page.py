"""A column of text: wrapped, indented, with a margin on the right for what one may type."""

from __future__ import annotations

import re

from rich.console import Console
from rich.text import Text

MARGIN = 12
_NARROW = 60
_INLINE = re.compile(r"(?P<code>`[^`\n]+`)|(?P<bold>\*\*[^*\n]+\*\*)")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"#{1,6}\s+")


class Page:
    """Writes lines below one another."""

    def __init__(self, console: Console, indent: Text | None = None) -> None:
        self.console = console
        self._indent = indent or Text()
        self._margin = MARGIN if console.width >= _NARROW else 0
        self._gap = False
        self._begun = False

    def inner(self) -> Page:
        """A page within this one, behind a line."""
        return Page(self.console, Text.assemble(self._indent, ("  │ ", "quiet")))

    @property
    def width(self) -> int:
        """Columns of the text."""
        return max(self.console.width - self._margin - self._indent.cell_len, 20)

    def gap(self) -> None:
        """An empty line before whatever comes next."""
        self._gap = self._begun

    def _write(self, line: Text) -> None:
        if self._gap:
            empty = self._indent.copy()
            empty.rstrip()
            self.console.print(empty)
        self._gap, self._begun = False, True
        self.console.print(line, no_wrap=True, crop=False, overflow="ignore")

    def rule(self, left: str, right: str = "", style: str = "point") -> None:
        """A line across the page with something on both sides."""
        line = Text.assemble(self._indent, ("── ", "quiet"), (left, style), " ")
        end = Text(f" {right}" if right else "", "quiet")
        rest = self.console.width - line.cell_len - end.cell_len
        self._write(Text.assemble(line, ("─" * max(rest, 2), "quiet"), end))

    def put(self, text: Text, first: str = "", then: str = "", margin: str = "") -> None:
        """A paragraph.

        Args:
            first: what stands before its first line.
            then: what stands before the others.
            margin: what stands on the right of its first line.
        """
        text.expand_tabs(4)
        room = max(self.width - max(len(first), len(then)), 12)
        for n, line in enumerate(text.wrap(self.console, room)):
            line.rstrip()
            told = Text.assemble(self._indent, first if n == 0 else then, line)
            told.rstrip()
            if n == 0 and margin and self._margin:
                gap = self.console.width - told.cell_len - len(margin)
                told.append(" " * max(gap, 1) + margin, "point")
            self._write(told)

    def prose(self, text: str, indent: str = "", style: str = "", margin: str = "") -> None:
        """What somebody wrote: Markdown read lightly, and kept as it is."""
        fenced = False
        for line in text.strip("\n").split("\n"):
            if _FENCE.match(line):
                fenced = not fenced
                self.put(Text(line, "quiet"), indent, indent, margin)
            elif fenced:
                self.put(Text(line, "code"), indent, indent, margin)
            else:
                told, hang = _inline(line, style)
                self.put(told, indent, indent + " " * hang, margin)
            margin = ""


def _inline(line: str, style: str) -> tuple[Text, int]:
    if heading := _HEADING.match(line):
        return Text(line[heading.end() :], "bold"), 0
    bullet = _BULLET.match(line)
    told = Text(style=style)
    last = 0
    for found in _INLINE.finditer(line):
        told.append(line[last : found.start()])
        if found["code"]:
            told.append(found["code"][1:-1], "code")
        else:
            told.append(found["bold"][2:-2], "bold")
        last = found.end()
    told.append(line[last:])
    return told, min(bullet.end(), 20) if bullet else 0
