"""The commands that append a fact, and what they say."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from turnlog import SessionKey, events


def prompts(cli: Cli, session: str = "8b6e") -> int:
    return int(cli("stats", session, "--json").json["prompts"])


def test_a_dry_run_changes_nothing(cli: Cli, history: Path) -> None:
    before = cli("events", "8b6e", "--json").out
    for arguments in (
        ("rewind", "8b6e", "--to", "prompt:2"),
        ("fork", "8b6e", "--at", "turn:6"),
        ("checkpoint", "8b6e", "here"),
    ):
        ran = cli(*arguments, "--dry-run")
        assert ran.code == 0
        assert ran.out.startswith("Would ")
        assert cli(*arguments, "--dry-run", "--json").json["done"] is False
    assert cli("events", "8b6e", "--json").out == before
    assert len(cli("sessions", "--json").json["sessions"]) == 7


def test_rewinding_says_what_changes(cli: Cli, history: Path) -> None:
    out = cli("rewind", "8b6e", "--to", "prompt:2", "--reason", "a wrong turn").out
    assert "Rewound to prompt:2 8b6e0a57" in out
    assert "prompts        5 → 2" in out
    assert prompts(cli) == 2
    assert "── prompt:3" not in cli("show", "8b6e").out


def test_what_was_billed_stays_billed(cli: Cli, history: Path) -> None:
    """Going back must never make spent money disappear."""
    before = cli("stats", "8b6e", "--json").json
    cli("rewind", "8b6e", "--to", "prompt:2")
    after = cli("stats", "8b6e", "--json").json
    assert after["billed"] == before["billed"]
    assert float(after["live"]["cost_usd"]) < float(before["live"]["cost_usd"])
    assert after["by_model"] == before["by_model"]


def test_one_comes_back_to_a_branch_by_the_point_that_is_shown(cli: Cli, history: Path) -> None:
    before = cli("stats", "8b6e", "--json").json
    cli("rewind", "8b6e", "--to", "prompt:2")
    left = cli("branches", "8b6e", "--json").json["branches"][0]
    cli("rewind", "8b6e", "--to", left["last"])
    after = cli("stats", "8b6e", "--json").json
    assert {name: after[name] for name in ("prompts", "turns", "entries", "live")} == {
        name: before[name] for name in ("prompts", "turns", "entries", "live")
    }


def test_the_trail_names_who_and_why(cli: Cli, history: Path) -> None:
    cli("rewind", "8b6e", "--to", "prompt:2", "--reason", "a wrong turn")
    last = cli("events", "8b6e", "--json").lines[-1]
    assert (last["event"], last["actor"]) == ("SessionRewound.v1", "ada")
    assert last["fields"]["reason"] == "a wrong turn"
    line = cli("events", "8b6e").out.splitlines()[-1]
    assert line.split()[3] == "SessionRewound"


def test_a_checkpoint_can_be_gone_back_to(cli: Cli, history: Path) -> None:
    assert cli("checkpoint", "8b6e", "before", "--label", "before the outbox").code == 0
    row = cli("checkpoint", "8b6e", "--list", "--json").json["checkpoints"][-1]
    assert (row["name"], row["label"], row["live"]) == ("before", "before the outbox", True)
    assert "before the outbox" in cli("checkpoint", "8b6e", "--list").out
    cli("rewind", "8b6e", "--to", "prompt:1")
    assert cli("rewind", "8b6e", "--to", "checkpoint:before").code == 0
    assert prompts(cli) == 5


def test_a_checkpoint_s_name_is_taken_once(cli: Cli, history: Path) -> None:
    cli("checkpoint", "8b6e", "before")
    ran = cli("checkpoint", "8b6e", "before")
    assert ran.code == 2
    assert "has a checkpoint 'before' already" in ran.err


def test_a_fork_begins_with_what_was_there(cli: Cli, history: Path) -> None:
    child = str(uuid.uuid4())
    told = cli("fork", "8b6e", "--at", "prompt:2", "--into", child, "--json").json
    assert told["child"] == {"project_key": "-home-ada-shop", "session_id": child}
    assert told["figures"]["prompts"] == 2
    out = cli("show", child).out
    assert "── prompt:2 " in out
    assert "── prompt:3 " not in out
    with turnlog.open(f"sqlite:///{history}") as log:
        loaded = log.load(SessionKey("-home-ada-shop", child))
    assert loaded is not None
    assert cli("show", child, "--json").lines[0]["forked_from"]["session_id"].startswith("8b6e")
    assert "⑂ 8b6e0a57" in cli("sessions").out


def test_a_fork_without_a_point_begins_at_the_end(cli: Cli, history: Path) -> None:
    assert cli("fork", "8b6e", "--json").json["figures"]["prompts"] == 5


def test_tags_are_added_and_taken_away(cli: Cli, history: Path) -> None:
    assert cli("tag", "8b6e", "payments", "done", "--json").json["tags"] == ["payments", "done"]
    assert cli("tag", "8b6e", "later", "--remove", "done", "--json").json["tags"] == [
        "payments",
        "later",
    ]
    assert cli("tag", "8b6e").out == "#payments #later\n"


def test_renaming(cli: Cli, history: Path) -> None:
    assert "Webhooks, once" in cli("rename", "8b6e", "Webhooks, once").out
    assert cli("stats", "8b6e", "--json").json["title"] == "Webhooks, once"
    assert cli("rename", "8b6e", "  ").code == 2


def test_what_is_deleted_comes_back(cli: Cli, history: Path) -> None:
    before = cli("show", "3f1c").out
    assert "turnlog undelete 3f1c2d84" in cli("delete", "3f1c", "--reason", "private").out
    assert cli("sessions", "--json", "--deleted").json["sessions"][0]["presence"] == "deleted"
    assert cli("rewind", "3f1c", "--to", "prompt:1").code == 2
    assert cli("undelete", "3f1c").code == 0
    assert cli("show", "3f1c").out == before
    ran = cli("undelete", "3f1c")
    assert ran.code == 2
    assert "turnlog: " in ran.err


def test_every_event_of_the_trail_says_something(cli: Cli, history: Path) -> None:
    cli("tag", "8b6e", "x")
    cli("fork", "8b6e")
    cli("rewind", "8b6e", "--to", "prompt:2")
    lines = cli("events", "8b6e", "--json").lines
    assert [line["version"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["event"] for line in lines} <= set(events.EVENTS)
    assert all(line["what"] for line in lines)
    assert cli("events", "8b6e", "--after", "5", "--json").lines == lines[5:]
    assert len(cli("events", "8b6e").out.splitlines()) == len(lines) + 1


@pytest.mark.parametrize("name", ["agent", "acf764d021a4f1d97"])
def test_a_subagent_has_a_trail_of_its_own(cli: Cli, history: Path, name: str) -> None:
    lines = cli("events", "3f1c", "--subagent", name, "--json").lines
    assert lines[0]["fields"]["subpath"] == "subagents/agent-acf764d021a4f1d97"


def test_an_unknown_subagent_is_an_error_with_the_names(cli: Cli, history: Path) -> None:
    ran = cli("events", "3f1c", "--subagent", "nobody")
    assert ran.code == 2
    assert "subagents/agent-acf764d021a4f1d97" in ran.err


def test_branches_are_drawn_with_the_live_one_going_on(cli: Cli, history: Path) -> None:
    cli("rewind", "8b6e", "--to", "prompt:2", "--reason", "a wrong turn")
    lines = cli("branches", "8b6e").out.splitlines()
    drawn = [line[:16].rstrip() for line in lines[3:-2]]
    assert drawn == [
        "● prompt:1   Our",
        "● prompt:2   And",
        "├─╮ left behind",
        "│ ○ prompt:3   I",
        "│ ○ prompt:4   T",
        "│ ○ prompt:5   T",
        "│ ╵ back to it:",
        "▲ the session go",
    ]
    assert "by ada: a wrong turn" in lines[5]


def test_a_session_without_rewinds_has_one_branch(cli: Cli, history: Path) -> None:
    branches = cli("branches", "8b6e", "--json").json["branches"]
    assert [(b["branch"], b["is_head"], len(b["prompts"])) for b in branches] == [(0, True, 5)]


def test_many_rewinds_can_still_be_drawn(cli: Cli, history: Path) -> None:
    """A drawing must never fail, or be endless, however often one went back."""
    with turnlog.open(f"sqlite:///{history}") as log:
        session = log.session("8b6e")
        key = SessionKey(session.project_key, session.session_id)
        for n in range(60):
            log.rewind(key, f"version:{n * 37 % 100}")
    ran = cli("branches", "8b6e")
    assert ran.code == 0
    for n in (1, 5):
        assert sum(f"prompt:{n} " in line for line in ran.out.splitlines()) <= 1
