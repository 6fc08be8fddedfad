"""audit, seal, and verify against a file or a seal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import turnlog
from tests.cli.conftest import Cli
from tests.storage.tampering import drop_stream, meddling
from turnlog import SessionKey
from turnlog.adapters.storage.sql.schema import events

ATLAS = SessionKey("-home-ada-atlas", "c04d9e72-5b1f-4e86-8a3c-91f7d2b6e458")


@pytest.fixture
def done(cli: Cli, history: Path) -> None:
    """Something that somebody did."""
    cli("rewind", "8b6e", "--to", "prompt:2", "--reason", "the lock was a wrong turn")
    cli("rename", "3f1c", "Checkout rounds twice")


def test_the_trail_is_shown_the_newest_first(cli: Cli, done: None) -> None:
    ran = cli("audit", "--limit", "3")
    assert ran.code == 0
    _, first, second, *_ = ran.out.splitlines()
    assert "3f1c2d84  SessionRenamed" in first
    assert first.endswith("by ada")
    assert "8b6e0a57  SessionRewound" in second
    assert "more: turnlog audit … --before" in ran.out


def test_the_trail_goes_on_where_a_page_ended(cli: Cli, done: None) -> None:
    first = cli("audit", "--limit", "2", "--json").json
    second = cli("audit", "--limit", "2", "--before", str(first["next"]), "--json").json
    every = cli("audit", "--limit", "4", "--json").json["deeds"]
    assert first["deeds"] + second["deeds"] == every
    assert cli("audit", "--limit", "10000", "--json").json["next"] is None


def test_the_trail_is_asked_for_a_part(cli: Cli, done: None) -> None:
    def kinds(*options: str) -> set[str]:
        return {deed["kind"] for deed in cli("audit", *options, "--json").json["deeds"]}

    assert kinds("--actor", "ada") == {"SessionRewound", "SessionRenamed"}
    assert kinds("--kind", "rewound", "--kind", "SessionRenamed", "--actor", "ada") == {
        "SessionRewound",
        "SessionRenamed",
    }
    assert kinds("3f1c", "--actor", "ada") == {"SessionRenamed"}
    assert kinds("--project", "atlas", "--actor", "ada") == set()
    assert kinds("--until", "7d") == set()
    assert "SessionStarted" in kinds("--since", "7d", "--source", "import")
    [deed] = cli("audit", "--kind", "rewound", "--json").json["deeds"]
    assert deed["reason"] == "the lock was a wrong turn"
    assert deed["fields"]["target"] > 0
    assert "Nothing of that happened." in cli("audit", "--actor", "nobody").out


@pytest.mark.parametrize(
    "options",
    [
        ["--kind", "nothing"],
        ["--source", "mail"],
        ["--since", "never"],
        ["--since", "1d", "--until", "2d"],
        ["--limit", "0"],
        ["--after", "7"],
        ["--no-content"],
        ["--export", "x.jsonl", "--actor", "ada"],
        ["--export", "x.jsonl", "--before", "7"],
        ["no-such-session"],
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, history: Path, options: list[str]) -> None:
    ran = cli("audit", *options)
    assert ran.code == 2
    assert ran.err.startswith("turnlog: ")
    assert "Traceback" not in ran.err


def test_a_trail_is_exported_and_verified_without_the_log(
    cli: Cli, done: None, history: Path, tmp_path: Path
) -> None:
    trail, seal = tmp_path / "trail.jsonl", tmp_path / "seal.json"
    assert cli("seal", "--out", seal).code == 0
    assert "✓ Exported" in cli("audit", "--export", trail).out
    history.unlink()
    ran = cli("verify", "--file", trail, "--seal", seal)
    assert ran.code == 0
    assert "✓ The trail holds" in ran.out
    found = cli("verify", "--file", trail, "--json").json
    assert found["holds"] is True
    assert found["line"] == json.loads(trail.read_text().splitlines()[-1])["line"]
    assert not history.exists(), "no database must be made, or looked for"


def test_a_line_that_was_taken_out_or_changed_is_named(
    cli: Cli, done: None, tmp_path: Path
) -> None:
    trail = tmp_path / "trail.jsonl"
    cli("audit", "--export", trail)
    lines = trail.read_text().splitlines(keepends=True)
    trail.write_text("".join(lines[:39] + lines[40:]))
    ran = cli("verify", "--file", trail)
    assert ran.code == 1
    assert f"version 39 of {ATLAS.stream_id} is missing" in " ".join(ran.out.split())
    at = next(n for n, line in enumerate(lines) if "need a currency" in line)
    lines[at] = lines[at].replace("need a currency", "need no currency")
    trail.write_text("".join(lines))
    ran = cli("verify", "--file", trail, "--json")
    assert ran.code == 1
    [problem] = ran.json["problems"]
    assert (problem["line"], problem["what"]) == (at + 1, "its content was edited")


def test_a_seal_is_made_kept_and_listed(cli: Cli, done: None, tmp_path: Path) -> None:
    assert "never sealed" in cli("seal", "--list").out
    path = tmp_path / "week.json"
    assert "✓ Sealed" in cli("seal", "--out", path, "--reason", "end of the week").out
    kept = json.loads(path.read_text())
    again = cli("seal", "--json").json
    assert again["previous"] == kept["fingerprint"]
    assert cli("seal", "--list", "--json").json["seals"] == [again, kept]
    assert "end of the week by ada" in cli("seal", "--list").out
    for seal in (path, kept["fingerprint"], kept["fingerprint"][:16]):
        assert cli("verify", "--seal", seal).code == 0
    assert cli("seal", "--out", path).code == 2
    assert json.loads(path.read_text()) == kept
    assert len(cli("seal", "--list", "--json").json["seals"]) == 2, "sealed what cannot be kept"


def test_what_was_changed_since_the_seal_is_named(
    cli: Cli, done: None, history: Path, tmp_path: Path
) -> None:
    path = tmp_path / "seal.json"
    cli("seal", "--out", path)
    with meddling(f"sqlite:///{history}") as connection:
        drop_stream(connection, ATLAS)
    ran = cli("verify")
    assert ran.code == 1
    assert "the stream is gone, which was sealed at version" in " ".join(ran.out.split())
    ran = cli("verify", "--seal", path)
    assert ran.code == 1
    assert "✗ The log does not hold." in ran.out
    [problem] = cli("verify", "--seal", path, "--json").json["problems"]
    assert problem["session_id"] == ATLAS.session_id
    assert problem["what"].startswith("the stream is gone")


def test_a_problem_of_no_session_is_told(cli: Cli, done: None, history: Path) -> None:
    cli("seal")
    with meddling(f"sqlite:///{history}") as connection:
        last = events.c.facts.like('%"root"%')
        connection.execute(update(events).where(last).values(facts="{}"))
    ran = cli("verify")
    assert ran.code == 1
    assert "!log, version 1" in ran.out
    [problem] = cli("verify", "--json").json["problems"]
    assert problem["stream"] == "!log"


def test_a_session_is_proven_by_itself(cli: Cli, done: None, tmp_path: Path) -> None:
    proof, trail = tmp_path / "proof.json", tmp_path / "session.jsonl"
    assert cli("seal", "--prove", "3f1c").code == 2
    cli("seal")
    assert "✓ Proved 2 streams" in cli("seal", "--prove", "3f1c", "--out", proof).out
    cli("audit", "3f1c", "--export", trail)
    assert cli("verify", "--file", trail, "--seal", proof).code == 0
    assert cli("verify", "--seal", proof).code == 0
    other = tmp_path / "other.jsonl"
    cli("audit", "8b6e", "--export", other)
    assert cli("verify", "--file", other, "--seal", proof).code == 1
    assert cli("seal", "--prove", "3f1c").json == json.loads(proof.read_text())


BAD: list[Any] = [
    ["--seal", "no-such-file"],
    ["--seal", "0123456789abcdef"],
    ["--file", "no-such-file"],
    ["--file", "x", "3f1c"],
    ["3f1c", "--seal", "0123456789abcdef"],
]


@pytest.mark.parametrize("options", BAD)
def test_verify_says_what_it_was_not_given(cli: Cli, history: Path, options: list[str]) -> None:
    ran = cli("verify", *options)
    assert ran.code == 2
    assert ran.err.startswith("turnlog: ")


def test_a_file_that_is_no_evidence_is_said_to_be_none(
    cli: Cli, history: Path, tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    path.write_text("Hello\n")
    for options in (["--file", path], ["--seal", path]):
        ran = cli("verify", *options)
        assert ran.code == 2
        assert "is no" in ran.err
    with turnlog.open(f"sqlite:///{history}") as log:
        log.seal()
    edited = json.loads(cli("seal", "--json").out)
    edited["events"] += 1
    path.write_text(json.dumps(edited))
    assert "the seal was edited" in cli("verify", "--seal", path).err


@pytest.mark.parametrize(
    "options",
    [["--list", "--out", "x"], ["--list", "--prove", "3f1c"], ["--prove", "3f1c", "--reason", "y"]],
)
def test_a_seal_takes_no_contradiction(cli: Cli, history: Path, options: list[str]) -> None:
    assert cli("seal", *options).code == 2
