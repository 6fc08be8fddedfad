"""Every format ever written stays readable: databases of old releases, opened by today's code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import turnlog
from tests.formats.make import told

HERE = Path(__file__).parent
WRITTEN = sorted(path.stem for path in HERE.glob("schema-*.db"))


@pytest.fixture
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(HERE / f"{request.param}.db", tmp_path / f"{request.param}.db"))


def test_there_are_databases_of_every_schema() -> None:
    assert WRITTEN == ["schema-1", "schema-1-lifted", "schema-1-salts"]


@pytest.mark.parametrize("old", WRITTEN, indirect=True)
def test_an_old_database_verifies(old: Path) -> None:
    """A log must never stop to verify because turnlog became newer."""
    with turnlog.open(f"sqlite:///{old}") as log:
        found = log.verify()
        assert found.holds
        assert found.events > 50


@pytest.mark.parametrize("old", WRITTEN, indirect=True)
def test_an_old_database_says_what_it_said(old: Path) -> None:
    """Entries and figures of an old log must never read differently in a newer release."""
    expected = json.loads((HERE / f"{old.stem}.json").read_text())
    with turnlog.open(f"sqlite:///{old}") as log:
        assert json.loads(json.dumps(told(log))) == expected


@pytest.mark.parametrize("old", WRITTEN, indirect=True)
def test_an_old_database_goes_on(old: Path) -> None:
    key = {"project_key": "-home-ada-shop", "session_id": "f0000000-0000-4000-8000-000000000001"}
    with turnlog.open(f"sqlite:///{old}") as log:
        before = told(log)
        log.rebuild()
        assert told(log) == before
        assert log.append(key, [{"type": "mode", "mode": "new"}]).recorded == 1
        assert log.verify().holds
