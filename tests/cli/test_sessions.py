"""`turnlog sessions`: the list, its filters and its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey

WEBHOOKS = "8b6e0a57-21d4-4f3c-b7a9-5d90c4e2f631"
NEWEST_FIRST = ["17a5f8d3", "e91b3c60", "c04d9e72", "08b55f9a", "8b6e0a57", "3f1c2d84", "5d0f7b29"]


def listed(cli: Cli, *arguments: str) -> list[str]:
    return [s["session_id"][:8] for s in cli("sessions", "--json", *arguments).json["sessions"]]


def test_the_newest_come_first(cli: Cli, history: Path) -> None:
    assert listed(cli) == NEWEST_FIRST


def test_the_list_shows_what_one_looks_for(cli: Cli, history: Path) -> None:
    ran = cli("sessions")
    assert ran.code == 0
    line = next(line for line in ran.out.splitlines() if "8b6e0a57" in line)
    assert "Idempotent payment webhooks" in line
    assert [word for word in ("shop", "$0.31", "2026-10-13") if word not in line] == []
    assert "7 sessions, 993k tokens, $0.92 billed" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--project", "atlas"), ["e91b3c60", "c04d9e72"]),
        (("--directory", "/home/ada/shop"), ["08b55f9a", "8b6e0a57", "3f1c2d84", "5d0f7b29"]),
        (("--directory", "/home/ada/sho"), []),
        (("--status", "complete", "--project", "notes"), ["17a5f8d3"]),
        (("--status", "error"), []),
        (("--tag", "notes"), ["17a5f8d3"]),
        (("--text", "WEBHOOKS"), ["08b55f9a", "8b6e0a57"]),
        (("--since", "2026-11-01"), ["17a5f8d3", "e91b3c60"]),
        (("--until", "2026-09-09"), ["5d0f7b29"]),
        (("--since", "2026-10-13T00:00Z", "--until", "2026-10-14T00:00Z"), ["8b6e0a57"]),
        (("--user", "nobody"), []),
        (("--status", "error", "--status", "complete", "--project", "notes"), ["17a5f8d3"]),
        (("--resumable", "--project", "notes"), []),
        (("--tag", "notes", "--tag", "other"), []),
        (("--any-tag", "notes", "--any-tag", "other"), ["17a5f8d3"]),
        (("--text", "our PAYMENT"), ["08b55f9a", "8b6e0a57"]),
        (("--model", "opus", "--project", "shop", "--min-turns", "13"), ["8b6e0a57"]),
        (("--model", "gpt"), []),
        (("--min-cost", "0.30"), ["8b6e0a57"]),
        (("--min-cost", "$0.20", "--max-cost", "0.30"), ["c04d9e72", "3f1c2d84"]),
        (("--max-turns", "0"), ["5d0f7b29"]),
    ],
)
def test_filters(cli: Cli, history: Path, arguments: tuple[str, ...], expected: list[str]) -> None:
    assert listed(cli, *arguments) == expected


def test_pages_hold_every_session_once(cli: Cli, history: Path) -> None:
    """A session must never be missing between two pages, or be on both."""
    found: list[str] = []
    after: list[str] = []
    for _ in range(10):
        page = cli("sessions", "--json", "--limit", "3", *after).json
        found += [s["session_id"][:8] for s in page["sessions"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert found == NEWEST_FIRST


def test_a_page_says_how_to_get_the_next_one(cli: Cli, history: Path) -> None:
    cursor = cli("sessions", "--json", "--limit", "2").json["next"]
    assert f"--after {cursor}" in cli("sessions", "--limit", "2").out
    assert "--after" not in cli("sessions", "--limit", "7").out


def test_deleted_sessions_are_shown_where_they_are_asked_for(cli: Cli, history: Path) -> None:
    cli("delete", "8b6e")
    assert "8b6e0a57" not in listed(cli)
    assert listed(cli, "--deleted") == ["8b6e0a57"]
    assert listed(cli, "--all") == NEWEST_FIRST
    assert listed(cli, "--archived") == []


def test_the_keys_of_a_session_stay(cli: Cli, history: Path) -> None:
    """Scripts rely on these keys: none may be renamed or change its kind."""
    session = cli("sessions", "--json", "--text", "slow checkout").json["sessions"][0]
    assert {name: type(value).__name__ for name, value in session.items()} == {
        "project_key": "str",
        "session_id": "str",
        "title": "str",
        "first_message": "str",
        "summary": "NoneType",
        "status": "str",
        "stop_reason": "str",
        "presence": "str",
        "user_id": "NoneType",
        "working_dir": "str",
        "machine": "str",
        "source": "str",
        "forked_from": "NoneType",
        "models": "list",
        "tags": "list",
        "prompts": "int",
        "turns": "int",
        "messages": "int",
        "entries": "int",
        "entries_recorded": "int",
        "continuations": "int",
        "subagents": "int",
        "gaps": "int",
        "created_at": "str",
        "first_at": "str",
        "last_at": "str",
        "recorded_at": "str",
        "version": "int",
        "billed": "dict",
        "live": "dict",
        "subagents_billed": "dict",
        "reported_cost_usd": "NoneType",
        "git_branch": "str",
    }
    assert session["subagents"] == 1
    assert session["last_at"].startswith("2026-09-28T07:19:")
    assert session["billed"]["cost_usd"].startswith("0.2")


def test_each_session_in_a_line_of_its_own_with_its_first_message(cli: Cli, history: Path) -> None:
    line = next(x for x in cli("sessions", "--summaries").out.splitlines() if "8b6e0a57" in x)
    assert line.split()[:6] == ["✓", "8b6e0a57", "2026-10-13", "2026-10-13", "20", "$0.31"]
    assert " Our payment provider sends the same" in line
    _, session = cli("sessions", "--json", "--text", "our payment").json["sessions"]
    assert session["first_message"].startswith("Our payment provider sends the same webhook")
    assert session["messages"] == session["prompts"] + session["turns"]


def test_an_empty_log_says_what_to_do(cli: Cli, database: Path) -> None:
    turnlog.open(f"sqlite:///{database}").close()
    assert "turnlog import" in cli("sessions").out
    assert cli("sessions", "--json").json == {"sessions": [], "next": None}
    assert cli("sessions", "--tag", "x").out == "No session matches.\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--status", "done"), "'done' is no status; take one of active"),
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--after", "x"), "'x' is no page"),
        (("--limit", "0"), "a page holds 1 to"),
        (("--limit", "1000000"), "a page holds 1 to 10000 sessions, not 1000000"),
        (("--since", "-7d"), "'-7d' is no time"),
        (("--min-cost", "-1"), "'-1' is no amount"),
        (("--max-cost", "nan"), "'nan' is no amount"),
        (("--min-turns", "-1"), "a number of turns is from 0"),
        (("--min-turns", "9", "--max-turns", "3"), "at least 9 and at most 3 turns"),
        (("--limit", "many"), "--limit"),
    ],
)
def test_what_makes_no_sense_is_named(
    cli: Cli, history: Path, arguments: tuple[str, ...], told: str
) -> None:
    ran = cli("sessions", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert told in ran.err


def test_an_ambiguous_name_shows_the_candidates(cli: Cli, history: Path) -> None:
    with turnlog.open(f"sqlite:///{history}") as log:
        twin = Transcript(WEBHOOKS[:10] + "1-0000-4000-8000-000000000000", seed=3)
        twin.prompt("Another one.")
        log.append(SessionKey("twins", twin.session_id), twin.entries)
    ran = cli("show", "8b6e0a57")
    assert (ran.code, ran.out) == (2, "")
    assert "names 2 sessions" in ran.err
    assert WEBHOOKS in ran.err
    assert twin.session_id in ran.err
    assert cli("show", WEBHOOKS).code == 0


def test_an_unknown_name_is_an_error(cli: Cli, history: Path) -> None:
    ran = cli("show", "ffff")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "turnlog: no session begins with 'ffff'; see `turnlog sessions`\n"


def test_the_list_tells_ids_apart(cli: Cli, history: Path) -> None:
    """An id that is shown must always name one session of the list."""
    with turnlog.open(f"sqlite:///{history}") as log:
        twin = Transcript(WEBHOOKS[:10] + "1-0000-4000-8000-000000000000", seed=3)
        twin.prompt("Another one.")
        log.append(SessionKey("twins", twin.session_id), twin.entries)
    out = cli("sessions").out
    assert WEBHOOKS[:11] in out
    assert twin.session_id[:11] in out


def test_a_session_of_two_projects_is_named_with_its_project(cli: Cli, history: Path) -> None:
    """A session must never be out of reach because another project has one of the same id."""
    with turnlog.open(f"sqlite:///{history}") as log:
        twin = Transcript(WEBHOOKS, seed=3)
        twin.prompt("In another project.")
        log.append(SessionKey("twins", WEBHOOKS), twin.entries)
    ran = cli("show", WEBHOOKS)
    assert ran.code == 2
    assert f"twins/{WEBHOOKS}" in ran.err
    assert "In another project." in cli("show", f"twins/{WEBHOOKS}").out
    assert "In another project." in cli("show", "twins/8b6e").out
    assert cli("rename", "twins/8b6e", "The twin", "--json").json["title"] == "The twin"
    assert f"home-ada-shop/{WEBHOOKS}" in ran.err
    for name in (f"home-ada-shop/{WEBHOOKS}", "shop/8b6e"):
        assert "Our payment provider" in cli("show", name).out
    assert cli("show", "hop/8b6e").code == 2


def test_a_name_of_very_many_sessions_does_not_claim_to_know_them_all(
    cli: Cli, database: Path
) -> None:
    """An error must never give a wrong number of candidates."""
    with turnlog.open(f"sqlite:///{database}") as log:
        for number in range(30):
            log.append(SessionKey("p", f"a{number:03}"), [{"type": "user", "uuid": "1"}])
    told = cli("show", "a").err
    assert "'a' names more than 20 sessions; write more of the id" in told
    assert told.splitlines()[-2:] == ["  p/a007", "  …"]
    assert "'a01' names 10 sessions" in cli("show", "a01").err
    assert cli("show", "a011").code == 0


@pytest.mark.parametrize("command", [("sessions",), ("audit",), ("search", "lock")])
def test_a_time_that_ends_before_it_begins_is_told(
    cli: Cli, history: Path, command: tuple[str, ...]
) -> None:
    """Dates that were changed over must never look as if nothing had happened."""
    ran = cli(*command, "--since", "2026-10-20", "--until", "2026-10-01")
    assert (ran.code, ran.out) == (2, "")
    assert "--since 2026-10-20 is later than --until 2026-10-01; change them over" in ran.err
