"""`turnlog show`: a conversation, readable, now and at a point in time."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey


def test_a_conversation_reads_from_the_first_prompt_to_the_last(cli: Cli, history: Path) -> None:
    out = cli("show", "8b6e").out
    expected = [
        "Idempotent payment webhooks",
        "8b6e0a57-21d4-4f3c-b7a9-5d90c4e2f631",
        "── prompt:1 ",
        "> Our payment provider sends the same webhook several times.",
        "● Read  shop/payments/webhooks.py",
        "└ 12 lines",
        "● Bash  git log --oneline -5 -- shop/payments",
        "└ 77d1e0a Send a receipt when a payment is captured",
        "turn:3",
        "● Edit  shop/payments/webhooks.py +4 -2",
        "── prompt:5 ",
        "Go back to the insert that decides",
    ]
    position = 0
    for text in expected:
        position = out.find(text, position)
        assert position >= 0, text
    assert max(map(len, out.splitlines())) <= 100


def test_thinking_is_shown_where_it_is_asked_for(cli: Cli, history: Path) -> None:
    assert "Deliveries repeat" not in cli("show", "8b6e").out
    assert "✻ Deliveries repeat" in cli("show", "8b6e", "--thinking").out


def test_results_are_shortened_unless_asked_for_in_full(cli: Cli, history: Path) -> None:
    assert "def receive(request):" not in cli("show", "8b6e").out
    full = cli("show", "8b6e", "--full").out
    assert "def receive(request):" in full
    assert "file_path: /home/ada/shop/shop/payments/webhooks.py" in full


def test_a_failed_tool_is_marked(cli: Cli, history: Path) -> None:
    assert "✗ E   NameError: name 'prices_of' is not defined" in cli("show", "3f1c").out


def test_subagents_stand_where_they_were_called(cli: Cli, history: Path) -> None:
    out = cli("show", "3f1c", "--subagents").out
    called = out.index("● Task  Explore: Find callers of price_of")
    assert called < out.index("│ ● Bash  grep -rn 'price_of(' shop") < out.index("── prompt:2 ")
    assert "grep -rn" not in cli("show", "3f1c").out


@pytest.mark.parametrize("point", ["prompt:2", "turn:8", "checkpoint:prompt-2"])
def test_a_session_is_shown_as_it_was(cli: Cli, history: Path, point: str) -> None:
    out = cli("show", "8b6e", "--at", point).out
    assert f"as it was at {point}" in out
    assert "── prompt:2 " in out
    assert "── prompt:3 " not in out
    assert "2 prompts · 8 turns" in out


def test_the_empty_session_can_be_shown(cli: Cli, history: Path) -> None:
    ran = cli("show", "8b6e", "--at", "prompt:0")
    assert ran.code == 0
    assert "──" not in ran.out


def test_of_a_prompt_only_session_the_prompts_are_shown(cli: Cli, history: Path) -> None:
    out = cli("show", "5d0f").out
    assert "> Backfill the old ones with EUR, in batches." in out
    assert "Only the prompts are left of this session." in out
    kinds = [line["type"] for line in cli("show", "5d0f", "--json").lines]
    assert kinds == ["session", "prompt", "prompt", "prompt"]


def test_a_summary_of_the_context_is_marked(cli: Cli, history: Path) -> None:
    assert "── the context was summarized here ──" in cli("show", "c04d").out


def test_json_has_every_entry_with_its_place(cli: Cli, history: Path) -> None:
    """What programs read must be the entries themselves, none left out."""
    head, *lines = cli("show", "8b6e", "--json").lines
    assert head["type"] == "session"
    with turnlog.open(f"sqlite:///{history}") as log:
        session = log.session("8b6e")
        assert [line["entry"] for line in lines] == log.load(
            SessionKey(session.project_key, session.session_id)
        )
    asked = [line["prompt"] for line in lines if line["is_prompt"]]
    assert asked == [1, 2, 3, 4, 5]
    assert lines[-1]["turn"] == head["turns"] == 15


def test_json_at_a_point_tells_the_state_there(cli: Cli, history: Path) -> None:
    head = cli("show", "8b6e", "--at", "prompt:2", "--json").lines[0]
    assert head["at"] == "prompt:2"
    assert head["figures"]["prompts"] == 2
    assert head["figures"]["turns"] == 8


def test_a_slash_command_reads_as_it_was_typed(cli: Cli, database: Path) -> None:
    transcript = Transcript(seed=5)
    transcript.command("model", "opus", output="Set model to opus")
    transcript.prompt("Go on.")
    transcript.answer("Yes.")
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(SessionKey("p", transcript.session_id), transcript.entries)
    out = cli("show", transcript.session_id).out
    assert "> /model opus" in out
    assert "└ Set model to opus" in out


def test_results_of_parallel_calls_name_their_tool(cli: Cli, history: Path) -> None:
    assert "└ Bash: 27 12 passed" in cli("show", "8b6e").out


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("prompt:99", "prompt:99: the live branch has 5 prompts; the last is prompt:5"),
        ("yesterday", "'yesterday' names no point in time; write prompt:2"),
        ("checkpoint:none", "this session has no such checkpoint"),
        ("version:9999", "the session is at version"),
    ],
)
def test_a_point_that_is_not_there_is_named(cli: Cli, history: Path, point: str, told: str) -> None:
    ran = cli("show", "8b6e", "--at", point)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
