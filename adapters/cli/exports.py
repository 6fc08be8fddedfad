"""Exporting, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from ...analytics.exporting import Asked, Exported
from ...domain.points import Point
from ...projections.sessions import Filter
from .figures import number, size
from .opened import Opened, key_of
from .progress import bar
from .screen import screen, write_json


class Wanted(NamedTuple):
    """Which sessions are to be written, and how."""

    names: list[str]
    asked: Filter
    format: str | None
    at: str | None
    overwrite: bool
    as_json: bool


def write_sessions(work: Opened, out: Path, wanted: Wanted) -> None:
    """Export sessions, and say what was written."""
    keys = [key_of(work.session(name)) for name in wanted.names]
    count = 0

    def told(_: object) -> None:
        nonlocal count
        count += 1
        tell(count, len(keys) or None)

    with bar("Exporting", quiet=wanted.as_json) as tell:
        done = work.log.export_sessions(
            out,
            keys or wanted.asked,
            wanted.format,
            at=Point.of(wanted.at) if wanted.at is not None else None,
            overwrite=wanted.overwrite,
            progress=told,
        )
    if wanted.as_json:
        write_json({**done._asdict(), "out": str(done.out)})
        return
    what = number(done.sessions, "session")
    if done.subagents:
        what += f" with {number(done.subagents, 'subagent')}"
    files = f"{number(done.files, 'file')}, {size(done.bytes)}"
    screen().print(Text.assemble(("✓ ", "good"), (what, "bold"), f" as {done.format}: {files}"))
    if done.left_out:
        told_of = f"{number(done.left_out, 'session')} left out that Claude Code could not resume"
        screen().print(f"  {told_of}", style="quiet")
    screen().print(f"in {done.out}", style="quiet", soft_wrap=True)


def write_rows(work: Opened, out: Path, asked: Asked, update: bool, as_json: bool) -> None:
    """Export rows, and say what was written."""
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
