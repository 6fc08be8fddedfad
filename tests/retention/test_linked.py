"""Directories that belong to a session: they go only if told so, and nothing outside of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from turnlog import Log
from turnlog.retention.linked import LINKED

from .conftest import KEY, talk
from .test_collecting import days


@pytest.fixture
def linked(log: Log, tmp_path: Path) -> Path:
    """A directory with two files, and links that lead out of it."""
    talk(log)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("keep me")
    folder = tmp_path / "session-files"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("bb")
    (folder / "link-to-folder").symlink_to(outside)
    (folder / "link-to-file").symlink_to(outside / "precious")
    log.link_directory(KEY, folder)
    return folder


def precious(tmp_path: Path) -> str:
    return (tmp_path / "outside" / "precious").read_text()


def test_they_stay_unless_told_so(log: Log, linked: Path) -> None:
    log.erase(KEY)
    assert (linked / "a.txt").exists()


def test_they_go_if_told_so_and_links_are_not_followed(
    log: Log, linked: Path, tmp_path: Path
) -> None:
    """What a link leads to must never be removed."""
    erased = log.erase(KEY, files=True)
    assert [one.directory for one in erased.linked] == [linked]
    assert not linked.exists()
    assert precious(tmp_path) == "keep me"


def test_a_dry_run_lists_them(log: Log, linked: Path) -> None:
    found = log.collect(0, "erase", files=True, now=days(1), dry_run=True)
    [one] = found.sessions[0].linked
    assert one.files == ("a.txt", "deep/b.txt", "link-to-file", "link-to-folder")
    assert linked.exists()


def test_a_clean_up_takes_them_along(log: Log, linked: Path, tmp_path: Path) -> None:
    log.collect(0, files=True, now=days(1))
    assert not linked.exists()
    assert precious(tmp_path) == "keep me"


def test_a_directory_that_became_a_link_stays(log: Log, linked: Path, tmp_path: Path) -> None:
    """Whoever may write beside a session must never choose what its clean-up removes."""
    linked.rename(tmp_path / "moved")
    linked.symlink_to(tmp_path / "outside")
    [one] = log.erase(KEY, files=True).linked
    assert one.problem is not None
    assert precious(tmp_path) == "keep me"


def test_what_metadata_name_is_looked_at_again(log: Log, tmp_path: Path) -> None:
    """Metadata may say anything: a path with '..' or the home directory must never be removed."""
    talk(log)
    folder = tmp_path / "folder"
    folder.mkdir()
    named = [str(folder / ".." / "folder"), "relative", str(Path.home()), "/", 7, "/no/such"]
    log.set_metadata(KEY, {LINKED: named})
    erased = log.erase(KEY, files=True)
    assert [one.problem is not None for one in erased.linked] == [True] * 5
    assert folder.exists()
    assert Path.home().exists()


@pytest.mark.parametrize("name", ["relative", "/", "/tmp/../etc", "/no/such/folder", "~"])
def test_what_cannot_be_linked(log: Log, name: str) -> None:
    talk(log)
    with pytest.raises(turnlog.Refused):
        log.link_directory(KEY, str(Path.home()) if name == "~" else name)


def test_the_folder_of_the_log_cannot_be_linked(sqlite_url: str, tmp_path: Path) -> None:
    """A clean-up must never remove the log itself."""
    with turnlog.open(sqlite_url) as log:
        talk(log)
        with pytest.raises(turnlog.Refused, match="database"):
            log.link_directory(KEY, tmp_path)


def test_a_link_on_the_way_leads_nowhere(log: Log, tmp_path: Path) -> None:
    """What another directory holds must never be removed because a folder above became a link."""
    talk(log)
    above = tmp_path / "above"
    (above / "files").mkdir(parents=True)
    log.link_directory(KEY, above / "files")
    above.rename(tmp_path / "moved")
    (tmp_path / "outside" / "files").mkdir(parents=True)
    (tmp_path / "outside" / "files" / "precious").write_text("keep me")
    above.symlink_to(tmp_path / "outside")
    [one] = log.erase(KEY, files=True).linked
    assert one.problem is not None
    assert "symbolic link" in one.problem
    assert (above / "files" / "precious").read_text() == "keep me"


def test_a_path_through_a_link_is_kept_as_what_it_leads_to(log: Log, tmp_path: Path) -> None:
    """A directory below a linked folder must never be one that cannot go."""
    talk(log)
    (tmp_path / "real" / "files").mkdir(parents=True)
    (tmp_path / "way").symlink_to(tmp_path / "real")
    log.link_directory(KEY, tmp_path / "way" / "files")
    assert log.state(KEY).metadata[LINKED] == [str((tmp_path / "real" / "files").resolve())]
    assert [one.problem for one in log.erase(KEY, files=True).linked] == [None]
    assert not (tmp_path / "real" / "files").exists()


def test_linked_twice_is_linked_once(log: Log, linked: Path) -> None:
    log.link_directory(KEY, linked)
    assert log.state(KEY).metadata[LINKED] == [str(linked)]
