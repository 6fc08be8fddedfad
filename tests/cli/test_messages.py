"""Messages on the command line: saved, listed, summarized, trimmed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def said(cli: Cli) -> None:
    for role, text, name in (
        ("user", "Why is it slow?", "question-1"),
        ("assistant", "It asks too often.", "answer-1"),
        ("user", "Then ask once.", "question-2"),
    ):
        ran = cli("record", "ticket-7", role, text, "--id", name, "--tokens", "5")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"✓ message {name} saved to ticket-7\n"


def test_messages_are_saved_and_listed(cli: Cli) -> None:
    said(cli)
    out = cli("messages", "ticket-7").out
    assert out.index("Why is it slow?") < out.index("It asks too often.")
    assert "○" not in out
    again = cli("record", "ticket-7", "user", "Then ask once.", "--id", "question-2", "--tokens=5")
    assert again.out == "✓ message question-2 was saved before\n"
    found = cli("messages", "ticket-7", "--after", "question-1", "--json").json["messages"]
    assert [m["id"] for m in found] == ["answer-1", "question-2"]
    assert [m["role"] for m in found] == ["assistant", "user"]


def test_a_session_is_found_by_its_whole_id_alone(cli: Cli) -> None:
    """What is said to a new session must never land in one whose id begins the same."""
    said(cli)
    cli("record", "ticket", "user", "Another.")
    assert len(cli("messages", "ticket-7", "--json").json["messages"]) == 3
    cli("record", "ticket-7", "user", "Elsewhere.", "--project", "other")
    assert len(cli("messages", "other/ticket-7", "--json").json["messages"]) == 1


def test_a_text_comes_from_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("From a pipe.\n"))
    assert cli("record", "s", "user", "--json").json["new"] is True
    assert cli("messages", "s", "--json").json["messages"][0]["content"] == "From a pipe."


def test_a_time_is_typed_as_for_every_other_command(cli: Cli) -> None:
    """`--since 7d` must never be refused by one command and known to the others."""
    assert (
        cli("record", "s", "user", "Long ago.", "--id", "1", "--said-at", "2026-01-30T14:23Z").code
        == 0
    )
    assert cli("record", "s", "user", "Now.", "--id", "2").code == 0
    found = cli("messages", "s", "--since", "7d", "--json").json["messages"]
    assert [message["content"] for message in found] == ["Now."]
    assert "write 2026-01-30," in cli("messages", "s", "--since", "soon").err


def test_what_is_summarized_or_trimmed_leaves_the_context(cli: Cli) -> None:
    said(cli)
    assert "2 messages would leave the context; 1 in it" in (
        cli("trim", "ticket-7", "--before", "question-2", "--dry-run").out
    )
    assert cli("trim", "ticket-7", "--before", "question-2", "--json").json["dropped"] == 2
    out = cli("messages", "ticket-7").out
    assert out.count("○") == 3, "two messages, and what the sign means"
    summary = cli("summarize", "ticket-7", "It is slow.", "--before", "question-2", "--id", "sum")
    assert summary.out == "✓ summary sum saved to ticket-7\n"
    context = cli("messages", "ticket-7", "--context", "--json").json["messages"]
    assert [m["id"] for m in context] == ["sum", "question-2"]
    assert "the context was summarized here" in cli("show", "ticket-7").out


def test_a_system_prompt_is_shown(cli: Cli) -> None:
    cli("record", "s", "system", "You are terse.")
    cli("record", "s", "user", "Why?")
    assert "You are terse." in cli("show", "s").out


def test_what_makes_no_sense_is_said_in_a_sentence(cli: Cli, database: Path) -> None:
    said(cli)
    for arguments, told in (
        (("record", "s", "nobody", "x"), "'nobody' is no role"),
        (("record", "s", "user", "x", "--tokens", "-1"), "tokens is a whole number"),
        (("record", "s", "user", "x", "--said-at", "soon"), "ISO 8601"),
        (("trim", "ticket-7", "--before", "nothing"), "no message 'nothing'"),
        (("summarize", "ticket-7", " "), "not empty"),
        (("messages", "nowhere"), "nowhere"),
        (("messages", "ticket-7", "--limit", "0"), "limit"),
        (("messages", "ticket-7", "--context", "--limit", "1"), "--context shows all"),
    ):
        ran = cli(*arguments)
        assert ran.code == 2, arguments
        assert told in ran.err
        assert ran.out == ""
