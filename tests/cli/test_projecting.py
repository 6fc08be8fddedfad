"""project and rebuild: what keeps the read models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from turnlog.projections.sessions import Sessions


def test_project_once_catches_up_and_says_how_far(cli: Cli, history: Path) -> None:
    ran = cli("project", "--once")
    assert ran.code == 0
    assert "✓ audit: version 1, caught up, up to date at position" in ran.out
    assert "✓ sessions: version" in ran.out
    told = json.loads(cli("project", "audit", "--once", "--json").out)
    assert [(health["name"], health["lag"]) for health in told] == [("audit", 0)]


def test_one_read_model_is_rebuilt(cli: Cli, history: Path) -> None:
    assert "✓ Rebuilt the read models (sessions): " in cli("rebuild", "sessions").out
    told = cli("rebuild", "audit", "--json").json
    assert told["models"] == ["audit"]
    assert told["events"] > 0


def test_one_session_is_rebuilt(cli: Cli, history: Path) -> None:
    before = cli("sessions", "--json").out
    told = cli("rebuild", "--session", "3f1c", "--json").json
    assert "sessions" in told["models"]
    assert told["streams"] == 2
    assert cli("sessions", "--json").out == before


@pytest.mark.parametrize(
    "arguments",
    [("rebuild", "nonsense"), ("project", "nonsense", "--once"), ("rebuild", "--session", "zzz")],
)
def test_what_is_not_there_is_named(cli: Cli, history: Path, arguments: tuple[str, ...]) -> None:
    ran = cli(*arguments)
    assert ran.code != 0
    assert arguments[1] in ran.err or arguments[2] in ran.err
    assert "Traceback" not in ran.err


def test_a_rebuild_that_fails_names_the_event_and_the_doctor_what_waits(
    cli: Cli, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("not today")

    with monkeypatch.context() as failing:
        failing.setattr(Sessions, "fold", fail)
        ran = cli("rebuild", "sessions")
    assert ran.code != 0
    assert "cannot take in the event at position 1 (SessionStarted.v1" in ran.err
    assert "ValueError: not today" in ran.err
    found = {f["about"]: f for f in cli("doctor", "--json").json["findings"]}
    assert found["rebuild"]["todo"] == "turnlog rebuild sessions"
    assert cli("rebuild", "sessions").code == 0
    assert "rebuild" not in {f["about"] for f in cli("doctor", "--json").json["findings"]}
