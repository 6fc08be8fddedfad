"""Reading the log by position: only the kinds of events that are asked for, run by run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ....domain import events as e
from ....domain.errors import TurnlogError
from ....domain.keys import SessionKey
from ....projections.engine.read_model import Content, Run
from ....projections.engine.runs import APART
from ..contract.values import Stretch, Unreadable
from ..damage import UNREADABLE
from ..encoding.rows import HEADERS, Row, from_row, header_from_row
from .schema import FOREIGN
from .statements import Statements
from .topics import Topics

_ENTRIES = (e.TurnRecorded.TOPIC, e.EntryRecorded.TOPIC)
_POSITION, _STREAM, _VERSION, _TOPIC, _AT, _HAS_BODY, _NAME = range(7)
_HEAD = 7
_AHEAD = 64
_COLUMNS = ", ".join(f'e."{name}"' for name in Row._fields)
_SELECT = f"""SELECT e.position, e.stream, e.version, e.topic, e.recorded_at,
    e.body_hash IS NOT NULL, s.name, {_COLUMNS}
    FROM events e JOIN streams s ON s.id = e.stream
    WHERE e.position > {{mark}} AND e.position <= {{mark}}{{topics}}
      AND substr(s.name, 1, 1) <> '{FOREIGN}'
    ORDER BY e.position LIMIT {{mark}}"""


class StretchReader:
    """Reads stretches of the log, as a part of a look at it."""

    cursor: Any
    _sql: Statements
    _topics: Topics

    def last_position(self) -> int:
        raise NotImplementedError

    def _bodies_between(
        self, stream: int, first: int, last: int, content: Content
    ) -> dict[int, bytes]:
        raise NotImplementedError

    def stretch(
        self,
        after: int,
        upto: int,
        most: int,
        topics: Collection[str] | None,
        content: Content,
    ) -> Stretch:
        """The events after a position that are asked for, at most so many (or one run)."""
        last = self.last_position()
        upto = self._whole(min(upto, last)) if upto < last else last
        if upto <= after:
            return Stretch([], after, None)
        rows = self._selected(after, upto, most, topics)
        if len(rows) == most:
            whole = _without_last_run(rows)
            while not whole and len(rows) == most:
                most *= 4  # one append recorded more than that
                rows = self._selected(after, upto, most, topics)
                whole = _first_run(rows)
            if whole:
                upto, rows = whole[-1][_POSITION], whole
        return self._read(rows, upto, content)

    def _whole(self, upto: int) -> int:
        """The end of the append that an event belongs to: a run is never read in part.

        What is committed of an append is all of it, so nothing is missing up to there.
        """
        mark = self._sql.mark
        moment = None
        while True:
            self.cursor.execute(
                "SELECT position, stream, version, recorded_at FROM events "
                f"WHERE position >= {mark} ORDER BY position LIMIT {mark}",
                (upto, _AHEAD),
            )
            rows = self.cursor.fetchall()
            for position, stream, version, at in rows:
                found = stream, at, position - version
                if moment is None and position == upto:
                    moment = found
                if found != moment:
                    return upto
                upto = position
            if len(rows) < _AHEAD:
                return upto

    def _selected(
        self, after: int, upto: int, most: int, topics: Collection[str] | None
    ) -> list[Any]:
        where = ""
        if topics is not None:
            numbers = self._topics.numbers(self.cursor, sorted(topics))
            if not numbers:
                return []
            where = f" AND e.topic IN ({', '.join(map(str, sorted(numbers)))})"
        self.cursor.execute(_statement(self._sql.mark, where), (after, upto, most))
        return list(self.cursor.fetchall())

    def _read(self, rows: Sequence[Any], upto: int, content: Content) -> Stretch:
        names = {number: self._topics.name(self.cursor, number) for number in _topics_in(rows)}
        bodies = self._bodies(rows, names, "notes" if content == "headers" else content)
        lean = {n: HEADERS.get(topic) for n, topic in names.items() if content == "headers"}
        apart = {number for number, topic in names.items() if topic in APART}
        runs: list[Run] = []
        last = None
        # Every event of a rebuild passes here.
        for row in rows:
            position, stream, version, number, at, has_body, name = row[:_HEAD]
            try:
                if (header := lean.get(number)) is not None:
                    event: Any = header_from_row(header, row[_HEAD:])
                else:
                    body = _body(bodies, stream, version) if has_body and bodies else None
                    event = from_row(names[number], Row.stored(row[_HEAD:]), body)
            except (TurnlogError, *UNREADABLE) as problem:
                before = Unreadable(position, version, name, names[number], problem)
                return Stretch(runs, position - 1, before)
            moment = stream, at, position - version
            if moment != last or number in apart:
                last = moment
                positions: list[int] = []
                versions: list[int] = []
                events: list[Any] = []
                runs.append(Run(stream, _key(name), at, positions, versions, events, None, None))
            positions.append(position)
            versions.append(version)
            events.append(event)
        return Stretch(runs, upto, None)

    def _bodies(
        self, rows: Sequence[Any], names: Mapping[int, str], content: Content
    ) -> dict[int, dict[int, bytes] | Exception]:
        spans: dict[int, list[int]] = {}
        if content != "none":
            for row in rows:
                if row[_HAS_BODY] and (content == "all" or names[row[_TOPIC]] not in _ENTRIES):
                    spans.setdefault(row[_STREAM], []).append(row[_VERSION])
        found: dict[int, dict[int, bytes] | Exception] = {}
        for stream, versions in spans.items():
            try:
                found[stream] = self._bodies_between(stream, min(versions), max(versions), content)
            except (TurnlogError, *UNREADABLE) as problem:
                found[stream] = problem
        return found


def _body(
    bodies: Mapping[int, dict[int, bytes] | Exception], stream: int, version: int
) -> bytes | None:
    found = bodies.get(stream)
    if isinstance(found, Exception):
        raise found
    return found.get(version) if found is not None else None


@lru_cache(maxsize=64)
def _statement(mark: str, topics: str) -> str:
    return _SELECT.format(mark=mark, topics=topics)


@lru_cache(maxsize=4096)
def _key(name: str) -> SessionKey:
    return SessionKey.parse(name)


def _topics_in(rows: Sequence[Any]) -> set[int]:
    return {row[_TOPIC] for row in rows}


def _moment(row: Any) -> tuple[int, int, int]:
    """What the events of one append have in common."""
    return row[_STREAM], row[_AT], row[_POSITION] - row[_VERSION]


def _without_last_run(rows: Sequence[Any]) -> list[Any]:
    """Rows without those of the last append, which may not be whole."""
    last = _moment(rows[-1])
    end = len(rows)
    while end and _moment(rows[end - 1]) == last:
        end -= 1
    return list(rows[:end])


def _first_run(rows: Sequence[Any]) -> list[Any]:
    """The rows of the first append, if the next one's are there too."""
    end = next((n for n, row in enumerate(rows) if _moment(row) != _moment(rows[0])), 0)
    return list(rows[:end])
