"""The import that goes on: while one watches, and every day."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support import config_dir
from tests.support.transcripts import Transcript

TURNLOG = [sys.executable, "-c", "from turnlog.adapters.cli import main; main()"]


@pytest.fixture
def claude(home: Path) -> Path:
    """A configuration directory with one session, at home."""
    transcript = Transcript(seed=3)
    transcript.prompt("What time is it?")
    transcript.answer("Noon.")
    config_dir.write(transcript, home / ".claude")
    return home / ".claude"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_records_what_is_written_until_it_is_ended(
    cli: Cli, claude: Path, database: Path, number: signal.Signals
) -> None:
    """What was written before the watch was ended must never be missing after it."""
    process = subprocess.Popen(
        [*TURNLOG, "import", "--watch", "--db", str(database)],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "2 new entries in 1 session\n"
    transcript = Transcript(seed=4)
    transcript.prompt("And now?")
    transcript.answer("One.")
    config_dir.write(transcript, claude)
    assert process.stdout.readline() == "2 new entries in 1 session\n"
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert error == f"watching {claude}; end with Ctrl-C\n"
    assert len(cli("sessions", "--json").json["sessions"]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--watch", "--restore"), "--restore goes with one import"),
        (("--install", "--restore"), "--restore goes with one import"),
        (("--watch", "--install"), "--watch follows the files now"),
        (("--watch", "--workers", "2"), "chooses itself how many"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    cli: Cli, claude: Path, database: Path, arguments: tuple[str, ...], told: str
) -> None:
    """An option must never be dropped without a word."""
    ran = cli("import", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert not database.exists()


def test_what_is_installed_does_what_was_asked(cli: Cli, claude: Path, database: Path) -> None:
    """The daily import must never read another place, or write another log, than this one."""
    ran = cli(
        "import", "--install", "--user", "ada", "--machine", "desk", "--workers", "2", "--json"
    )
    assert ran.code == 0
    command = ran.json["command"]
    words = ["import", str(claude), "--db", str(database), "--user", "ada", "--machine", "desk"]
    assert command[-len(words) - 2 :] == [*words, "--workers", "2"]
    assert ran.json["written"] == []
    assert not database.exists()


@pytest.mark.parametrize("part", ["", "projects", "projects/{project}"])
def test_the_hook_goes_into_the_settings_of_that_directory(
    cli: Cli, claude: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook must never be put where Claude Code does not look."""
    elsewhere = claude.rename(tmp_path / "elsewhere")
    (project,) = (elsewhere / "projects").iterdir()
    path = elsewhere / part.format(project=project.name)
    settings = str(elsewhere / "settings.json")
    assert cli("import", path, "--install", "--json").json["settings"] == settings
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(elsewhere))
    assert cli("import", "--install", "--json").json["settings"] == settings


def test_nothing_is_installed_for_a_path_that_is_not_there(cli: Cli) -> None:
    """A mistyped path must never be found out a month later."""
    ran = cli("import", "nowhere", "--install")
    assert (ran.code, ran.out) == (2, "")
    assert "nowhere does not exist" in ran.err


def test_a_password_is_in_no_command_that_is_installed(
    cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password must never be shown to all users of a machine by the list of its processes."""
    url = "postgresql://ada:open-sesame@127.0.0.1/log"
    (home / ".claude").mkdir()
    ran = cli("import", "--install", "--db", url)
    assert ran.code == 2
    assert "has a password in it" in ran.err
    assert "open-sesame" not in ran.out + ran.err
    monkeypatch.delenv("TURNLOG_DATABASE_URL")
    folder = home / ".config" / "turnlog"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(f'database_url = "{url}"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    ran = cli("import", "--install", "--json")
    assert ran.code == 0
    assert "--db" not in ran.json["command"]
    assert "open-sesame" not in ran.out
