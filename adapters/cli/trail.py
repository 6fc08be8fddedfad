"""The events of a session, in order."""

from __future__ import annotations

from rich.text import Text

from ...domain import events as e
from ...domain.errors import UnknownSession
from ...domain.keys import SessionKey
from ...domain.recorded import Recorded
from .event_words import event_json, what
from .figures import iso, moment
from .opened import Opened, key_of
from .safe_text import one_line
from .screen import screen, write_json_line

STYLES = {
    e.SessionRewound: "left",
    e.SessionForked: "left",
    e.TranscriptForked: "left",
    e.CheckpointCreated: "point",
    e.UsageRecorded: "money",
    e.EntryConflicted: "bad",
    e.EntryCorrupted: "bad",
    e.GapDetected: "warn",
    e.SessionDeleted: "bad",
    e.SessionErased: "bad",
    e.EntryRedacted: "bad",
    e.EntryRecorded: "quiet",
}
_NAME = 17


def show_events(work: Opened, name: str, after: int, subagent: str | None, as_json: bool) -> None:
    """Write the events of a session, or of one of its subagents."""
    session = work.session(name)
    key = key_of(session)
    if subagent is not None:
        key = _subagent(work, key, subagent)
    if not as_json:
        screen().print(
            f"{'version':>7}  {'recorded':<16}  {'event':<{_NAME}}  {'branch':>6}  what",
            style="bold",
        )
    for recorded in work.log.events(key, after):
        if as_json:
            write_json_line(_json(recorded))
        else:
            screen().print(_line(recorded, screen().width), no_wrap=True)


def _subagent(work: Opened, key: SessionKey, name: str) -> SessionKey:
    rows = work.log.subagents(key)
    found = [row for row in rows if name in (row.subpath or "")]
    if len(found) != 1:
        names = "\n  ".join(str(row.subpath) for row in (found or rows)) or "(none)"
        several = f"is a part of {len(found)} names" if found else "names none"
        raise UnknownSession(f"{name!r} {several} of this session's subagents:\n  {names}")
    return key_of(found[0])


def _line(recorded: Recorded, width: int) -> Text:
    event = recorded.event
    name = type(event).__name__
    line = Text(f"{recorded.version:>7}  ", "quiet")
    line.append(f"{moment(recorded.recorded_at)}  ", "quiet")
    line.append(f"{name:<{_NAME}}", STYLES.get(type(event), ""))
    line.append(f"  {event.branch or '-':>6}  ", "quiet")
    line.append(one_line(what(event)))
    actor = getattr(event, "actor", None)
    if actor:
        line.append(f"  by {one_line(actor)}", "quiet")
    line.truncate(width, overflow="ellipsis")
    return line


def _json(recorded: Recorded) -> dict[str, object]:
    event = recorded.event
    return {
        "version": recorded.version,
        "position": recorded.position,
        "recorded_at": iso(recorded.recorded_at),
        "occurred_at": iso(event.occurred_at),
        "event": recorded.topic,
        "branch": event.branch,
        "actor": getattr(event, "actor", None),
        "what": what(event),
        "late": event.place is not None,
        "chain": recorded.chain.hex(),
        "fields": event_json(event),
    }
