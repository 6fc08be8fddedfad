"""Migrating, with its summary."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from ...migrating.summary import Migrated
from ..migration.database import ForeignDatabase
from .figures import number
from .opened import Opened
from .safe_text import one_line
from .screen import screen, write_json

_FEW = 5


class Asked(NamedTuple):
    """What is to be migrated, and how."""

    path: str
    kind: str | None
    project: str | None
    user: str | None
    table: str | None
    columns: dict[str, str]
    history: bool
    restore: bool
    dry_run: bool


def migrate(work: Opened, asked: Asked, as_json: bool) -> None:
    """Migrate a database."""
    path = Path(asked.path).expanduser()
    table, columns = _own_table(work, asked, path)
    summary = work.log.migrate(
        path,
        kind=asked.kind,
        project=asked.project,
        user_id=asked.user or work.settings.user_id,
        table=table,
        columns=columns,
        history=asked.history,
        restore=asked.restore,
        dry_run=asked.dry_run,
        actor=work.actor,
    )
    if as_json:
        write_json(summary.as_dict())
        return
    _tell(summary)


def _own_table(work: Opened, asked: Asked, path: Path) -> tuple[str | None, dict[str, str]]:
    """The application's table and its columns: as asked, else as set, where there is that table."""
    settings = work.settings
    if asked.kind in (None, "table") and asked.table in (None, settings.migrate_table):
        with closing(ForeignDatabase(path)) as database:
            if settings.migrate_table in database.tables:
                return settings.migrate_table, {**settings.migrate_columns, **asked.columns}
    return asked.table, asked.columns


def _tell(summary: Migrated) -> None:
    out = screen()
    new = number(summary.recorded, "new message")
    done = new if summary.recorded else "Nothing new"
    told = f"Would record {new}" if summary.dry_run else done
    found = f"{number(summary.sessions, 'session')}, {number(summary.messages, 'message')}"
    out.print(
        Text.assemble(
            ("" if summary.dry_run else "✓ ", "good"),
            (told, "bold"),
            f" from {' and '.join(summary.kinds)} ({found})",
            (f" in {summary.seconds:.1f} s", "quiet"),
        )
    )
    for count, words, told in (
        (summary.begun, ("session",), "new here"),
        (summary.known, ("message",), "known already"),
        (summary.checkpoints, ("checkpoint",), "to go back to"),
        (summary.rewinds, ("rewind",), "as the history has them"),
        (summary.trims, ("trim",), "of the context"),
        (summary.empty, ("session",), "without a message, left out"),
        (summary.deleted, ("session",), "left out: deleted here; --restore records them again"),
    ):
        if count:
            out.print(f"  {number(count, *words)} {told}", style="quiet")
    for kind, count in summary.notes.items():
        out.print(Text(f"  {one_line(kind)}: {count:,}", "quiet"), soft_wrap=True)
    if summary.uncounted:
        told = f"{summary.uncounted:,} tokens of sessions belong to no new answer: not counted"
        out.print(Text.assemble(("! ", "warn"), told))
    if summary.unread:
        told = f"{number(summary.unread, 'thing')} could not be read"
        out.print(Text.assemble(("! ", "warn"), told))
        for thing in summary.unread_things[:_FEW]:
            where = f"  {one_line(thing.where)}: {one_line(thing.why)}"
            out.print(Text(where), soft_wrap=True)
        if summary.unread > _FEW:
            out.print(f"  … {summary.unread - _FEW} more; --json tells up to 100", style="quiet")
