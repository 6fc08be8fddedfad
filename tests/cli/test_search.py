"""``turnlog search``: what is shown, and what is told of what cannot be searched."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey
from turnlog.adapters.cli.safe_text import clean

pytestmark = pytest.mark.usefixtures("history")


def test_what_is_found_and_where(cli: Cli) -> None:
    done = cli("search", "tile cache", "--limit", "2")
    assert done.code == 0
    assert "Tile cache: bookkeeping and LRU" in done.out
    assert "turnlog show c04d9e72 --at version:" in done.out
    assert "more: turnlog search … --page 2" in done.out


def test_as_json(cli: Cli) -> None:
    found = cli("search", "tile cache", "--in", "prompts,answers", "--limit", "1", "--json").json
    [hit] = found["hits"]
    assert found["more"]
    assert hit["session_id"].startswith("c04d9e72")
    [start, end] = hit["marks"][0]
    assert hit["snippet"][start:end].lower() in ("tile", "cache")
    shown = cli("show", hit["session_id"], "--at", hit["point"])
    assert shown.code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (['"'], "there is no word"),
        (["cat", "--in", "thoughts"], "nothing called 'thoughts'"),
        (["cat", "--status", "asleep"], "'asleep' is no status"),
        (["cat", "--since", "yesterday"], "'yesterday' is no time"),
        (["cat", "--since", "2026-02-01", "--until", "2026-01-01"], "is later than"),
        (["cat", "--min-cost", "much"], "'much' is no amount"),
        (["cat", "--max-cost", "nan"], "'nan' is no amount"),
        (["cat", "--limit", "0"], "1 to 100 hits"),
        (["cat", "--page", "0"], "no page 0"),
        (["x" * 100_000], "at most 2,000 characters"),
    ],
)
def test_what_makes_no_sense_is_told(cli: Cli, arguments: list[str], told: str) -> None:
    """Bad input must never end in a traceback."""
    done = cli("search", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_nothing_found_is_said(cli: Cli) -> None:
    assert cli("search", "wolpertinger").out == "No text matches.\n"
    assert cli("search", "--", "NEAR(").code == 0


def test_a_query_may_begin_with_a_dash(cli: Cli) -> None:
    assert "Tile cache" in cli("search", "--limit", "1", "--", "-zzz tile cache").out


def test_what_is_found_never_acts_on_a_terminal(cli: Cli, database: Path) -> None:
    """What a tool printed must never move the cursor, nor change the window's title."""
    evil = "\x1b]0;owned\x07 \x1b[2J needle \u202e \x9b31m"
    s = Transcript("5e550000-0000-4000-8000-00000000000e")
    s.prompt(evil)
    s.title(f"needle {evil}")
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(SessionKey("-home-ada-shop", s.session_id), s.entries)
    done = cli("search", "needle")
    assert "needle" in done.out
    assert clean(done.out) == done.out
    assert "\x1b" not in cli("search", "needle", "--json").out
