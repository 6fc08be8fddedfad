"""The places that settings come from, empty."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file with nothing in it."""
    path = tmp_path / "settings.toml"
    path.touch()
    monkeypatch.setenv("TURNLOG_SETTINGS_FILE", str(path))
    return path


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ``.env`` file of the working directory that does not exist yet."""
    folder = tmp_path / "application"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TURNLOG_ENV_FILE")
    return folder / ".env"
