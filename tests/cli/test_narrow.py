"""What is shown where there is little room."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from turnlog.adapters.cli import run

from .conftest import Cli

FIGURE = re.compile(r"<?\$\d+\.\d\d")
TABLES = [
    ("sessions",),
    ("sessions", "--summaries"),
    ("stats",),
    ("stats", "--by", "day"),
    ("stats", "--by", "session"),
    ("stats", "8b6e", "--by", "turn"),
    ("stats", "--blocks"),
    ("messages", "8b6e"),
    ("checkpoint", "8b6e"),
]


@pytest.mark.parametrize("columns", ["60", "46"])
@pytest.mark.parametrize("arguments", TABLES, ids=" ".join)
def test_no_figure_is_cut_where_there_is_little_room(
    history: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], columns: str
) -> None:
    """A cost must never be shown in part, nor fall off the edge."""

    def shown(width: str) -> str:
        monkeypatch.setenv("COLUMNS", width)
        with redirect_stdout(StringIO()) as out:
            assert run([*arguments, "--db", str(history)]) == 0
        return out.getvalue()

    narrow = shown(columns)
    assert max(map(len, narrow.splitlines())) <= int(columns)
    assert FIGURE.findall(narrow) == FIGURE.findall(shown("200"))


def test_a_long_message_leaves_room_for_the_others(cli: Cli) -> None:
    """What is said must never push out when it was said and whether the model still sees it."""
    cli("record", "s", "user", "word " * 100, "--said-at", "2026-01-30T14:23Z", "--tokens", "120")
    line = cli("messages", "s").out.splitlines()[2]
    assert re.match(r"●   [0-9a-f]{8}   2026-01-30 14:23   user      120   word ", line), line
    assert len(line) <= 100
