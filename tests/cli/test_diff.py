"""`turnlog diff`: two points of a session compared."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey


def test_what_happened_can_be_read(cli: Cli, history: Path) -> None:
    ran = cli("diff", "8b6e", "prompt:1", "prompt:3")
    assert ran.code == 0
    expected = [
        "Idempotent payment webhooks",
        "from      prompt:1",
        "to        prompt:3",
        "+ added · 2 prompts · 7 turns · $0.08",
        "prompt:2    And when two deliveries of one event arrive at the same moment?",
        "tools     Edit 2 · Bash 2 · Write 1",
        "files     shop/payments/webhooks.py  Edit 2",
        "commands  pytest -q tests/payments",
        "models    claude-opus-4-8",
        "live +$0.08 · billed $0.08",
    ]
    position = 0
    for text in expected:
        position = ran.out.find(text, position)
        assert position >= 0, text
    assert max(map(len, ran.out.splitlines())) <= 100


def test_both_branches_are_shown(cli: Cli, history: Path) -> None:
    last = cli("show", "8b6e", "--json").lines[-1]["version"]
    cli("rewind", "8b6e", "--to", "prompt:2")
    out = cli("diff", "8b6e", f"version:{last}").out
    assert "- left · 3 prompts" in out
    assert "+ added" not in out
    assert "live -$0.0" in out
    assert "billed -" in out


def test_without_a_second_point_it_is_the_session_now(cli: Cli, history: Path) -> None:
    now = cli("diff", "8b6e", "prompt:0", "--json").json
    assert now["live"] == cli("stats", "8b6e", "--json").json["live"]
    assert now["changed"]["presence"] == {"before": "absent", "after": "present"}


def test_metadata_is_told_as_it_is_typed(cli: Cli, history: Path) -> None:
    """A value must never be told in the spelling of Python."""
    cli("meta", "8b6e", 'where={"shop": true}')
    assert '- → {"where": {"shop": true}}' in cli("diff", "8b6e", "prompt:1").out


def test_the_same_point_twice_says_so(cli: Cli, history: Path) -> None:
    assert "Both are the same point" in cli("diff", "8b6e", "prompt:2", "prompt:2").out


def test_the_keys_of_a_difference_stay(cli: Cli, history: Path) -> None:
    """Scripts rely on these keys: none may be renamed."""
    found = cli("diff", "3f1c", "prompt:0", "prompt:2", "--json").json
    assert list(found) == [
        "project_key",
        "session_id",
        "a",
        "b",
        "common",
        "left",
        "added",
        "aside",
        "changed",
        "live",
        "billed",
    ]
    added = found["added"]
    assert added["tools"]["Bash"] == {"calls": 3, "failed": 1}
    assert added["files"]["/home/ada/shop/shop/cart.py"] == {"Read": 1, "Edit": 3}
    assert added["commands"][0] == "python -m scripts.profile_checkout --lines 40"
    assert added["subagents"]["count"] == 1
    assert [prompt["prompt"] for prompt in added["prompts"]] == [1, 2]


def test_text_of_a_transcript_cannot_act_on_the_terminal(cli: Cli, database: Path) -> None:
    """Escape sequences in prompts, paths, commands or tool names must never be passed on."""
    evil = "a\x1b]0;owned\x07\x9b31m\x00\ud800\u202eb\nc"
    s = Transcript()
    s.prompt(evil)
    s.run("Bash", {"command": evil}, "ok")
    s.run("Read", {"file_path": evil}, "ok")
    s.run(evil, {}, "ok")
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(SessionKey("-p", s.session_id), s.entries)
    for arguments in ((), ("--json",)):
        ran = cli("diff", s.session_id, "prompt:0", *arguments)
        assert ran.code == 0
        assert not {"\x1b", "\x07", "\x9b", "\x00", "\ud800", "\u202e"} & set(ran.out)


@pytest.mark.parametrize(
    ("points", "told"),
    [
        (("soon",), "names no point"),
        (("prompt:1", "prompt:99"), "the live branch has 5 prompts"),
        (("position:99999",), "the log ends at position"),
        (("time:2026-01-30T10:00+25:00",), "not ISO 8601"),
        (("checkpoint:none",), "no such checkpoint"),
    ],
)
def test_what_is_no_point_is_told(
    cli: Cli, history: Path, points: tuple[str, ...], told: str
) -> None:
    ran = cli("diff", "8b6e", *points)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
