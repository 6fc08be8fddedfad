"""`turnlog export`: what is told, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def test_what_was_written_is_told(cli: Cli, history: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = cli("export", "--out", out)
    assert ran.out == f"✓ 75 rows of usage in 6 files, 6 days, up to position 528\nin {out}\n"
    ran = cli("export", "--out", out, "--update", "--json")
    assert ran.json == {
        "folder": str(out),
        "rows": 75,
        "files": 6,
        "days": 6,
        "position": 528,
        "rows_in_folder": 75,
    }


def test_an_update_tells_what_is_new_and_what_is_there(
    cli: Cli, history: Path, tmp_path: Path
) -> None:
    export = ("export", "--what", "events", "--format", "jsonl", "--out", tmp_path / "out")
    cli(*export)
    cli("delete", "8b6e")
    out = cli(*export, "--update").out
    assert "✓ 1 row of events in 1 file, 1 day, up to position 529" in out
    assert "529 rows in all" in out


def test_the_figures_are_those_of_stats(cli: Cli, history: Path, tmp_path: Path) -> None:
    cli("export", "--format", "jsonl", "--out", tmp_path / "out")
    texts = [path.read_text("utf-8") for path in tmp_path.glob("out/*/*.jsonl")]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    nano = sum(row["cost_nano_usd"] for row in rows if row["billed"])
    assert f"{nano / 1e9:.8f}" in cli("stats", "--json").json["billed"]["cost_usd"] + "00"


def test_times_are_in_the_machines_zone(cli: Cli, history: Path, tmp_path: Path) -> None:
    def rows(name: str, *limits: str) -> int:
        out = tmp_path / name
        return int(cli("export", "--format", "csv", "--out", out, "--json", *limits).json["rows"])

    assert rows("a", "--since", "2026-10-13", "--until", "2026-10-14") == rows(
        "b", "--since", "2026-10-13T02:00+02:00", "--until", "2026-10-14T00:00Z"
    )
    assert rows("c", "--since", "1h") == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--format", "xlsx"), "take one of parquet, csv, jsonl"),
        (("--what", "secrets"), "take one of events, usage"),
        (("--content", "some"), "take one of none, notes, all"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "is later than --until"),
        (("--since", "yesterday"), "no time"),
        (("--until", "2026-01-30T10:00+25:00"), "no time"),
    ],
)
def test_what_makes_no_sense_is_told(
    cli: Cli, history: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ran = cli("export", "--out", tmp_path / "out", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_where_it_cannot_be_written_is_told(cli: Cli, history: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for out, told in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "below", "Not a directory"),
        (tmp_path / "full", "holds other files"),
        (Path("/proc/turnlog"), "/proc/turnlog"),
        (tmp_path / "\x00", "null"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        ran = cli("export", "--out", out)
        assert ran.code == 2, out
        assert told in ran.err
        assert "Traceback" not in ran.err
    assert "required" in cli("export").err or "Missing option" in cli("export").err
