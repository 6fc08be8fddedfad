"""Exporting and importing sessions from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("history")


def test_one_session_is_written_as_its_file_is_named(cli: Cli, tmp_path: Path) -> None:
    [session, *_] = cli("sessions", "--json").json["sessions"]
    for name in ("one.html", "one.md", "one.jsonl"):
        ran = cli("export", session["session_id"], "--out", str(tmp_path / name))
        assert ran.code == 0, ran.err
        assert (tmp_path / name).stat().st_size > 500
        assert "1 session" in ran.out
    ran = cli("export", session["session_id"][:10], "--out", str(tmp_path / "one.md"))
    assert (ran.code, "is there already" in ran.err) == (2, True)
    ran = cli(
        "export", session["session_id"], "--out", str(tmp_path / "one.md"), "--overwrite", "--json"
    )
    assert ran.json["format"] == "markdown"
    assert ran.json["bytes"] == (tmp_path / "one.md").stat().st_size


def test_many_sessions_go_to_another_log_and_back(cli: Cli, tmp_path: Path) -> None:
    """A session must never be missing, or be there twice, after an export and an import."""
    path, other = tmp_path / "all.jsonl", ["--db", str(tmp_path / "other.db")]
    here = cli("sessions", "--limit", "100", "--json").json["sessions"]
    assert cli("export", "--out", str(path)).code == 0
    ran = cli("import", str(path), *other)
    assert ran.code == 0, ran.err
    assert "every hash holds" in ran.out
    there = cli("sessions", "--limit", "100", "--json", *other).json["sessions"]
    assert [s["session_id"] for s in there] == [s["session_id"] for s in here]
    assert [s["billed"] for s in there] == [s["billed"] for s in here]
    again = cli("import", str(path), "--json", *other).json
    assert again["recorded"] == 0
    assert again["sessions"] == len(here)
    assert cli("verify", *other).code == 0


def test_the_options_of_the_list_choose_what_is_written(cli: Cli, tmp_path: Path) -> None:
    wanted = cli("sessions", "--project", "shop", "--json").json["sessions"]
    ran = cli("export", "--project", "shop", "--format", "html", "--out", str(tmp_path), "--json")
    assert ran.json["sessions"] == len(wanted) > 0
    assert (tmp_path / "index.html").is_file()
    assert len(list(tmp_path.rglob("*.html"))) == len(wanted) + 1


def test_a_tampered_file_is_told_by_its_line(cli: Cli, tmp_path: Path) -> None:
    path, other = tmp_path / "all.jsonl", ["--db", str(tmp_path / "other.db")]
    cli("export", "--out", str(path))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:6], *lines[7:]]))
    ran = cli("import", str(path), *other)
    assert (ran.code, ran.out) == (2, "")
    assert "line 7: " in ran.err
    assert "nothing was imported" in ran.err
    assert cli("sessions", "--json", *other).json["sessions"] == []
    ran = cli("verify", "--file", str(path))
    assert ran.code == 1
    assert "line 7: " in ran.out


@pytest.mark.parametrize(
    "damaged",
    [
        lambda lines: [lines[0].replace(b"format", b"fermat"), *lines[1:]],
        lambda lines: [b"\xef\xbb\xbf", *lines],
        lambda lines: [b"\n", *lines],
        lambda lines: lines[1:],
    ],
    ids=["edited", "marked", "moved", "cut"],
)
def test_a_damaged_beginning_makes_no_transcript_of_an_export(
    cli: Cli, tmp_path: Path, damaged: Callable[[list[bytes]], list[bytes]]
) -> None:
    """An export must never be recorded unchecked, as if Claude Code had written its lines."""
    path, other = tmp_path / "all.jsonl", ["--db", str(tmp_path / "other.db")]
    cli("export", "--out", str(path))
    path.write_bytes(b"".join(damaged(path.read_bytes().splitlines(keepends=True))))
    ran = cli("import", str(path), *other)
    assert (ran.code, ran.out) == (2, "")
    assert "line 1: " in ran.err
    assert "nothing was imported" in ran.err


def test_what_was_exported_into_a_folder_is_named(cli: Cli, tmp_path: Path) -> None:
    """A folder of exports, as `gc --strength export` fills one, must never become transcripts."""
    folder, other = tmp_path / "exported", ["--db", str(tmp_path / "other.db")]
    folder.mkdir()
    cli("export", "--out", str(folder / "all.jsonl"))
    cli("audit", "--export", str(folder / "trail.jsonl"))
    ran = cli("import", str(folder), "--json", *other)
    assert ran.code == 0, ran.err
    assert ran.json["recorded"] == ran.json["sessions"] == 0
    skipped = [Path(one["path"]).name for one in ran.json["skipped_files"]]
    assert skipped == ["all.jsonl", "trail.jsonl"]


def test_a_trail_is_not_imported(cli: Cli, tmp_path: Path) -> None:
    """An audit trail must never become a transcript: it holds evidence, and no sessions."""
    cli("audit", "--export", str(tmp_path / "trail.jsonl"))
    ran = cli("import", str(tmp_path / "trail.jsonl"), "--db", str(tmp_path / "other.db"))
    assert (ran.code, "audit trail" in ran.err) == (2, True)


def test_an_export_is_verified_without_a_log(cli: Cli, tmp_path: Path, database: Path) -> None:
    path = tmp_path / "all.jsonl"
    cli("export", "--out", str(path))
    database.unlink()
    ran = cli("verify", "--file", str(path))
    assert (ran.code, "The export holds: " in ran.out) == (0, True)
    told = cli("verify", "--file", str(path), "--json").json
    assert (told["holds"], told["problems"]) == (True, [])
    assert cli("verify", "--file", str(path), "--seal", "x.json").code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--format", "html", "--update"], "are for rows"),
        (["5e55", "--project", "shop"], "not both"),
        (["--what", "usage", "--tag", "x"], "--tag is for sessions"),
        (["--what", "usage", "--overwrite"], "--overwrite is for sessions"),
        (["--what", "sessions"], "no format was named"),
        (["--what", "sessions", "--format", "csv"], "is no format of sessions"),
        (["no-such-session", "--format", "html"], "no session begins with"),
        (["--status", "odd", "--format", "html"], "odd"),
        (["--format", "html", "--at", "prompt:1"], "only Claude Code files"),
    ],
)
def test_what_makes_no_sense_is_said(
    cli: Cli, tmp_path: Path, arguments: list[str], told: str
) -> None:
    ran = cli("export", *arguments, "--out", str(tmp_path / "out"))
    assert ran.code == 2
    assert told in ran.err
    assert not list(tmp_path.rglob("*.html"))


def test_rows_are_written_as_before(cli: Cli, tmp_path: Path) -> None:
    """Whoever exports usage or events must never get sessions instead."""
    for n, arguments in enumerate((["--format", "jsonl"], ["--what", "events", "--format", "csv"])):
        out = tmp_path / f"rows{n}"
        assert cli("export", *arguments, "--out", str(out)).code == 0
        manifest = json.loads((out / "_manifest.json").read_text("utf-8"))
        assert manifest["rows"] > 0


def test_an_export_says_itself_whose_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    cli("export", "--out", str(path))
    ran = cli("import", str(path), "--user", "bob")
    assert ran.code == 2
    assert "leave --user" in ran.err
