"""`turnlog project` and `rebuild` keep the projections of installed packages too."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from tests.cli.conftest import Cli

MODULE = """
from turnlog import Projection, Table, events

class Titles(Projection):
    name = "titles"
    version = {version}
    wants = (events.SessionRenamed,)
    tables = {{"titles": Table(key={{"session": str}}, columns={{"title": str}})}}

    def fold(self, rows, recorded):
        rows.put("titles", recorded.key.session_id, title=recorded.event.title)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a projection; its entry points may be written anew."""
    (tmp_path / "grace_newer.py").write_text(MODULE.format(version=2))
    (tmp_path / "grace_older.py").write_text(MODULE.format(version=1))
    info = tmp_path / "grace_projections-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: grace-projections\nVersion: 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = info / "entry_points.txt"
    points.write_text("[turnlog.projections]\ntitles = grace_newer:Titles\n")
    return points


def test_an_installed_projection_is_kept(cli: Cli, history: Path, package: Path) -> None:
    ran = cli("project", "--once")
    assert ran.code == 0
    assert "titles: version 2, caught up, up to date" in ran.out
    assert cli("rebuild", "titles").code == 0


def test_other_commands_do_not_load_it(cli: Cli, history: Path, package: Path) -> None:
    """A package that prints, or takes a second to import, must never be felt in a list."""
    package.write_text("[turnlog.projections]\ntitles = grace_missing:Titles\n")
    ran = cli("sessions")
    assert (ran.code, ran.err) == (0, "")


def test_a_broken_package_is_told_of_and_the_rest_is_kept(
    cli: Cli, history: Path, package: Path
) -> None:
    package.write_text("[turnlog.projections]\ntitles = grace_missing:Titles\n")
    ran = cli("project", "--once")
    assert ran.code == 0
    assert "sessions: version" in ran.out
    assert "the projection 'titles' of grace-projections (grace_missing:Titles)" in ran.err
    assert "Traceback" not in ran.err


def test_a_package_of_an_older_version_never_stops_the_log(
    cli: Cli, history: Path, package: Path
) -> None:
    """What a newer package made must stay, and the read models of the log be kept all the same."""
    assert cli("project", "--once").code == 0
    package.write_text("[turnlog.projections]\ntitles = grace_older:Titles\n")
    ran = cli("project", "--once")
    assert ran.code == 0
    assert "sessions: version" in ran.out
    assert "never goes backwards" in ran.err
    from grace_newer import Titles  # type: ignore[import-not-found]

    with turnlog.open(f"sqlite:///{history}", projections=[Titles]) as log:
        assert log.rows(Titles)
