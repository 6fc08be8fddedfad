"""Exporting, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...analytics.exporting import Asked, Exported
from .figures import number
from .opened import Opened
from .progress import bar
from .screen import screen, write_json


def write(work: Opened, out: Path, asked: Asked, update: bool, as_json: bool) -> None:
    """Export, and say what was written."""
    with bar("Exporting", quiet=as_json) as tell:
        done = work.log.export(
            out,
            asked.what,
            asked.format,
            content=asked.content,
            project=asked.project,
            user=asked.user,
            since=asked.since,
            until=asked.until,
            update=update,
            progress=lambda rows: tell(rows, None),
        )
    if as_json:
        write_json(_json(done))
        return
    told = f"{number(done.rows, 'row')} of {asked.what} in {number(done.files, 'file')}"
    screen().print(f"✓ {told}, {number(done.days, 'day')}, up to position {done.position}")
    if done.all_rows != done.rows:
        screen().print(f"  {number(done.all_rows, 'row')} in all", style="quiet")
    screen().print(f"in {done.folder}", style="quiet", soft_wrap=True)


def _json(done: Exported) -> dict[str, Any]:
    return {
        "folder": str(done.folder),
        "rows": done.rows,
        "files": done.files,
        "days": done.days,
        "position": done.position,
        "rows_in_folder": done.all_rows,
    }
