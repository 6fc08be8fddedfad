"""A transcript is untrusted: nothing in it may act on the terminal it is shown on."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import turnlog
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey
from turnlog.adapters.cli.safe_text import clean, one_line, safe_json

ESCAPES = "".join(
    (
        "\x1b[2J\x1b[31mred\x1b[0m",  # clears the screen, colours
        "\x1b]0;title\x07",  # sets the window's title
        "\x1b]52;c;cm0gLXJmIC8=\x1b\\",  # writes to the clipboard
        "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
        "\x1bP+q544e\x1b\\",  # asks the terminal for an answer
        "\x1bc",  # resets it
        "\x9b31m\x9d0;title\x9c",  # the same, eight bits wide
        "over\rwritten\b\b\b\a\x00\x7f",
        "\u202egnp.exe\u2066\u2069\u200f",  # turns the text around
        "\u2028\ufeff\ud800",
    )
)
TEXT = f"a{ESCAPES}b"
TURNS_AROUND = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def acts(text: str) -> list[str]:
    """The characters of a text that a terminal might act on."""
    return [
        hex(ord(c))
        for c in text
        if (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n") or c in TURNS_AROUND
    ]


@given(st.text(alphabet=st.characters(), max_size=40))
def test_no_text_acts_on_a_terminal(text: str) -> None:
    """No character of a clean text may move, colour, hide or answer anything."""
    assert acts(clean(text).replace("\t", " ")) == []
    assert "\n" not in one_line(text)


@given(st.text(max_size=40))
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    if text.isprintable():
        assert clean(text) == text


@given(st.recursive(st.text(alphabet=st.characters()) | st.integers(), st.lists))
def test_safe_json_means_the_same(value: object) -> None:
    """Escaping for the terminal must never change what a program reads."""
    text = safe_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert acts(text) == []


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A session with sequences for terminals in everything that a transcript can hold."""
    database = tmp_path_factory.mktemp("hostile") / "log.db"
    transcript = Transcript(seed=9, cwd=f"/home/{TEXT}/shop", model=TEXT)
    transcript.prompt(TEXT)
    transcript.answer(TEXT, thinking=TEXT)
    transcript.run("Bash", {"command": TEXT}, TEXT)
    transcript.run(TEXT, {TEXT: TEXT, "other": TEXT}, TEXT, is_error=True)
    call = transcript.answer(tools=[("Task", {"description": TEXT, "prompt": TEXT})])
    agent = transcript.subagent(call.tools[0])
    agent.answer(TEXT)
    transcript.subagent_result(agent, TEXT)
    transcript.compact(TEXT)
    transcript.prompt(TEXT)
    transcript.answer(TEXT)
    transcript.title(TEXT)
    key = SessionKey("p", transcript.session_id)
    extra = [
        {"type": TEXT},
        {"type": "tag", "tag": TEXT},
        {"type": "custom-title", "customTitle": TEXT},
    ]
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(key, [*transcript.entries, *extra], user_id=TEXT)
        log.append(key._replace(subpath=f"subagents/{TEXT}"), agent.entries)
        log.tag(key, [TEXT], TEXT)
        log.rename(key, TEXT, TEXT)
        log.rewind(key, "prompt:1", TEXT, TEXT)
    return database, transcript.session_id


@pytest.fixture
def hostile(recorded: tuple[Path, str], database: Path) -> str:
    """The same, in the log that the command line works on."""
    path, session = recorded
    shutil.copy(path, database)
    return session


COMMANDS = (
    ("sessions",),
    ("sessions", "--text", TEXT),
    ("show", "ID", "--thinking"),
    ("show", "ID", "--full", "--subagents"),
    ("show", "ID", "--at", "prompt:1"),
    ("branches", "ID"),
    ("events", "ID"),
    ("events", "ID", "--subagent", "agent"),
    ("stats",),
    ("stats", "ID"),
    ("checkpoint", "ID", "--list"),
    ("tag", "ID"),
    ("rewind", "ID", "--to", "prompt:1", "--reason", TEXT),
    ("fork", "ID"),
    ("delete", "ID"),
    ("undelete", "ID"),
    ("verify",),
    ("doctor",),
    ("show", "--at", TEXT, "ID"),
    ("show", TEXT),
    ("checkpoint", "ID", TEXT),
    (TEXT,),
)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c).replace(TEXT, "TEXT"))
def test_no_command_lets_a_transcript_act(
    cli: Cli, hostile: str, command: tuple[str, ...], as_json: bool
) -> None:
    """What a tool printed must never reach the terminal as it was."""
    arguments = [hostile if part == "ID" else part for part in command]
    ran = cli(*arguments, *(["--json"] if as_json and command != (TEXT,) else []))
    assert ran.code in (0, 1, 2)
    assert acts(ran.out) == []
    assert acts(ran.err) == []


def test_the_text_itself_is_still_shown(cli: Cli, hostile: str) -> None:
    out = cli("show", hostile).out
    assert "red" in out
    assert "over␍written␈␈␈␇␀␡" in out
