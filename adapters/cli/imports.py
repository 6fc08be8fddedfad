"""Importing, with its progress and its summary."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from ...domain.errors import Refused
from ...evidence.lines import is_exported_at
from ...importing.summary import ImportSummary
from ...settings import Location, Settings, settings_file
from ..claude.directory import PathNotFound
from ..secrets import hidden
from .figures import number, size
from .opened import opened
from .progress import bar
from .safe_text import one_line
from .screen import beside, screen, write_json, write_json_line

if TYPE_CHECKING:
    from ..claude.install import Installation

_FEW = 5


class Asked(NamedTuple):
    """What is to be imported, and how."""

    path: str | None
    workers: int | None
    user: str | None
    machine: str | None
    restore: bool
    as_json: bool

    @property
    def source(self) -> Path:
        """The path; without one, the CLI's own configuration directory."""
        if self.path is not None:
            return Path(self.path)
        return Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")


def run(asked: Asked, db: str | None) -> None:
    """Import a path once."""
    if is_exported_at(asked.source):
        _take_in(asked, db)
        return
    with opened(db, create=True) as work:
        with bar(f"importing {asked.source}", quiet=asked.as_json) as progress:
            summary = work.log.import_claude(
                asked.source,
                workers=asked.workers,
                progress=lambda told: progress(told.bytes, told.bytes_total),
                restore=asked.restore,
                user_id=asked.user or work.settings.user_id,
                machine=asked.machine,
            )
        if asked.as_json:
            write_json(summary.as_dict())
            return
        _tell(summary)
        screen().print(Text.assemble(("next: ", "quiet"), ("turnlog sessions", "code")))


def _take_in(asked: Asked, db: str | None) -> None:
    """Import what `turnlog export --format jsonl` wrote."""
    if asked.user is not None or asked.machine is not None:
        raise Refused(
            f"{asked.source} holds sessions of another log, which say themselves whose they are "
            "and from where: leave --user and --machine out"
        )
    with opened(db, create=True) as work:
        with bar(f"importing {asked.source}", quiet=asked.as_json) as progress:
            done = work.log.import_sessions(asked.source, restore=asked.restore, progress=progress)
        if asked.as_json:
            write_json(done._asdict())
            return
    found = number(done.sessions, "session")
    if done.subagents:
        found += f" with {number(done.subagents, 'subagent')}"
    new = number(done.recorded, "new event") if done.recorded else "nothing new"
    screen().print(Text.assemble(("✓ ", "good"), (found, "bold"), f": every hash holds, {new}"))
    if done.known and done.recorded:
        screen().print(f"  {number(done.known, 'event')} known already", style="quiet")
    if done.deleted:
        told = f"{number(done.deleted, 'session')} left out: deleted here; --restore brings it back"
        screen().print(f"  {told}", style="quiet")


def watch(asked: Asked, db: str | None) -> None:
    """Import a path, then follow its files until Ctrl-C."""
    from ...importing.run import watch as follow
    from ..claude.watch import until_signalled

    def changed(summary: ImportSummary) -> None:
        if asked.as_json:
            write_json_line(summary.as_dict())
        else:
            told = [number(summary.recorded, "new entry", "new entries")]
            told.append(f"in {number(summary.sessions, 'session')}")
            screen().print(" ".join(told))
        screen().file.flush()

    with opened(db, create=True) as work, until_signalled() as stop:
        if not asked.as_json:
            beside().print(f"watching {asked.source}; end with Ctrl-C", style="quiet")
        follow(
            work.log,
            asked.source,
            stop,
            changed,
            user_id=asked.user or work.settings.user_id,
            machine=asked.machine,
        )


def install(asked: Asked, db: str | None, write: bool) -> None:
    """Print what runs the import before the CLI's clean-up; with ``write``, set it up."""
    from ..claude import install as daily

    source = asked.source.expanduser().absolute()
    if asked.path is not None and not source.exists():
        raise PathNotFound(f"{source} does not exist; name a configuration directory or a project")
    command = [*daily.this_command(), "import", str(source), *_same_log(db)]
    for option, value in (
        ("--user", asked.user),
        ("--machine", asked.machine),
        ("--workers", asked.workers),
    ):
        command += [option, str(value)] if value is not None else []
    planned = daily.installation(command, Path.home(), daily.this_system(), _config(source))
    written = daily.write(planned) if write else []
    if asked.as_json:
        write_json(
            {
                "system": planned.system,
                "command": command,
                "files": [
                    {"path": str(f.path), "text": f.text, "link_to": f.link_to}
                    for f in planned.files
                ],
                "commands": list(planned.commands),
                "settings": str(planned.settings),
                "hook": json.loads(planned.hook),
                "written": [str(path) for path in written],
            }
        )
        return
    _plan(planned, written)


