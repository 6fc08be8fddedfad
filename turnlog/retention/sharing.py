"""Which other sessions hold what one session holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..domain.errors import TurnlogError
from ..domain.keys import SessionKey
from ..projections.sessions import Session
from ..projections.sessions.due import copies_of, forks_of
from ..reading.finding import tables_in

Forks = Literal["refuse", "keep", "erase"]
"""What becomes of the sessions that share content with one that is erased."""


class Sharer(NamedTuple):
    """A session that holds what another one holds."""

    key: SessionKey
    title: str | None
    borrows: bool
    """Whether it reads it from there, as a fork of turnlog does; else it has a copy of its own."""


class SharedContent(TurnlogError):
    """Other sessions hold the content of one that is to be erased."""

    def __init__(self, message: str, sharers: tuple[Sharer, ...]) -> None:
        super().__init__(message)
        self.sharers = sharers


def sharers_of(reader: Reader, keys: Iterable[SessionKey]) -> list[Sharer]:
    """The sessions that hold content of some streams: forks, forks of these, and copies.

    Copies are known by the responses in them: who copied only prompts is not found.
    """
    streams = [stream for key in keys if (stream := reader.find(key)) is not None]
    tables = tables_in(reader)
    found: dict[SessionKey, Sharer] = {}
    wanted = [stream.key.stream_id for stream in streams]
    seen = set(wanted)
    while wanted:
        rows = [Session.of(row) for row in reader.query(forks_of(tables, wanted))]
        wanted = [row.name for row in rows if row.name not in seen]
        seen.update(wanted)
        for row in rows:
            key = _main(row)
            found[key] = Sharer(key, row.title, True)
    numbers = [stream.id for stream in streams]
    for row in map(Session.of, reader.query(copies_of(tables, numbers)) if numbers else ()):
        key = _main(row)
        if key not in found and not any(key == stream.key.main for stream in streams):
            found[key] = Sharer(key, row.title, False)
    return sorted(found.values())


def _main(row: Session) -> SessionKey:
    return SessionKey.parse(row.main)


def streams_of(reader: Reader, key: SessionKey) -> list[SessionKey]:
    """The streams that go with a key: a session's own and its subagents', or one subagent's."""
    there = [key] if reader.find(key) is not None else []
    return there + (list(reader.subkeys(key)) if key.subpath is None else [])
