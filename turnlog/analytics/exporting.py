"""Exporting: the events of the log, or its responses, into files of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused, StorageError
from ..domain.recorded import Recorded
from ..projections.engine.read_model import Content
from ..projections.printable import printable
from ..reading.finding import tables_in
from .columns import TABLES, VERSION
from .days import Days
from .event_rows import event_row, happened_at
from .folders import Folder
from .formats import FORMATS, Row
from .manifest import Manifest, Seen
from .usage_rows import usage_rows

CONTENTS: tuple[Content, ...] = ("none", "notes", "all")
"""How much of what was written an export holds. A reader may also ask for headers alone, which
only a fold can use."""
_TELL_EVERY = 1_000
_EVENTS_AT_ONCE = 200
_ENTRIES_AT_ONCE = 32
"""Events read in one look; an entry may have megabytes."""


class Asked(NamedTuple):
    """What is to be exported."""

    what: str = "usage"
    """events or usage."""
    format: str = "parquet"
    """parquet, csv or jsonl."""
    content: str = "notes"
    """How much of the events' content: none of it, all but the entries (notes), or all."""
    project: str | None = None
    """A part of a project's key."""
    user: str | None = None
    since: int | None = None
    until: int | None = None
    """Milliseconds since 1970 UTC, from the first up to the second."""

    def checked(self) -> Asked:
        """The same, if it makes sense.

        Raises:
            Refused: it does not.
        """
        _one_of("format", self.format, FORMATS)
        _one_of("what", self.what, TABLES)
        _one_of("content", self.content, CONTENTS)
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise Refused("since must lie before until; nothing is between them")
        return self

    def between(self, at: int | None) -> bool:
        """Whether a time is asked for. Without limits every row is, also those without a time."""
        if self.since is None and self.until is None:
            return True
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class Exported(NamedTuple):
    """What an export wrote."""

    folder: Path
    rows: int
    """Rows added by this export."""
    files: int
    days: int
    position: int
    """The log's newest event then; an update goes on from there."""
    all_rows: int
    """What the folder holds now."""


def export(
    store: Store,
    out: Path,
    asked: Asked,
    update: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Write what is asked for into a folder; see ``Log.export``."""
    manifest = _manifest(asked.checked())
    try:
        with Folder(out, manifest, update) as folder:
            return _into(folder, store, asked, progress)
    except OSError as problem:
        where = problem.filename or out
        raise StorageError(
            f"{where}: {problem.strerror or problem}; nothing was added to {out}"
        ) from problem


def _into(
    folder: Folder, store: Store, asked: Asked, progress: Callable[[int], None] | None
) -> Exported:
    days = Days(TABLES[asked.what], FORMATS[asked.format], folder.place)
    folder.days = days

    def take(rows: Iterable[tuple[int | None, Row]]) -> None:
        for n, (at, row) in enumerate(rows, 1):
            days.add(at, row)
            if progress is not None and n % _TELL_EVERY == 0:
                progress(n)

    with store.read() as reader:
        position = reader.last_position()
        chosen = _chosen(reader, asked)
        if asked.what == "usage":
            take(_usage(reader, asked, chosen))
    seen = Seen(position)
    if asked.what == "events":
        _same_log(store, folder)
        events = _Events(store, asked, chosen)
        take(events.between(folder.manifest.position, position))
        seen = events.seen
    days.close()
    folder.commit(seen, adds=asked.what == "events")
    return Exported(
        folder.path,
        sum(days.parts.values()),
        len(days.parts),
        len({day for day, _ in days.parts}),
        position,
        folder.manifest.rows,
    )


def _usage(
    reader: Reader, asked: Asked, chosen: frozenset[str] | None
) -> Iterator[tuple[int | None, Row]]:
    stale = reader.stale()
    if "sessions" in stale:
        raise Refused(
            f"the sessions' read model failed at position {stale['sessions']}, so its figures are "
            "behind the log; `turnlog rebuild` makes it anew"
        )
    for main, row in usage_rows(reader):
        if (chosen is None or main in chosen) and asked.between(row[0]):
            yield row[0], row


class _Events:
    """The events that are asked for, and the last that was looked at."""

    def __init__(self, store: Store, asked: Asked, chosen: frozenset[str] | None) -> None:
        self._store = store
        self._asked = asked
        self._chosen = chosen
        self.seen = Seen(0)

    def between(self, after: int, upto: int) -> Iterator[tuple[int | None, Row]]:
        """The rows of the events after one position, up to another."""
        asked, self.seen = self._asked, Seen(upto)
        content = next(c for c in CONTENTS if c == asked.content)
        limit = _ENTRIES_AT_ONCE if content == "all" else _EVENTS_AT_ONCE
        while after < upto:
            events = self._store.log(after, limit, content)
            if not events:
                return
            for recorded in events:
                after = recorded.position
                if after > upto:
                    return
                self.seen = Seen(upto, after, recorded.chain.hex())
                at = happened_at(recorded)
                if self._is_chosen(recorded) and asked.between(at):
                    yield at, event_row(recorded)

    def _is_chosen(self, recorded: Recorded) -> bool:
        return self._chosen is None or recorded.key.main.stream_id in self._chosen


def _same_log(store: Store, folder: Folder) -> None:
    """Make sure that a folder's events are of this log.

    Raises:
        Refused: they are of another, or of this one before it was cut off.
    """
    there = folder.manifest
    if not there.last:
        return
    found = store.log(there.last - 1, 1, "none")
    if not found or (found[0].position, found[0].chain.hex()) != (there.last, there.chain):
        raise Refused(
            f"{folder.path} holds the events of another log: what it has at position {there.last} "
            f"is not in {store.url}; name another folder"
        )


def _chosen(reader: Reader, asked: Asked) -> frozenset[str] | None:
    """The sessions that are asked for; None for all."""
    if asked.project is None and asked.user is None:
        return None
    tables = tables_in(reader)
    s = tables.sessions.c
    found = select(s.name).where(s.subpath.is_(None))
    if asked.project is not None:
        found = found.where(s.project_key.contains(printable(asked.project), autoescape=True))
    if asked.user is not None:
        found = found.where(s.user_id == reader.texts.name(asked.user))
    return frozenset(name for (name,) in reader.query(found))


def _manifest(asked: Asked) -> Manifest:
    content = asked.content if asked.what == "events" else "none"
    return Manifest(
        asked.what,
        asked.format,
        content,
        VERSION,
        asked.project,
        asked.user,
        asked.since,
        asked.until,
    )


def _one_of(name: str, value: str, known: Iterable[str]) -> None:
    names = list(known)
    if value not in names:
        raise Refused(f"{value!r} is no {name} of an export; take one of {', '.join(names)}")