def _config(source: Path) -> Path | None:
    """The configuration directory that a path lies in, whose settings have the hooks."""
    around = (folder for folder in (source, *source.parents) if (folder / "projects").is_dir())
    named = os.environ.get("CLAUDE_CONFIG_DIR")
    return next(around, Path(named).expanduser().absolute() if named else None)


def _same_log(db: str | None) -> list[str]:
    """The option that leads to the same log, wherever the command is run."""
    location = Settings.load().location(db)
    location.refuse_found()
    if location.is_default or _is_found_by_itself(location):
        return []
    if hidden(location.url) != location.url:
        raise Refused(
            f"{location.chosen_by} has a password in it, which every user of this machine would "
            f"see in the list of processes; put database_url into {settings_file()} instead "
            "(chmod 600), where the import finds it by itself"
        )
    path = location.path
    return ["--db", str(path.absolute()) if path is not None else location.url]


def _is_found_by_itself(location: Location) -> bool:
    """Whether the settings file of the user's own folder names the log: it is found anywhere."""
    named = location.chosen_by.endswith(f" in the settings file {settings_file()}")
    return named and "TURNLOG_SETTINGS_FILE" not in os.environ


def _plan(planned: Installation, written: list[Path]) -> None:
    out = screen()
    for file in planned.files:
        if file.path in written:
            out.print(Text.assemble(("✓ ", "good"), f"wrote {file.path}"), soft_wrap=True)
        elif file.link_to is not None:
            out.print(Text(f"{file.path} -> {file.link_to}", "bold"), soft_wrap=True)
        else:
            out.print(Text(str(file.path), "bold"), soft_wrap=True)
            out.print(Text(file.text), soft_wrap=True)
    if planned.files:
        out.print(f"\n{'Then type' if written else 'To set this up: --write, then type'}")
    else:
        out.print("Type this to import once a day:")
    for command in planned.commands:
        out.print(Text(f"  {command}", "code"), soft_wrap=True)
    out.print(f"\nTo import at the end of every session too, put this into {planned.settings}:")
    out.print(Text(planned.hook, "code"), soft_wrap=True)


def _tell(summary: ImportSummary) -> None:
    out = screen()
    found = f"{number(summary.sessions, 'session')}, {number(summary.subagents, 'subagent')}"
    new = f"{number(summary.recorded, 'new entry', 'new entries')} from"
    if not summary.recorded and not summary.prompts:
        new = "Nothing new in"
    out.print(
        Text.assemble(
            ("✓ ", "good"),
            (new, "bold"),
            f" {number(summary.files, 'transcript')} ({found})",
            (f" in {summary.seconds:.1f} s", "quiet"),
        )
    )
    for count, words, told in (
        (summary.unchanged, ("transcript",), "unchanged since the last import"),
        (summary.known, ("entry", "entries"), "known already"),
        (summary.prompt_only, ("session",), "of which only the prompts are left"),
        (summary.recovered, ("entry", "entries"), "saved from broken lines"),
        (summary.unfinished, ("transcript",), "with a last line that is not finished yet"),
        (
            summary.deleted,
            ("transcript",),
            "left out: deleted or erased here; --restore brings it back",
        ),
        (summary.kept_files, ("file",), f"kept along, {size(summary.kept_bytes)}"),
    ):
        if count:
            out.print(f"  {number(count, *words)} {told}", style="quiet")
    _problems(summary)


def _problems(summary: ImportSummary) -> None:
    out = screen()
    if summary.conflicts:
        told = number(summary.conflicts, "entry", "entries")
        known = f"{told} with a known uuid and another content: kept, never loaded"
        out.print(Text.assemble(("! ", "warn"), known))
    if summary.corrupt:
        told = number(
            summary.corrupt,
            "piece that is no entry: kept as it was",
            "pieces that are no entries: kept as they were",
        )
        out.print(Text.assemble(("! ", "warn"), told))
        for piece in summary.corrupt_pieces[:_FEW]:
            where = f"{one_line(str(piece.path))} at byte {piece.offset:,}"
            out.print(f"  {where}: {one_line(piece.reason)}", soft_wrap=True)
        _more(summary.corrupt)
    if summary.skipped:
        told = number(summary.skipped, "file or folder", "files and folders")
        out.print(Text.assemble(("! ", "warn"), f"{told} not read"))
        for skipped in summary.skipped_files[:_FEW]:
            where = one_line(str(skipped.path))
            out.print(f"  {where}: {one_line(skipped.reason)}", soft_wrap=True)
        _more(summary.skipped)


def _more(count: int) -> None:
    if count > _FEW:
        screen().print(f"  … {count - _FEW} more; --json tells up to 100", style="quiet")
