"""The command line as a process: how it begins, ends, and meets what is wrong."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli
from tests.cli.test_care import meddle
from tests.support.transcripts import Transcript
from turnlog import SessionKey

TURNLOG = [sys.executable, "-c", "from turnlog.adapters.cli import main; main()"]


@pytest.fixture
def environment(database: Path) -> dict[str, str]:
    return {**os.environ, "TURNLOG_DATABASE_URL": str(database), "PYTHONDEVMODE": ""}


def test_help_needs_nothing_of_a_log(environment: dict[str, str]) -> None:
    """`--help` must not wait for a database library."""
    code = (
        "import sys; from turnlog.adapters.cli import run; code = run(['--help']);"
        "print(sorted({'sqlalchemy', 'pydantic', 'claude_agent_sdk'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "Begin with turnlog import" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_reading_does_not_load_the_sdk(environment: dict[str, str], history: Path) -> None:
    code = (
        "import sys; from turnlog.adapters.cli import run; code = run(['sessions']);"
        "print(sorted({'claude_agent_sdk', 'psycopg', 'multiprocessing'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_colours_where_there_is_no_terminal(environment: dict[str, str], history: Path) -> None:
    done = subprocess.run(
        [*TURNLOG, "show", "8b6e"], env=environment, capture_output=True, check=True
    )
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("arguments", [("show", "8b6e", "--full"), ("events", "8b6e", "--json")])
def test_a_broken_pipe_ends_quietly(
    environment: dict[str, str], history: Path, arguments: tuple[str, ...]
) -> None:
    """`turnlog show … | head -1` must never complain."""
    process = subprocess.Popen(
        [*TURNLOG, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert error == b""


@pytest.mark.parametrize("arguments", [("audit",), ("sessions", "--json"), ("--help",)])
def test_a_broken_pipe_is_no_check_that_does_not_hold(
    environment: dict[str, str], history: Path, arguments: tuple[str, ...]
) -> None:
    """`turnlog … | head -1` must never end with 1, which says that something is wrong."""
    assert unread(environment, arguments) == (0, b"")


@pytest.mark.parametrize("arguments", [("verify",), ("verify", "--json")])
def test_a_log_that_does_not_hold_is_one_also_where_nobody_reads_on(
    environment: dict[str, str], history: Path, arguments: tuple[str, ...]
) -> None:
    """`turnlog verify | head -1` must never end as if the log held."""
    meddle(history, "UPDATE events SET occurred_at = 1 WHERE position = 40")
    assert unread(environment, arguments) == (1, b"")


def unread(environment: dict[str, str], arguments: tuple[str, ...]) -> tuple[int, bytes]:
    """What a command whose output nobody reads ends with, and complains of."""
    end, written = os.pipe()
    os.close(end)
    done = subprocess.run(
        [*TURNLOG, *arguments], env=environment, stdout=written, stderr=subprocess.PIPE, timeout=60
    )
    os.close(written)
    return done.returncode, done.stderr


def test_a_closed_output_is_no_mistake_of_ours(environment: dict[str, str], history: Path) -> None:
    """A command that nobody listens to must never fail for that."""
    command = " ".join(map(shlex.quote, [*TURNLOG, "sessions"]))
    done = subprocess.run(["sh", "-c", f"{command} >&-"], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_following_shows_what_comes_and_ends_quietly(
    environment: dict[str, str], database: Path
) -> None:
    transcript = Transcript(seed=11)
    transcript.prompt("What time is it?")
    key = SessionKey("p", transcript.session_id)
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(key, transcript.entries)
        process = subprocess.Popen(
            [*TURNLOG, "show", transcript.session_id, "--follow"],
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        wait_for(process.stdout, "What time is it?")
        told = len(transcript.entries)
        transcript.answer("Noon.")
        log.append(key, transcript.entries[told:])
        wait_for(process.stdout, "Noon.")
        log.rewind(key, "prompt:0")
        wait_for(process.stdout, "rewound to prompt:0")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (130, "")


def wait_for(stream: object, text: str, seconds: float = 30) -> None:
    """Read lines until one has a text."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        line = stream.readline()  # type: ignore[attr-defined]
        if text in line:
            return
        assert line, f"the stream ended before {text!r}"
    raise AssertionError(f"{text!r} did not come")


READING = (
    ("sessions",),
    ("show", "x"),
    ("branches", "x"),
    ("events", "x"),
    ("stats",),
    ("checkpoint", "x"),
    ("checkpoint", "x", "name"),
    ("rewind", "x", "--to", "prompt:1"),
    ("fork", "x"),
    ("rename", "x", "y"),
    ("tag", "x", "y"),
    ("delete", "x"),
    ("undelete", "x"),
    ("verify",),
    ("rebuild",),
    ("doctor",),
    ("settings",),
)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_only_import_makes_a_log(cli: Cli, database: Path, command: tuple[str, ...]) -> None:
    """A command with a wrong path must never leave an empty database there."""
    ran = cli(*command)
    assert not database.exists()
    if command[0] not in ("doctor", "settings"):
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"turnlog: there is no log at {database}")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://host/x", "turnlog keeps no logs in 'mysql'"),
        ("postgresql://ada@127.0.0.1:1/x", "none could be made"),
        ("sqlite:///{tmp}/junk.db", "is no turnlog database"),
        ("{tmp}", "unable to open"),
    ],
)
def test_a_log_that_cannot_be_opened_is_an_error(
    cli: Cli, tmp_path: Path, url: str, told: str
) -> None:
    (tmp_path / "junk.db").write_text("junk" * 1000)
    ran = cli("sessions", "--db", url.format(tmp=tmp_path))
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--nope",), "No such option: --nope"),
        (("nope",), "No such command"),
        (("show",), "Missing argument"),
        (("rewind", "8b6e"), "--to"),
        (("import", "--workers", "0"), "--workers"),
    ],
)
def test_a_command_that_is_typed_wrongly(cli: Cli, arguments: tuple[str, ...], told: str) -> None:
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "--help`" in ran.err


def test_without_a_command_the_help_is_shown(cli: Cli) -> None:
    ran = cli()
    assert ran.code == 0
    assert "Usage: turnlog" in ran.out
    assert cli("--version").out.startswith("turnlog ")


def test_what_should_not_happen_is_told_without_a_traceback(
    cli: Cli, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("turnlog.log.Log.sessions", fail)
    ran = cli("sessions")
    assert ran.code == 70
    assert "ZeroDivisionError: a mistake of ours" in ran.err
    assert "Traceback" not in ran.err
