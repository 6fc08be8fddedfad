"""turnlog stats row by row, its blocks, and the one line of turnlog status."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters import cli
from turnlog.domain.keys import SessionKey

DIMENSIONS = ["day", "month", "model", "user", "project", "branch", "session"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of two sessions on two branches; one was rewound."""
    path = tmp_path / "log.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        for n, branch in enumerate(("main", "=cmd()")):
            s = Transcript(seed=n, branch=branch)
            s.prompt("one?")
            s.answer("One.", usage={"output_tokens": 1_000})
            s.prompt("two?")
            s.answer("Two.", usage={"output_tokens": 2_000})
            log.append(SessionKey("-home-ada-shop", s.session_id), s.entries, user_id="ada")
        log.rewind(SessionKey("-home-ada-shop", s.session_id), "prompt:1")
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert cli.run([str(argument) for argument in arguments]) == code
    found = capsys.readouterr()
    return found.out if code == 0 else found.err


@pytest.mark.parametrize("by", DIMENSIONS)
def test_every_dimension_adds_up_to_the_same(
    path: Path, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    """What was spent must never depend on how it is looked at."""
    whole = json.loads(told(capsys, "stats", "--json", "--db", path))
    rows = json.loads(told(capsys, "stats", "--by", by, "--json", "--db", path))
    assert rows["total"]["billed"] == whole["billed"]
    assert rows["total"]["live"] == whole["live"]
    assert whole["live"]["output_tokens"] == 4_000
    table = told(capsys, "stats", "--by", by, "--tz", "Asia/Tokyo", "--db", path)
    assert "█" in table
    assert "6.0k" in table


def test_a_table_of_commas_holds_the_same(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A branch's name must never be run as a formula by the spreadsheet that opens it."""
    text = told(capsys, "stats", "--by", "branch", "--csv", "--db", path)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["branch"] for row in rows} == {"main", "'=cmd()"}
    assert sum(int(row["output_tokens"]) for row in rows) == 6_000
    assert sum(int(row["live_output_tokens"]) for row in rows) == 4_000


def test_a_period_holds_what_was_spent_in_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = json.loads(told(capsys, "stats", "--by", "day", "--json", "--tz", "UTC", "--db", path))
    first = days["rows"][0]["day"]
    for by in DIMENSIONS:
        asked = ("stats", "--by", by, "--json", "--tz", "UTC", "--db", path)
        before = json.loads(told(capsys, *asked, "--until", first))
        after = json.loads(told(capsys, *asked, "--since", first))
        assert before["total"]["billed"]["output_tokens"] == 0
        assert after["total"]["billed"]["output_tokens"] == 6_000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--by", "fortnight"), "take one of day, month"),
        (("--by", "day", "--tz", "Mars/Base"), "is no time zone"),
        (("--by", "turn"), "name it"),
        (("--by", "day", "--csv", "--json"), "take one of them"),
        (("--csv",), "with --by"),
        (("--since", "7d"), "with --by"),
        (("--by", "day", "--since", "1d", "--until", "7d"), "later than"),
        (("--by", "session", "--after", "x"), "is no page"),
        (("--by", "session", "--limit", "0"), "1 to 10000"),
        (("--blocks", "--by", "day"), "go without --by"),
    ],
)
def test_what_makes_no_sense_is_refused(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    error = " ".join(told(capsys, "stats", *arguments, "--db", path, code=2).split())
    assert why in error
    assert "Traceback" not in error


def test_the_blocks_hold_everything(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, "stats", "--blocks", "--json", "--db", path))["blocks"]
    assert sum(block["billed"]["output_tokens"] for block in found) == 6_000
    assert "█" in told(capsys, "stats", "--blocks", "--db", path)


def test_a_budget_warns_and_is_checked(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with turnlog.open(f"sqlite:///{path}") as log:
        month = log.usage("month", tz="UTC")[-1]
        begun = turnlog.Budget("month", month.key or "", 1, month.billed)
        assert begun.state == "over"
        cost = month.billed.cost_usd
        for share, state in ((2, "fine"), (Decimal("1.2"), "near"), (1, "over")):
            limit = turnlog.Budget("month", "", int(cost * share * 10**9), month.billed)
            assert limit.state == state
    monkeypatch.setenv("TURNLOG_BUDGET_USD", "5")
    line = told(capsys, "status", "--check", "--db", path)
    assert "of the month's budget" in line
    assert line.count("\n") == 1


def test_the_status_line_takes_the_session_that_the_cli_names(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A status line must never fail because its session is not recorded yet."""
    with turnlog.open(f"sqlite:///{path}") as log:
        (session, _) = log.sessions()
    for text, shown in (
        (json.dumps({"session_id": session.session_id}), True),
        ('{"session_id": "not-there-yet"}', False),
        ("no json", False),
        ("", False),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert ("session" in told(capsys, "status", "--stdin", "--db", path)) == shown
