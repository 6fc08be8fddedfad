"""What the made pages are written with: tables, paragraphs, the first words of a docstring."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTE = "This page is made by `python -m docs.make_pages`; a test holds it to the code.\n"


def first(value: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    text = inspect.getdoc(value) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def table(head: tuple[str, ...], rows: list[Any]) -> str:
    """A table with a heading for each column."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def page(parts: list[str]) -> str:
    """A page of paragraphs."""
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
