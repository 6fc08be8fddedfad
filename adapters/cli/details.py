"""Beginning sessions and telling more of them, and saying what came of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from ...beginning import Ids, project_of, whole_path
from ...domain.beginning import Details, Told
from ...domain.errors import Refused
from ...domain.keys import SessionKey
from ...domain.statuses import known
from ...projections.sessions import Session
from .as_json import key_json, session_json
from .figures import number
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import brief, reread, say
from .screen import screen, write_json
from .times import age


class Place(NamedTuple):
    """Where a session begins, and under which id."""

    id: str | None
    ids: str
    project: str | None
    directory: str | None
    go_on: bool
    within: str | None


def told(
    user: str | None,
    prompt: str | None,
    model: str | None,
    title: str | None,
    tags: list[str] | None,
    meta: list[str] | None,
    directory: str | None = None,
) -> Details:
    """What the options tell; what was not given is not told.

    Raises:
        Refused: metadata is written wrongly.
    """
    given: dict[str, Any] = {
        "user_id": user,
        "prompt": prompt,
        "model": model,
        "title": title,
        "tags": tags or None,
        "metadata": read_values(meta) if meta else None,
        "working_dir": directory,
    }
    found: Any = {name: value for name, value in given.items() if value is not None}
    return found  # type: ignore[no-any-return]


def read_values(texts: list[str]) -> dict[str, Any]:
    """Metadata as it is typed: ``name=value``, the value JSON or else a text.

    Raises:
        Refused: there is no name, or no ``=``.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Refused(f"{text!r:.80} is no metadata; write name=value")
        try:
            values[name] = json.loads(value)
        except (ValueError, RecursionError):
            values[name] = value
    return values


def create(work: Opened, place: Place, details: Told, as_json: bool) -> None:
    """Begin a session, or go on with one."""
    ids: Ids = place.ids  # type: ignore[assignment]
    if place.go_on:
        if place.id is not None or place.project is not None:
            raise Refused("--continue finds the session itself; leave --id and --project")
        begun = work.log.get_or_create(
            place.directory or Path.cwd(),
            within=_within(place.within) if place.within is not None else None,
            ids=ids,
            actor=work.actor,
            **details,
        )
    elif place.within is not None:
        raise Refused("--within goes with --continue")
    else:
        directory = whole_path(place.directory or Path.cwd())
        project = place.project or project_of(directory)
        key = SessionKey(project, place.id) if place.id is not None else None
        whole: Details = {**details, "working_dir": directory}
        begun = work.log.create(key, project=project, ids=ids, actor=work.actor, **whole)
    if as_json:
        write_json({**key_json(begun.key), "created": begun.created, "version": begun.version})
        return
    said = "Began" if begun.created else "Goes on:"
    screen().print(Text.assemble((f"{said} ", "bold"), (one_line(begun.key.session_id), "id")))


def _within(text: str) -> timedelta:
    found = age(text)
    if not found:
        raise Refused(f"{text!r:.40} is no age; write it like 30m, 4h or 2d")
    return found


def update(work: Opened, name: str, details: Details, as_json: bool) -> None:
    """Tell more of a session."""
    session = work.session(name)
    if not details:
        raise Refused("nothing to tell; see `turnlog update --help` for what can be told")
    work.log.update(key_of(session), actor=work.actor, **details)
    _changed(work, session, "Updated", as_json)


def mark(
    work: Opened,
    name: str,
    status: str,
    stop_reason: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Set the status."""
    session, named = work.session(name), known(status)
    work.log.set_status(key_of(session), named, reason, work.actor, stop_reason)
    _changed(work, session, f"Marked {named}:", as_json)


def attempt(work: Opened, name: str, reason: str | None, as_json: bool) -> None:
    """Note an attempt."""
    session = work.session(name)
    attempt = work.log.attempt_continuation(key_of(session), reason, work.actor)
    if as_json:
        write_json({**key_json(key_of(session)), "attempt": attempt})
    else:
        screen().print(f"Attempt {attempt} to go on with {brief(session)}")


def meta(
    work: Opened, name: str, values: list[str], remove: list[str], replace: bool, as_json: bool
) -> None:
    """Add metadata, take it away, or show it."""
    session = work.session(name)
    key, new = key_of(session), read_values(values)
    if replace:
        if remove:
            raise Refused("--replace leaves nothing to --remove")
        work.log.set_metadata(key, new, work.actor)
    elif new or remove:
        work.log.change_metadata(key, new, remove, work.actor)
    found = work.log.state(key).metadata
    if as_json:
        write_json({**key_json(key), "metadata": found})
        return
    for field, value in found.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        screen().print(Text.assemble((one_line(field), "bold"), f" = {one_line(shown)}"))
    if not found:
        screen().print("No metadata.")


def _changed(work: Opened, session: Session, verb: str, as_json: bool) -> None:
    after = reread(work, session)
    if as_json:
        write_json(session_json(after))
        return
    say(verb, after)
    told = [after.status, number(after.turns, "turn"), *(f"#{one_line(tag)}" for tag in after.tags)]
    screen().print("  " + "  ".join(told), style="quiet")
