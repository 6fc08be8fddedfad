"""Redacting: what would go, the question, what went."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...projections.sessions import Session
from ...retention.redacting import Redacted
from .as_json import key_json
from .asking import sure
from .erasing_view import say, tell_copies, tell_unknown
from .figures import number
from .opened import Opened, key_of
from .screen import screen, write_json


class Asked(NamedTuple):
    """What was asked for, beside the session and what is taken out of it."""

    reason: str | None
    dry_run: bool
    yes: bool
    as_json: bool


class Taken(NamedTuple):
    """What is to be taken out."""

    entry: str | None
    texts: tuple[str, ...]
    patterns: tuple[str, ...]
    copies: bool


def redact(work: Opened, name: str, taken: Taken, asked: Asked) -> None:
    """Redact an entry."""
    session = work.session(name)
    key, log = key_of(session), work.log

    def run(dry_run: bool) -> Redacted:
        return log.redact(
            key,
            taken.entry,
            texts=taken.texts,
            patterns=taken.patterns,
            copies=taken.copies,
            reason=asked.reason,
            actor=work.actor,
            dry_run=dry_run,
        )

    redacted = run(True)
    if not asked.dry_run:
        sure(f"Take {_amount(redacted)} out for good?", asked.yes)
        redacted = run(False)
    if asked.as_json:
        write_json(_as_json(redacted))
        return
    _tell(session, redacted)


def _amount(redacted: Redacted) -> str:
    events = len(redacted.versions) + sum(len(each.versions) for each in redacted.elsewhere)
    what = f"{number(redacted.texts, 'text')} of {number(events, 'event')}"
    if redacted.files:
        what += f" and {number(redacted.files, 'kept file')}"
    if redacted.elsewhere:
        what += f" in {number(1 + len(redacted.elsewhere), 'stream')}"
    return what


def _tell(session: Session, redacted: Redacted) -> None:
    versions = ", ".join(map(str, redacted.versions))
    verb = "Redacted" if redacted.done else "Would redact"
    say(verb, session, f"version {versions}" if versions else "nothing but copies")
    what = number(redacted.texts, "text")
    if redacted.files:
        what += f" and what {number(redacted.files, 'kept file')} repeated of it"
    screen().print(f"  {what} taken out; the agent can still resume it.")
    if redacted.elsewhere:
        events = sum(len(each.versions) for each in redacted.elsewhere)
        streams = number(len(redacted.elsewhere), "other stream")
        screen().print(f"  {number(events, 'event')} of them in {streams}.")
    tell_copies(redacted.copies)
    tell_unknown(redacted.unknown)


def _as_json(redacted: Redacted) -> dict[str, Any]:
    return {
        "key": key_json(redacted.key),
        "versions": list(redacted.versions),
        "texts": redacted.texts,
        "files": redacted.files,
        "elsewhere": [
            {"key": key_json(each.key), "versions": list(each.versions)}
            for each in redacted.elsewhere
        ],
        "copies": [key_json(copy.key) for copy in redacted.copies],
        "unknown_read_models": list(redacted.unknown),
        "done": redacted.done,
    }
