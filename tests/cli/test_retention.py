"""gc, archive, erase and redact on the command line: they ask first, and say what they did."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.cli.conftest import Cli

FORKED, FORK = "8b6e0a57-21d4-4f3c-b7a9-5d90c4e2f631", "08b55f9a-6af3-47ab-b216-cb2c030744ff"
ALONE = "3f1c"


class Terminal(io.StringIO):
    """Somebody who types an answer."""

    def isatty(self) -> bool:
        return True


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(text))


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())


def test_nothing_is_erased_where_nobody_can_be_asked(cli: Cli, history: Path, nobody: None) -> None:
    """A script that forgot to say --yes must never cost a session."""
    for command in (
        ("erase", ALONE),
        ("redact", ALONE, "--entry", "4"),
        ("gc", "--days", "0", "--strength", "erase"),
    ):
        ran = cli(*command)
        assert ran.code == 2
        assert "--yes" in ran.err
    assert cli("show", ALONE).out.count("prompt:") == 4


def test_it_asks_and_takes_no_for_an_answer(
    cli: Cli, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "n\n")
    assert cli("erase", ALONE).code != 0
    assert cli("show", ALONE).out.count("prompt:") == 4
    answers(monkeypatch, "y\n")
    ran = cli("erase", ALONE)
    assert (ran.code, "Erased 3f1c2d84  2 streams" in ran.out) == (0, True)


def test_what_is_left_is_shown(cli: Cli, history: Path) -> None:
    before = cli("stats", ALONE, "--json").json
    assert cli("erase", ALONE, "--yes", "--reason", "asked to").code == 0
    shown = cli("show", ALONE)
    assert (shown.code, "erased for good" in shown.out) == (0, True)
    assert cli("show", ALONE, "--json").lines[0]["presence"] == "erased"
    assert cli("stats", ALONE, "--json").json["billed"] == before["billed"]
    listed = cli("sessions", "--deleted", "--json").json["sessions"]
    assert [(row["title"], row["presence"]) for row in listed] == [(None, "erased")]
    assert "asked to" in cli("audit", "--kind", "erased").out
    assert cli("events", ALONE).code == 0
    assert cli("verify").code == 0
    again = cli("erase", ALONE, "--yes")
    assert (again.code, "is erased already" in again.out) == (0, True)


def test_sessions_that_share_it_are_named(cli: Cli, history: Path) -> None:
    ran = cli("erase", FORKED, "--yes")
    assert ran.code == 2
    assert FORK in ran.err
    assert "--forks" in ran.err
    found = cli("erase", FORKED, "--no-forks", "--dry-run", "--json").json
    assert (found["done"], [c["session_id"] for c in found["copies"]]) == (False, [FORK])
    found = cli("erase", FORKED, "--forks", "--yes", "--json").json
    assert {key["session_id"] for key in found["streams"]} == {FORKED, FORK}


def test_redacting(cli: Cli, history: Path) -> None:
    ran = cli("redact", ALONE, "--text", "checkout", "--dry-run")
    assert (ran.code, ran.out.startswith("Would redact")) == (0, True)
    assert "checkout" in cli("show", ALONE).out
    found = cli("redact", ALONE, "--text", "checkout", "--yes", "--json").json
    assert (found["done"], found["texts"] > 3) == (True, True)
    out = cli("show", ALONE).out
    assert ("checkout" in out, "[redacted]" in out) == (False, True)
    assert cli("search", "checkout", "--json").json["hits"] == []
    assert cli("verify").code == 0
    again = cli("redact", ALONE, "--text", "checkout", "--yes")
    assert (again.code, "no entry of the session holds" in again.err) == (2, True)
    wrong = cli("redact", ALONE, "--pattern", "(", "--yes")
    assert (wrong.code, "cannot be matched" in wrong.err) == (2, True)


def test_redacting_copies(cli: Cli, history: Path) -> None:
    """Sessions that hold the same must never keep it unsaid; with --copies they lose it too."""
    before = cli("show", FORK).out
    shared = "idempotent"
    assert shared in before.lower()
    text = next(word for word in before.split() if word.lower().startswith(shared))
    found = cli("redact", FORKED, "--text", text, "--dry-run", "--json").json
    assert [key["session_id"] for key in found["copies"]] == [FORK]
    assert f"a copy stays in {FORK}" in cli("redact", FORKED, "--text", text, "--dry-run").out
    ran = cli("redact", FORKED, "--text", text, "--copies", "--dry-run")
    assert "1 other stream" in ran.out
    assert cli("show", FORK).out == before
    found = cli("redact", FORKED, "--text", text, "--copies", "--yes", "--json").json
    assert [place["key"]["session_id"] for place in found["elsewhere"]] == [FORK]
    assert (found["copies"], found["done"]) == ([], True)
    assert text not in cli("show", FORK).out
    assert text not in cli("show", FORKED).out
    assert cli("verify").code == 0


def test_gc_says_what_it_would_do_and_does_it(cli: Cli, history: Path) -> None:
    foreseen = cli("gc", "--days", "0", "--dry-run", "--json").json
    assert foreseen["done"] is False
    done = cli("gc", "--days", "0", "--json").json
    assert done["done"] is True
    told = [
        {(row["session_id"], row["outcome"]) for row in x["sessions"]} for x in (foreseen, done)
    ]
    assert told[0] == told[1]
    assert {row["outcome"] for row in done["sessions"]} == {"archived"}
    assert cli("gc", "--days", "0").out == "Nothing to clean up.\n"
    assert "prompt:4" in cli("show", ALONE).out
    assert len(cli("sessions", "--archived", "--json").json["sessions"]) == 6


def test_gc_writes_sessions_out_before_it_erases_them(
    cli: Cli, history: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    assert cli("gc", "--days", "0", "--strength", "export", "--yes").code == 2
    ran = cli("gc", "--days", "0", "--strength", "export", "--out", folder, "--yes")
    assert (ran.code, "exported and erased" in ran.out) == (0, True)
    assert len(list(folder.iterdir())) == 6
    other = tmp_path / "other.db"
    assert all(cli("import", file, "--db", other).code == 0 for file in folder.iterdir())
    assert "prompt:4" in cli("show", ALONE, "--db", other).out


def test_gc_again_and_again(cli: Cli, history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(self: Any, stop: Any) -> None:
        self._once()

    monkeypatch.setattr("turnlog.retention.scheduling.Schedule.run", once)
    assert "6 archived" in cli("gc", "--days", "0", "--every", "24h").out
    for wrong in ("10s", "soon", "0m"):
        ran = cli("gc", "--every", wrong)
        assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize(
    "options", [("--days", "-1"), ("--silent", "nan"), ("--strength", "shred")]
)
def test_gc_refuses_what_makes_no_sense(cli: Cli, history: Path, options: Any) -> None:
    ran = cli("gc", *options, "--yes")
    assert (ran.code, ran.out) == (2, "")


def test_archive(cli: Cli, history: Path, database: Path) -> None:
    ran = cli("archive", ALONE, "--reason", "done")
    assert (ran.code, ran.out.startswith("Archived 3f1c2d84")) == (0, True)
    assert "prompt:4" in cli("show", ALONE).out
    assert cli("undelete", ALONE).code == 0
    with turnlog.open(f"sqlite:///{database}") as log:
        assert log.session(ALONE).presence == "present"
