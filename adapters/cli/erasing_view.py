"""Erasing: what would go, the question, what went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.text import Text

from ...domain.keys import SessionKey
from ...projections.sessions import Session
from ...retention.erasing import Erased
from ...retention.linked import LinkedFiles
from ...retention.sharing import Forks, Sharer
from .as_json import key_json
from .asking import sure
from .figures import number, size
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import brief
from .screen import beside, screen, write_json

_FEW = 20


class Asked(NamedTuple):
    """What was asked for, beside the session."""

    forks: bool | None
    files: bool
    reason: str | None
    dry_run: bool
    yes: bool
    as_json: bool


def erase(work: Opened, name: str, asked: Asked) -> None:
    """Erase a session."""
    session = work.session(name)
    key, log = key_of(session), work.log
    chosen: dict[bool | None, Forks] = {None: "refuse", True: "erase", False: "keep"}
    forks = chosen[asked.forks]
    erased = log.erase(key, forks=forks, files=asked.files, dry_run=True)
    if not asked.dry_run:
        if erased.streams:
            _tell_first(session, erased, asked)
            sure("Erase this for good?", asked.yes)
        why = (asked.reason, work.actor)
        erased = log.erase(key, forks=forks, files=asked.files, reason=why[0], actor=why[1])
    if asked.as_json:
        write_json(erased_json(erased) | {"session": key_json(key)})
        return
    if not erased.streams:
        told = "is erased already; its files hold nothing of it."
        screen().print(Text(f"{brief(session)} {told}"))
        return
    verb = "Erased" if erased.done else "Would erase"
    say(verb, session, f"{number(len(erased.streams), 'stream')}")
    if erased.done:
        what = number(erased.bodies, "event")
        screen().print(f"  {what} lost what they said; counts, times, tokens and cost stay.")
    _linked(erased.linked, erased.done)
    tell_copies(erased.copies)
    tell_unknown(erased.unknown)


def _tell_first(session: Session, erased: Erased, asked: Asked) -> None:
    if asked.yes or asked.as_json:
        return
    out = beside()
    title = one_line(session.title or "(no title)")
    out.print(Text.assemble((one_line(session.session_id), "id"), "  ", title), soft_wrap=True)
    what = f"{number(session.prompts, 'prompt')}, {number(session.entries, 'entry', 'entries')}"
    out.print(f"  {what}, {number(len(erased.streams), 'stream')} with its subagents and forks")


def tell_copies(copies: Sequence[Sharer]) -> None:
    """Name what holds the same, and was left alone."""
    for copy in copies:
        told = f"  a copy stays in {one_line(_named(copy.key))} {one_line(copy.title or '')}"
        screen().print(Text(told, "warn"), soft_wrap=True)


def _named(key: SessionKey) -> str:
    return key.session_id if key.subpath is None else f"{key.session_id}/{key.subpath}"


def tell_unknown(names: Sequence[str]) -> None:
    """Name read models that could not be made to forget."""
    if names:
        told = (
            f"  Read models of other applications may still hold it: {', '.join(names)}; rebuild "
            "them there."
        )
        screen().print(Text(told, "warn"), soft_wrap=True)


def _linked(linked: Sequence[LinkedFiles], done: bool) -> None:
    for one in linked:
        screen().print(Text(linked_line(one, done)), soft_wrap=True)
        if not done:
            for file in one.files[:_FEW]:
                screen().print(Text(f"    {one_line(file)}", "quiet"), soft_wrap=True)
            if len(one.files) > _FEW:
                screen().print(f"    … {len(one.files) - _FEW:,} more; --json tells all")


def linked_line(linked: LinkedFiles, done: bool) -> str:
    """A directory that went with a session, or would."""
    where = one_line(str(linked.directory))
    if linked.problem is not None:
        return f"  {where} stays: {one_line(linked.problem)}"
    verb = "removed" if done else "would remove"
    return f"  {verb} {where}: {number(len(linked.files), 'file')}, {size(linked.size)}"


def linked_json(linked: Sequence[LinkedFiles]) -> list[dict[str, Any]]:
    """Directories as plain values."""
    return [
        {
            "directory": str(one.directory),
            "files": list(one.files),
            "bytes": one.size,
            "problem": one.problem,
        }
        for one in linked
    ]


def erased_json(erased: Erased) -> dict[str, Any]:
    """An erasure as plain values."""
    return {
        "streams": [key_json(key) for key in erased.streams],
        "bodies": erased.bodies,
        "copies": [key_json(copy.key) for copy in erased.copies],
        "linked": linked_json(erased.linked),
        "unknown_read_models": list(erased.unknown),
        "done": erased.done,
    }


def say(verb: str, session: Session, what: str) -> None:
    """Say what became of a session."""
    line = Text.assemble((f"{verb} ", "bold"), (brief(session), "id"), f"  {what}")
    screen().print(line, soft_wrap=True)
