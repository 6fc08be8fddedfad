"""The read models of an encrypted log: they hold no text, and what is asked of them is filled in.

What is compared is kept as a keyed hash, what is shown as a reference: ``sealed:name:<hash>``,
``sealed:state:<stream>:<field>``, ``sealed:event:<stream>:<version>:<field>``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from hmac import digest
from typing import Any, Protocol

from ....domain.errors import DamagedEvent, KeysNeeded, Refused
from ....domain.events import EVENTS, SessionEvent
from ....domain.keys import SessionKey
from ....domain.recorded import Recorded
from ....projections.printable import printable
from ....projections.sessions.telling import TOLD
from ..contract.values import Content, Stream, Stretch
from ..encoding.json_bytes import decode, encode

_NAMES = ("user_id", "working_dir", "machine", "git_branch", "tags", "actor")
"""The fields of events that are kept as names."""
_TOPICS = frozenset(t for t, kind in EVENTS.items() if not set(kind.CONTENT).isdisjoint(_NAMES))
_MARK, _NAMED = "sealed:", "sealed:name:"
_NAME = re.compile(r"sealed:name:[0-9a-f]{32}")
_FEW = 8
"""How much is shown of a hash whose name nothing tells: enough to keep them apart."""
_AT_ONCE = 2_000

Find = Callable[[SessionKey], Stream | None]


class Looking(Protocol):
    """What is asked of a look at the log to fill texts in."""

    def find(self, key: SessionKey) -> Stream | None: ...

    def named(self, number: int) -> SessionKey | None: ...

    def last_position(self) -> int: ...

    def events(
        self, stream: Stream, after: int = 0, upto: int | None = None, content: Content = "all"
    ) -> Iterator[Recorded]: ...

    def stretch(
        self, after: int, upto: int, most: int, topics: frozenset[str] | None, content: Content
    ) -> Stretch: ...


def is_hash(shown: str) -> bool:
    """Whether a name is shown as its hash, as nothing tells it."""
    return shown.startswith(_MARK)


class Hidden:
    """The rule of an encrypted log, and how what it hid is found again."""

    def __init__(self) -> None:
        self._secret: bytes | None = None
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._upto = 0

    def unlock(self, secret: bytes) -> None:
        """Name the secret that the hashes are made with."""
        self._secret = secret

    def forget(self) -> None:
        """Forget every name, as some may have gone with a key."""
        with self._lock:
            self._names, self._upto = {}, 0

    # -- hiding ------------------------------------------------------------------------------

    def name(self, text: str | None) -> str | None:
        """A keyed hash of the text, as lists would show it."""
        shown = printable(text)
        if not shown:
            return shown
        if self._secret is None:
            raise KeysNeeded(
                "the log is encrypted and its keys were not given: users, tags, branches and "
                "folders cannot be told apart by their names"
            )
        return f"{_NAMED}{digest(self._secret, shown.encode(), sha256).hex()[:32]}"

    def of_state(self, stream: int, field: str, text: str | None) -> str | None:
        """Where the text lies."""
        return f"{_MARK}state:{stream}:{field}" if text is not None else None

    def of_event(self, stream: int, version: int, field: str, text: str | None) -> str | None:
        """Where the text lies."""
        return f"{_MARK}event:{stream}:{version}:{field}" if text is not None else None

    def part(self, text: str | None) -> str | None:
        """A part of a text cannot be looked for."""
        if text is not None:
            raise Refused(
                "the log is encrypted: its lists hold no text in which parts could be looked for; "
                "filter by user, tag, project, time, status or cost, or read the titles"
            )
        return None

    # -- showing -----------------------------------------------------------------------------

    def reveal(self, reader: Looking, rows: list[Any], find: Find | None = None) -> list[Any]:
        """Rows of read models with their texts.

        What cannot be opened is left out; a name that nothing tells any more stays a hash.

        Args:
            find: how a stream is found, where it is to be read as it once was.
        """
        shown = _Shown(self, reader, find or reader.find)
        return [shown.row(row) if _hides(row) else row for row in rows]

    def told(self, reader: Looking, name: str) -> str:
        """A name by its hash."""
        if name not in self._names and self._secret is not None:
            self._learn(reader)
        return self._names.get(name) or f"{_MARK}{name[len(_NAMED) :][:_FEW]}"

    def _learn(self, reader: Looking) -> None:
        """Take in the names in what was recorded since it was done last."""
        last = reader.last_position()
        while self._upto < last:
            stretch = reader.stretch(self._upto, last, _AT_ONCE, _TOPICS, "notes")
            found = {
                hashed: text
                for run in stretch.runs
                for event in run.events
                for text in _texts(event)
                if (hashed := self.name(text)) is not None
            }
            with self._lock:
                self._names.update(found)
                self._upto = stretch.upto if stretch.problem is None else stretch.problem.position


def _texts(event: SessionEvent) -> Iterator[str]:
    for field in _NAMES:
        value = getattr(event, field, None)
        yield from (value if isinstance(value, tuple) else (value,) if value else ())


def _hides(row: Sequence[Any]) -> bool:
    return any(type(value) is str and _MARK in value for value in row)


class _Shown:
    """Fills texts into rows; a session's state is read once."""

    def __init__(self, hidden: Hidden, reader: Looking, find: Find) -> None:
        self._hidden, self._reader, self._find = hidden, reader, find
        self._streams: dict[int, Stream | None] = {}

    def row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._value(value) if type(value) is str else value for value in row)

    def _value(self, value: str) -> str | None:
        if value.startswith('["' + _MARK):
            names = [self._hidden.told(self._reader, name) for name in decode(value.encode(), True)]
            return encode(names)[0].decode("utf-8", "surrogatepass")
        if _NAME.fullmatch(value):
            return printable(self._hidden.told(self._reader, value))
        if value.startswith(f"{_MARK}state:"):
            _, _, stream, field = value.split(":")
            return self._of_state(int(stream), field)
        if value.startswith(f"{_MARK}event:"):
            _, _, stream, version, field = value.split(":")
            return self._of_event(int(stream), int(version), field)
        return value

    def _of_state(self, number: int, field: str) -> str | None:
        stream = self._stream(number)
        return printable(TOLD[field](stream.state)) if stream is not None else None

    def _of_event(self, number: int, version: int, field: str) -> str | None:
        stream = self._stream(number)
        if stream is None:
            return None
        try:
            for recorded in self._reader.events(stream, version - 1, version):
                return printable(getattr(recorded.event, field))
        except DamagedEvent:
            return None
        return None

    def _stream(self, number: int) -> Stream | None:
        if number not in self._streams:
            key = self._reader.named(number)
            try:
                self._streams[number] = self._find(key) if key is not None else None
            except DamagedEvent:
                self._streams[number] = None
        return self._streams[number]
