"""The commands that begin sessions, tell more of them, and read one as a value."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from turnlog import SessionKey


def created(cli: Cli, *arguments: str) -> str:
    return str(cli("create", "--directory", "/srv/shop", *arguments, "--json").json["session_id"])


def test_a_session_is_created(cli: Cli, database: Path) -> None:
    told = ("--user", "ada", "--prompt", "Why?", "--model", "claude", "--title", "Checkout")
    name = created(cli, *told, "--tag", "slow", "--tag", "shop", "--meta", "ticket=7")
    [session] = cli("sessions", "--json").json["sessions"]
    assert session["session_id"] == name
    assert (session["user_id"], session["title"]) == ("ada", "Checkout")
    assert (session["tags"], session["models"]) == (["slow", "shop"], ["claude"])
    assert session["project_key"] == "-srv-shop"
    assert cli("meta", name, "--json").json["metadata"] == {"ticket": 7}
    assert cli("create", "--id", "mine", "--project", "p").out == "Began mine\n"
    assert cli("create", "--id", "mine", "--project", "p").code == 2


def test_a_session_begins_in_the_folder_one_is_in(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli("create", "--id", "here")
    assert cli("get", "here", "--json").json["working_dir"] == str(tmp_path)


def test_an_id_that_tells_the_time_is_shown_whole(cli: Cli) -> None:
    """What a list shows of an id must be enough to name the session later."""
    name = created(cli, "--ids", "time")
    assert len(name.split("-")) == 5
    assert name in cli("sessions").out
    assert name in cli("sessions", "--summaries").out
    assert name in cli("rename", name, "Mine").out


def test_a_folder_goes_on_with_its_latest_session(cli: Cli) -> None:
    first = created(cli)
    assert created(cli, "--continue") == first
    assert created(cli, "--continue", "--within", "2d") == first
    assert cli("create", "--directory", "/srv/shop", "--continue").out.startswith("Goes on: ")
    assert created(cli, "--continue", "--user", "grace") != first
    assert created(cli) != first


def test_more_is_told(cli: Cli) -> None:
    name = created(cli)
    out = cli("update", name, "--user", "grace", "--title", "Checkout", "--tag", "a,b").out
    assert "Updated" in out
    assert "Checkout" in out
    session = cli("update", name, "--directory", "/srv", "--json").json
    assert (session["user_id"], session["working_dir"], session["tags"]) == (
        "grace",
        "/srv",
        ["a,b"],
    )


def test_marking(cli: Cli) -> None:
    name = created(cli)
    assert [s["session_id"] for s in cli("sessions", "--resumable", "--json").json["sessions"]]
    cli("mark", name, "complete", "--stop-reason", "end_turn", "--reason", "all done")
    assert cli("sessions", "--resumable", "--json").json["sessions"] == []
    session = cli("get", name, "--json").json
    assert (session["status"], session["stop_reason"]) == ("complete", "end_turn")
    assert cli("events", name, "--json").lines[-1]["fields"]["why"] == "all done"


def test_attempts(cli: Cli) -> None:
    name = created(cli)
    assert cli("attempt", name, "--json").json["attempt"] == 1
    assert cli("attempt", name).out.startswith("Attempt 2 to go on with ")
    assert cli("get", name, "--json").json["continuations"] == 2


def test_metadata_is_added_taken_away_and_replaced(cli: Cli) -> None:
    name = created(cli, "--meta", "ticket=7", "--meta", "team=shop")
    assert cli("meta", name, "due=2026-02-01", "ticket=8", "--remove", "team").out == (
        "ticket = 8\ndue = 2026-02-01\n"
    )
    assert cli("meta", name, "a=[1, 2]", "--replace", "--json").json["metadata"] == {"a": [1, 2]}
    assert cli("meta", name, "--replace").out == "No metadata.\n"


def test_tags_are_replaced_and_a_title_taken_away(cli: Cli, history: Path) -> None:
    before = cli("stats", "8b6e", "--json").json["title"]
    cli("rename", "8b6e", "Mine")
    assert cli("rename", "8b6e", "--remove", "--json").json["title"] == before
    cli("tag", "8b6e", "one", "two")
    assert cli("tag", "8b6e", "three", "--replace", "--json").json["tags"] == ["three"]
    assert cli("tag", "8b6e", "--replace", "--json").json["tags"] == []


def test_a_session_as_one_value(cli: Cli, history: Path) -> None:
    value = cli("get", "8b6e", "--json").json
    stats = cli("stats", "8b6e", "--json").json
    assert (value["turns"], value["prompts"]) == (stats["turns"], stats["prompts"])
    for counter in ("input_tokens", "output_tokens", "cache_read_input_tokens"):
        assert value["usage"][counter] == stats["live"][counter]
    with turnlog.open(f"sqlite:///{history}") as log:
        key = SessionKey(value["project_key"], value["session_id"])
        assert value["text"] == log.get(key).text
    assert cli("get", "8b6e", "--text").out.startswith(value["text"][:40])
    out = cli("get", "8b6e", "--at", "prompt:1").out
    assert "as it was at prompt:1" in out
    assert " 1 prompt " in out


def test_a_checkpoint_is_shown_as_it_was(cli: Cli, history: Path) -> None:
    cli("checkpoint", "8b6e", "here", "--label", "half")
    found = cli("checkpoint", "8b6e", "prompt-2", "--show", "--json").json
    assert (found["checkpoint"], found["prompts"], found["live"]) == ("prompt-2", 2, True)
    assert found["turn"] == found["turns"]
    assert "as it was at checkpoint:here" in cli("checkpoint", "8b6e", "here", "--show").out
    assert cli("checkpoint", "8b6e", "there", "--show").code == 2


NONSENSE: list[tuple[tuple[str, ...], str]] = [
    (("mark", "8b6e", "done"), "'done' is no status; take one of active, complete"),
    (("mark", "8b6e", "complete", "--stop-reason", ""), "a stop_reason needs"),
    (("update", "8b6e"), "nothing to tell"),
    (("update", "8b6e", "--user", " "), "user_id needs 1 to 200"),
    (("update", "8b6e", "--meta", "x"), "'x' is no metadata; write name=value"),
    (("update", "nobody", "--user", "ada"), "no session begins with 'nobody'"),
    (("meta", "8b6e", "=1"), "'=1' is no metadata"),
    (("meta", "8b6e", "a=1", "--replace", "--remove", "b"), "leaves nothing to --remove"),
    (("meta", "8b6e", "a=NaN"), "metadata must be JSON"),
    (("tag", "8b6e", "x" * 10_240), "a tag needs 1 to 200 characters"),
    (("tag", "8b6e", ""), "a tag needs 1 to 200 characters"),
    (("rename", "8b6e"), "a title, or --remove"),
    (("rename", "8b6e", "x", "--remove"), "a title, or --remove"),
    (("create", "--ids", "ulid"), "made by uuid or time"),
    (("create", "--within", "4h"), "--within goes with --continue"),
    (("create", "--continue", "--within", "-4h"), "'-4h' is no age"),
    (("create", "--continue", "--within", "0h"), "'0h' is no age"),
    (("create", "--continue", "--id", "x"), "leave --id and --project"),
    (("checkpoint", "8b6e", "prompt-9"), "name of an automatic checkpoint"),
    (("get", "8b6e", "--at", "prompt:99"), "the live branch has 5 prompts"),
]


def test_what_makes_no_sense_changes_nothing(cli: Cli, history: Path) -> None:
    """A command that is refused must never leave a part of what it was asked for."""
    before = _position(history)
    for arguments, told in NONSENSE:
        ran = cli(*arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert told in ran.err
    assert _position(history) == before


def _position(database: Path) -> int:
    with turnlog.open(f"sqlite:///{database}") as log, log.store.read() as reader:
        return reader.last_position()


def test_figures_of_one_user_or_project(cli: Cli, history: Path) -> None:
    cli("update", "8b6e", "--user", "grace")
    figures = cli("stats", "--user", "grace", "--json").json
    assert (figures["sessions"], figures["by_status"]) == (1, {"complete": 1})
    assert figures["average_turns"] == figures["turns"]
    assert "1 session · 0 subagents" in cli("stats", "--user", "grace").out
    assert cli("stats", "--project", "shop", "--json").json["sessions"] == 4
    assert cli("stats", "--model", "opus").code == 2
