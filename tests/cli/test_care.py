"""verify, rebuild, stats, doctor and settings."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

import turnlog
from docs.demo.make_history import HISTORY
from tests.cli.conftest import Cli
from tests.support.transcripts import Transcript
from turnlog import SessionKey


def meddle(database: Path, statement: str) -> None:
    """Change a database behind the log's back."""
    connection = sqlite3.connect(database)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_log_that_holds(cli: Cli, history: Path) -> None:
    ran = cli("verify")
    assert ran.code == 0
    assert "✓ The log holds" in ran.out
    told = cli("verify", "--json").json
    assert told["holds"] is True
    assert told["problems"] == []
    assert told["streams"] == 8
    assert cli("verify", "3f1c", "--json").json["streams"] == 2


def test_a_changed_event_is_named(cli: Cli, history: Path) -> None:
    """A log whose events were touched must never be called sound."""
    version = next(
        line["version"]
        for line in cli("events", "8b6e", "--json").lines
        if line["event"] == "SessionRenamed.v1"
    )
    meddle(
        history,
        "UPDATE events SET occurred_at = 1 WHERE version = "
        f"{version} AND stream = (SELECT id FROM streams WHERE name LIKE '%/8b6e%')",
    )
    ran = cli("verify")
    assert ran.code == 1
    assert "8b6e0a57-21d4-4f3c-b7a9-5d90c4e2f631" in ran.out
    assert f"version {version}" in ran.out
    told = cli("verify", "8b6e", "--json")
    assert told.code == 1
    assert told.json["problems"][0]["version"] == version
    assert cli("verify", "3f1c").code == 0


def test_a_rebuild_gives_the_same_lists(cli: Cli, history: Path) -> None:
    before = cli("sessions", "--json").out
    stats = cli("stats", "--json").out
    assert "✓ Rebuilt the read models" in cli("rebuild").out
    assert cli("sessions", "--json").out == before
    assert cli("stats", "--json").out == stats


def test_stats_count_each_response_once(cli: Cli, history: Path) -> None:
    told = cli("stats", "--json").json
    assert told["sessions"] == 7
    assert told["subagents"] == 1
    by_model = told["by_model"]
    assert (
        sum(row["billed"]["output_tokens"] for row in by_model) == (told["billed"]["output_tokens"])
    )
    with turnlog.open(f"sqlite:///{history}") as log:
        assert told["billed"]["cost_usd"] == str(log.stats().billed.cost_usd.normalize())
    out = cli("stats").out
    assert "7 sessions · 1 subagent" in out
    assert "claude-opus-4-8" in out


def test_an_unknown_price_is_not_nothing(cli: Cli, database: Path) -> None:
    """The cost of an unknown model must never be shown as 0."""
    transcript = Transcript(seed=2, model="mystery-1")
    transcript.prompt("Hello?")
    transcript.answer("Hello.")
    with turnlog.open(f"sqlite:///{database}") as log:
        log.append(SessionKey("p", transcript.session_id), transcript.entries)
    told = cli("stats", "--json").json
    assert told["billed"]["unpriced_responses"] == 1
    assert "the cost of 1 response is unknown" in cli("stats").out
    assert " ? " in cli("sessions").out
    assert "mystery-1 (1)" in cli("doctor").out


def findings(cli: Cli, *arguments: str | Path) -> dict[str, tuple[str, str, str | None]]:
    told = cli("doctor", "--json", *arguments).json["findings"]
    return {f["about"]: (f["level"], f["what"], f["todo"]) for f in told}


def test_the_doctor_says_where_the_log_is_and_what_it_holds(cli: Cli, history: Path) -> None:
    found = findings(cli)
    assert f"sqlite:///{history}" in found["log"][1]
    assert "TURNLOG_DATABASE_URL" in found["log"][1]
    assert found["holds"][1].startswith("7 sessions, 1 subagent, ")
    assert found["read models"][0] == "good"
    ran = cli("doctor")
    assert ran.code == 0
    assert "✓ log " in ran.out


def test_the_doctor_of_a_log_that_is_not_there_makes_none(cli: Cli, database: Path) -> None:
    found = findings(cli)
    assert found["log"][0] == "note"
    assert found["log"][2] == "turnlog import"
    assert not database.exists()


def test_the_doctor_of_a_log_in_memory(cli: Cli) -> None:
    assert findings(cli, "--db", "memory:")["log"][0] == "note"
    assert cli("verify", "--db", "memory:").code == 0


