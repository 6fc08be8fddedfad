"""`--at`: lists and figures as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli


def last_position(path: Path) -> int:
    with turnlog.open(f"sqlite:///{path}") as log, log.store.read() as reader:
        return reader.last_position()


def test_the_list_and_the_figures_are_those_of_then(cli: Cli, history: Path) -> None:
    """What a command said once must be told again of that moment, whatever happened since."""
    end = last_position(history)
    before = cli("sessions", "--json").json, cli("stats", "--json").json
    one = cli("stats", "8b6e", "--json").json
    cli("rewind", "8b6e", "--to", "prompt:1")
    cli("delete", "3f1c")
    cli("fork", "17a5")
    assert cli("sessions", "--json").json != before[0]
    for at in (str(end), f"position:{end}"):
        then = cli("sessions", "--json", "--at", at).json, cli("stats", "--json", "--at", at).json
        assert then == before
        assert cli("stats", "8b6e", "--json", "--at", at).json == one


def test_a_plain_time_is_in_the_machines_zone_and_may_be_an_age(cli: Cli, history: Path) -> None:
    for at in ("7d", "2020-01-01", "2020-01-01T10:00+02:00", "recorded:2020-01-01"):
        assert cli("stats", "--json", "--at", at).json["sessions"] == 0
    for at in ("0m", "2100-01-01", "recorded:2100-01-01T00:00Z"):
        assert cli("stats", "--json", "--at", at).json["sessions"] == 7


def test_what_is_shown_says_of_which_moment_it_is(cli: Cli, history: Path) -> None:
    end = last_position(history)
    assert cli("sessions", "--at", str(end)).out.startswith(f"as it was at position:{end}\n")
    assert cli("stats", "--at", "2020-01-01T10:00Z").out.startswith("as it was at 2020-01-01 10:00")


def test_a_time_before_the_log_does_not_ask_for_an_import(cli: Cli, history: Path) -> None:
    """A log with sessions must never be called empty because it once was."""
    out = cli("sessions", "--at", "2020-01-01").out
    assert out.splitlines()[1:] == ["There were no sessions then."]


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("99999", "the log ends at position"),
        ("-5", "no time"),
        ("prompt:2", "no moment of the whole log"),
        ("position:two", "whole number"),
        ("2026-02-30", "no time"),
        ("2026-01-30T10:00+25:00", "no time"),
        ("yesterday", "no time"),
        ("", "no time"),
        ("\ud800", "no time"),
    ],
)
def test_what_is_no_moment_is_told_in_one_message(
    cli: Cli, history: Path, at: str, told: str
) -> None:
    for command in ("sessions", "stats"):
        ran = cli(command, f"--at={at}")
        assert (ran.code, ran.out) == (2, "")
        assert told in ran.err
        assert "Traceback" not in ran.err
