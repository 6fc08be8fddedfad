"""What docs/stores.md says a store does is there: each call, each command, each test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

import turnlog
from turnlog.adapters.cli import app
from turnlog.settings import Settings

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/stores.md").read_text("utf-8")
TEST = re.compile(r"`tests/[\w/]+\.py(?:::\w+)?`")


class Row(NamedTuple):
    """A line of a table that has calls and commands."""

    what: str
    calls: str
    commands: str
    tests: str


_LINES = [line for line in PAGE.splitlines() if line.startswith("| ")]
_CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in _LINES]
ROWS = [Row(*cells) for cells in _CELLS if len(cells) == 4 and cells[0] != "what it does"]
ROWS = [row for row in ROWS if row.what != "---"]
CALL = re.compile(r"`(log|talk|turnlog|Settings)\.(\w+)(\(|`)")
ASKED = re.compile(r"(\w+)\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
KINDS: dict[str, tuple[Any, ...]] = {
    "log": (turnlog.Log, turnlog.AsyncLog),
    "talk": (turnlog.Conversation, turnlog.AsyncConversation),
    "turnlog": (turnlog,),
    "Settings": (Settings,),
}


def test_the_example_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    """An output on the page must never be made up."""
    [(code, printed)] = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/stores.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_every_table_is_read() -> None:
    """A row must never be left out of these tests because it is written otherwise."""
    assert {len(cells) for cells in _CELLS} == {3, 4}
    assert len(ROWS) > 60
    nonsense = [cells for cells in _CELLS if len(cells) == 3]
    assert all(TEST.findall(tests) for given, _, tests in nonsense if given not in ("given", "---"))


def test_each_call_is_there() -> None:
    for row in ROWS:
        calls = CALL.findall(row.calls)
        assert calls, row.what
        for of, name, called in calls:
            for kind in KINDS[of]:
                there = hasattr(kind, name) or name in getattr(kind, "model_fields", {})
                assert there, f"{of}.{name}"
                assert called != "(" or callable(getattr(kind, name))


def test_what_is_asked_of_sessions_can_be() -> None:
    for asked in re.findall(r"Filter\(([^)]*)\)", PAGE):
        for name in re.findall(r"(\w+)=", asked):
            assert name in turnlog.Filter._fields, name


def test_each_command_is_there_with_its_options() -> None:
    group: Any = typer.main.get_command(app.app)
    for told in re.findall(r"`turnlog ([^`]+)`", " ".join(row.commands for row in ROWS)):
        name, *options = told.split()
        assert name in group.commands, told
        known = {option for param in group.commands[name].params for option in param.opts}
        assert set(options) <= known, told


def test_each_has_a_test_that_shows_it() -> None:
    """That the tests are there, tests/test_docs.py sees to for every page."""
    assert [row.what for row in ROWS if not TEST.findall(row.tests)] == []