def test_the_doctor_names_a_stale_read_model(cli: Cli, history: Path) -> None:
    meddle(
        history,
        "UPDATE projections SET stale_at = 7, position = 6, stale_why = 'a test' "
        "WHERE name = 'sessions'",
    )
    ran = cli("doctor")
    assert ran.code == 1
    assert "sessions is stale since position 7: a test" in ran.out
    assert "→ turnlog project sessions --once" in ran.out


def test_the_doctor_names_what_is_missing_in_sessions(cli: Cli, database: Path) -> None:
    transcript = Transcript(seed=4)
    transcript.prompt("First.")
    transcript.answer("One.")
    transcript.prompt("Second.")
    transcript.answer("Two.")
    with turnlog.open(f"sqlite:///{database}") as log:
        key = SessionKey("p", transcript.session_id)
        log.append(key, transcript.entries[:1])
        log.append(key, transcript.entries[2:])
    level, what, todo = findings(cli)["gaps"]
    assert level == "warn"
    assert transcript.session_id[:8] in what
    assert todo is not None
    assert "turnlog import" in todo


def test_the_doctor_names_what_is_no_database(cli: Cli, database: Path) -> None:
    database.write_text("junk")
    ran = cli("doctor")
    assert ran.code == 1
    assert "is no turnlog database" in " ".join(ran.out.split())


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_doctor_says_when_others_may_read_the_log(cli: Cli, history: Path) -> None:
    history.parent.chmod(stat.S_IRWXU | stat.S_IROTH | stat.S_IXOTH)
    history.chmod(0o644)
    assert findings(cli)["permissions"][2] == f"chmod 600 {history}"
    history.chmod(0o600)
    assert "permissions" not in findings(cli)


def test_the_doctor_finds_transcripts_that_are_not_imported(
    cli: Cli, history: Path, tmp_path: Path
) -> None:
    directory = tmp_path / ".claude"
    transcript = Transcript(seed=6)
    transcript.prompt("New.")
    path = transcript.write(directory)
    (directory / "settings.json").write_text('{"cleanupPeriodDays": 10}')
    os.utime(path, (1, 1))
    found = findings(cli, "--config-dir", directory)
    assert "after 10 days (cleanupPeriodDays in its settings)" in found["clean-up"][1]
    level, what, todo = found["transcripts"]
    assert level == "warn"
    assert "1 of 1 transcript" in what
    assert todo == f"turnlog import {directory}"
    assert cli("import", directory).code == 0
    assert findings(cli, "--config-dir", directory)["transcripts"][0] == "good"


def test_the_doctor_looks_into_no_home_unasked(cli: Cli, history: Path, home: Path) -> None:
    """Only `import` may read a home directory, and only because it was typed."""
    Transcript(seed=6).write(home / ".claude")
    assert "transcripts" not in findings(cli)


def test_import_takes_the_configuration_directory(
    cli: Cli, database: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = Transcript(seed=7)
    transcript.prompt("From the home directory.")
    transcript.write(home / ".claude")
    assert cli("import", "--json").json["sessions"] == 1
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(HISTORY))
    assert cli("import", "--json").json["sessions"] == 6


def test_import_tells_what_it_found(cli: Cli, database: Path) -> None:
    first = cli("import", HISTORY, "--workers", "1", "--user", "ada", "--machine", "laptop")
    assert first.code == 0
    assert "new entries from 7 transcripts (6 sessions, 1 subagent)" in first.out
    assert "1 session of which only the prompts are left" in first.out
    again = cli("import", HISTORY, "--workers", "1", "--machine", "laptop")
    assert "Nothing new" in again.out
    assert "7 transcripts unchanged since the last import" in again.out
    session = cli("sessions", "--json").json["sessions"][0]
    assert (session["user_id"], session["machine"]) == ("ada", "laptop")


def test_import_says_what_was_broken(cli: Cli, database: Path, tmp_path: Path) -> None:
    transcript = Transcript(seed=8)
    transcript.prompt("Hello.")
    path = transcript.write(tmp_path / ".claude")
    path.write_bytes(path.read_bytes() + b'{"type": "user", "uu\n' + path.read_bytes())
    out = cli("import", tmp_path / ".claude").out
    assert "! 1 piece that is no entry: kept as it was" in out
    assert str(path) in out


@pytest.mark.parametrize("where", ["nowhere", "empty"])
def test_import_of_nothing_is_an_error(
    cli: Cli, database: Path, tmp_path: Path, where: str
) -> None:
    (tmp_path / "empty").mkdir()
    ran = cli("import", tmp_path / where)
    assert (ran.code, ran.out) == (2, "")
    assert where in ran.err
