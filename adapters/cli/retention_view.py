"""Cleaning up and archiving, drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from rich.text import Text

from ...domain.errors import Refused
from ...domain.keys import short
from ...retention.policy import CleanUp, Collected, Strength
from ...retention.scheduling import Schedule
from ..claude.watch import until_signalled
from .as_json import key_json
from .asking import sure
from .erasing_view import linked_json, linked_line, tell_unknown
from .figures import iso, moment, number, size
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import brief, go_on
from .screen import beside, screen, write_json, write_json_line
from .times import age

_WORDS = {
    "abandoned": ("abandoned", "quiet"),
    "archived": ("archived", "good"),
    "exported": ("exported and erased", "warn"),
    "erased": ("erased", "bad"),
    "kept": ("kept", "quiet"),
}
_FEW = 20


class Asked(NamedTuple):
    """What was asked for."""

    days: float | None
    strength: str
    out: str | None
    silent: float
    files: bool
    dry_run: bool
    yes: bool
    as_json: bool


def clean_up(work: Opened, asked: Asked) -> None:
    """Clean up once."""
    gone = asked.strength != "archive" or asked.files
    if gone and not asked.dry_run and not asked.yes:
        found = _collect(work, asked, dry_run=True)
        if any(one.outcome != "kept" for one in found.sessions):
            if not asked.as_json:
                _tell(found)
            sure("Do this for good?", False)
    found = _collect(work, asked, asked.dry_run)
    if asked.as_json:
        write_json(_json(found))
    else:
        _tell(found)


def keep_clean(work: Opened, asked: Asked, every: str) -> None:
    """Clean up again and again, until interrupted."""
    if asked.dry_run:
        raise Refused("--dry-run says what one clean-up would do: leave --every")
    if asked.strength != "archive" or asked.files:
        sure(f"Do this every {every}?", asked.yes)

    def told(found: CleanUp) -> None:
        if asked.as_json:
            write_json_line(_json(found))
        else:
            _tell(found)
        screen().file.flush()

    schedule = Schedule(lambda: _collect(work, asked, False), _interval(every), told)
    with until_signalled() as stop:
        if not asked.as_json:
            beside().print(f"cleaning up every {every}; end with Ctrl-C", style="quiet")
        schedule.run(stop)


def _interval(text: str) -> timedelta:
    found = age(text)
    if found is None:
        raise Refused(f"{text!r:.40} is no time between two clean-ups; write 30m, 24h or 7d")
    return found


def _collect(work: Opened, asked: Asked, dry_run: bool) -> CleanUp:
    strength: Strength = asked.strength  # type: ignore[assignment]  # what is none is refused there
    return work.log.collect(
        asked.days,
        strength,
        out=asked.out,
        silent_hours=asked.silent,
        files=asked.files,
        actor=work.actor,
        dry_run=dry_run,
    )


def _tell(found: CleanUp) -> None:
    out = screen()
    if not found.sessions:
        out.print("Nothing to clean up.")
        return
    for one in found.sessions if not found.done else found.sessions[:_FEW]:
        out.print(_line(one), soft_wrap=True)
        for linked in one.linked:
            out.print(Text(linked_line(linked, found.done)), soft_wrap=True)
            if not found.done:
                for file in linked.files:
                    out.print(Text(f"    {one_line(file)}", "quiet"), soft_wrap=True)
    if found.done and len(found.sessions) > _FEW:
        out.print(f"… {len(found.sessions) - _FEW:,} more; --json tells all", style="quiet")
    told = [
        f"{len(some):,} {_WORDS[outcome][0]}"
        for outcome in ("abandoned", "archived", "exported", "erased", "kept")
        if (some := found.of(outcome))
    ]
    tell_unknown(found.unknown)
    saved = sum(one.saved for one in found.sessions)
    told += [f"{size(saved)} saved"] if saved else []
    out.print(Text("\n" + ", ".join(told) + ("" if found.done else "; nothing was changed")))


def _line(one: Collected) -> Text:
    word, style = _WORDS[one.outcome]
    line = Text.assemble(
        (f"{word:<9} ", style),
        (one_line(short(one.key.session_id)), "id"),
        (f"  {moment(one.recorded_at)}  ", "quiet"),
        one_line(one.title or "(no title)")[:60],
    )
    if one.why is not None:
        line.append(f"\n  {one_line(one.why)}", "warn")
    if one.file is not None:
        line.append(f"\n  written to {one_line(str(one.file))}", "quiet")
    return line


def _json(found: CleanUp) -> dict[str, Any]:
    return {
        "done": found.done,
        "unknown_read_models": list(found.unknown),
        "sessions": [
            {
                **key_json(one.key),
                "title": one.title,
                "outcome": one.outcome,
                "recorded_at": iso(one.recorded_at),
                "streams": one.streams,
                "why": one.why,
                "file": str(one.file) if one.file is not None else None,
                "linked": linked_json(one.linked),
                "saved_bytes": one.saved,
            }
            for one in found.sessions
        ],
    }


def archive(work: Opened, name: str, reason: str | None, as_json: bool) -> None:
    """Archive a session."""
    session = work.session(name)
    key = key_of(session)
    done = work.log.archive(key, reason, work.actor)
    if as_json:
        write_json({**key_json(key), "blocks": done.blocks, "saved_bytes": done.saved})
        return
    named = brief(session)
    screen().print(
        Text.assemble(("Archived ", "bold"), (named, "id"), f"  {number(done.blocks, 'block')}")
    )
    told = f"{size(done.saved)} saved; " if done.saved > 0 else ""
    screen().print(f"  {told}it stays as readable as before.", style="quiet")
    go_on(f"turnlog undelete {named}")
