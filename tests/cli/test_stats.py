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


def test_a_full_page_of_sessions_that_is_the_last_one_names_no_other(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody must ever be sent on to a page on which nothing stands."""
    by_session = ("stats", "--by", "session", "--db", path, "--limit")
    assert json.loads(told(capsys, *by_session, "2", "--json"))["next"] is None
    assert "more:" not in told(capsys, *by_session, "2")
    first = json.loads(told(capsys, *by_session, "1", "--json"))["next"]
    after = json.loads(told(capsys, *by_session, "1", "--json", "--after", first))
    assert (len(after["rows"]), after["next"]) == (1, None)


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
        (("--blocks", "--user", "ada"), "go without --by"),
        (("--branch", "main"), "say by what"),
        (("--by", "model", "--user", "ada"), "go by day or month or session, not by model"),
        (("--by", "session", "--branch", "main"), "go by day or month, not by session"),
        (("--by", "day", "--branch", "main", "--user", "ada"), "one user and one branch together"),
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
    for module in ("reading.budgets", "adapters.cli.block_view"):
        monkeypatch.setattr(f"turnlog.{module}.now_ms", lambda: spent_at(path))
    for share, warned, code in (
        (2, "", 0),
        (Decimal("1.2"), "83% of the budget", 0),
        (1, "100%", 1),
    ):
        monkeypatch.setenv("TURNLOG_BUDGET_USD", f"{cost * share:f}")
        asked = ("--tz", "UTC", "--db", path)
        rows = told(capsys, "stats", "--by", "model", *asked)
        assert ("of the budget" in rows) == bool(warned)
        assert warned in rows
        assert cli.run([str(a) for a in ("status", "--check", *asked)]) == code
        line = capsys.readouterr().out
        assert f"{int(100 / share)}% of the month's budget" in line
        assert line.count("\n") == 1
    monkeypatch.setenv("TURNLOG_BUDGET_PER", "day")
    assert "of the day's budget" in told(capsys, "status", "--tz", "UTC", "--db", path)


def spent_at(path: Path) -> int:
    with turnlog.open(f"sqlite:///{path}") as log:
        return max(session.last_at or 0 for session in log.sessions())


def test_one_of_a_dimension_alone_is_told_by_day(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures of one project must never hold what another one took."""
    with turnlog.open(f"sqlite:///{path}") as log:
        s = Transcript(seed=7, branch="main", model="claude-opus-4-8")
        s.prompt("elsewhere?")
        s.answer("Yes.", usage={"output_tokens": 50})
        log.append(SessionKey("-home-grace-boat", s.session_id), s.entries, user_id="grace")
    tokens = {
        ("--user", "ada"): 6_000,
        ("--user", "grace"): 50,
        ("--project", "boat"): 50,
        ("--project", "-home-"): 6_050,
        ("--model", "claude-opus-4-8"): 50,
        ("--branch", "main"): 3_050,
        ("--branch", "nowhere"): 0,
    }
    for only, expected in tokens.items():
        for by in ("day", "month"):
            for tz in ("UTC", "Asia/Kathmandu"):
                asked = ("stats", "--by", by, *only, "--tz", tz, "--json", "--db", path)
                found = json.loads(told(capsys, *asked))["total"]["billed"]
                assert found["output_tokens"] == expected, (only, by, tz)
    by_session = json.loads(
        told(capsys, "stats", "--by", "session", "--project", "boat", "--json", "--db", path)
    )
    assert [row["session"] for row in by_session["rows"]] == [s.session_id]


def test_what_the_cli_reports_stands_beside_the_price(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counters of some sessions must never be compared with what all of them cost."""
    with turnlog.open(f"sqlite:///{path}") as log:
        session = log.sessions()[0]
        result = {"type": "result", "session_id": session.session_id, "total_cost_usd": 1.5}
        log.record_result(result)
    whole = json.loads(told(capsys, "stats", "--json", "--db", path))
    assert whole["reported_cost_usd"] == "1.5"
    assert whole["reported_sessions"] == 1
    rows = json.loads(told(capsys, "stats", "--by", "session", "--json", "--db", path))["rows"]
    reported = {row["session"]: row["reported_cost_usd"] for row in rows}
    assert [cost for cost in reported.values() if cost] == [reported[session.session_id]] == ["1.5"]
    [priced] = [r["billed"]["cost_usd"] for r in rows if r["session"] == session.session_id]
    assert whole["reported_sessions_billed_usd"] == priced
    assert "the CLI reports $1.50 for 1 session;" in told(capsys, "stats", "--db", path)
    of_one = told(capsys, "stats", session.session_id, "--db", path)
    assert "the CLI reports $1.50 for it (1 counter)" in of_one
    assert "$1.50" in told(capsys, "stats", "--by", "session", "--db", path)


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
