"""``history.jsonl``: every prompt that was typed, also those whose transcript is long gone."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, BinaryIO, NamedTuple

from ...domain.errors import NotJson
from ...domain.keys import SessionKey
from ..storage.encoding.json_bytes import decode_line
from .lines import read_lines
from .recovery import Corrupt, Recovered, recover
from .slug import project_slug


class HistoryLine(NamedTuple):
    """One prompt."""

    display: str
    pasted_contents: dict[str, Any]
    """By number: ``{"id", "type", "content"}``, or a ``contentHash`` that names a file in
    ``paste-cache/``."""
    timestamp_ms: int
    """Milliseconds since 1970, UTC."""
    project: str
    """The directory it was typed in."""
    session_id: str | None
    """None as older CLIs wrote it."""
    raw: bytes
    """The line as it was found."""

    @property
    def day(self) -> date:
        """In UTC."""
        return _EPOCH + timedelta(days=self.timestamp_ms // _DAY)

    @property
    def key(self) -> SessionKey:
        """The session it belongs to; without a session id, the project's prompts of that day."""
        return SessionKey(project_slug(self.project), self.session_id or f"history-{self.day}")


@dataclass(frozen=True, slots=True)
class PromptOnly:
    """A session, or a project's day, of which only the prompts are left."""

    key: SessionKey
    project: str
    """The directory of the first prompt; directories whose slugs are the same share a key."""
    session_id: str | None
    day: date | None
    """In UTC; None where the session is known."""
    prompts: tuple[HistoryLine, ...]
    """In the order of the file."""


class Unfinished(NamedTuple):
    """A last line without line feed that is no whole record: its writer may still be at it."""

    data: bytes


def read_history(file: BinaryIO) -> Iterator[HistoryLine | Corrupt | Unfinished]:
    """Read ``history.jsonl``, opened for reading bytes.

    Raises:
        OSError: the file cannot be read.
    """
    for line in read_lines(file):
        found = _understood(line.data)
        if isinstance(found, HistoryLine):
            yield found
        elif not line.terminated:
            yield Unfinished(line.data)
        else:
            for piece in recover(line.data):
                yield _understood(piece.data) if isinstance(piece, Recovered) else piece


def prompt_only(lines: Iterable[HistoryLine], known: Container[str]) -> list[PromptOnly]:
    """Gather the prompts of which there is no transcript, in the order of their first lines.

    Prompts without session id are gathered by project and day: which session they belong to was
    never written down.

    Args:
        known: the ids of the sessions whose transcript there is; they are left out.
    """
    groups: dict[SessionKey, list[HistoryLine]] = {}
    for line in lines:
        if line.session_id is None or line.session_id not in known:
            groups.setdefault(line.key, []).append(line)
    return [
        PromptOnly(
            key,
            first.project,
            first.session_id,
            None if first.session_id else first.day,
            tuple(prompts),
        )
        for key, prompts in groups.items()
        for first in prompts[:1]
    ]


def _understood(data: bytes) -> HistoryLine | Corrupt:
    try:
        found = decode_line(data)[0]
    except NotJson as problem:
        return Corrupt(data, str(problem))
    if not isinstance(found, dict):
        return Corrupt(data, "no object")
    display, project = found.get("display"), found.get("project")
    timestamp = found.get("timestamp")
    pasted, session_id = found.get("pastedContents"), found.get("sessionId")
    if not isinstance(display, str):
        return Corrupt(data, "a history line without the text of a prompt (`display`)")
    if not isinstance(project, str):
        return Corrupt(data, "a history line without a directory (`project`)")
    if not isinstance(timestamp, int | float) or not _FIRST <= timestamp < _LAST:
        return Corrupt(data, "a history line without a time in milliseconds (`timestamp`)")
    return HistoryLine(
        display,
        pasted if isinstance(pasted, dict) else {},
        int(timestamp),
        project,
        session_id if isinstance(session_id, str) and session_id else None,
        data,
    )


_EPOCH = date(1970, 1, 1)
_DAY = 86_400_000
_FIRST = (date.min - _EPOCH).days * _DAY
_LAST = ((date.max - _EPOCH).days + 1) * _DAY
