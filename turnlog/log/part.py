"""What each part of the log stands on: its store, and a stream to read in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

from ..adapters.redaction import Redaction, redaction_of
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.values import Stream
from ..domain.errors import UnknownSession
from ..domain.keys import SessionKey
from ..domain.moments import Moment
from ..domain.points import Point
from ..settings import Settings
from ..time.past import as_of

Key = SessionKey | Mapping[str, object]
At = str | int | Point
"""A point in time: ``"prompt:2"``, a version, or a ``Point``."""
When = str | int | datetime | Moment
"""A moment of the whole log: ``"position:1200"``, a position, a time by the log's clock."""


def there(stream: Stream | None, key: Key) -> Stream:
    """The stream.

    Raises:
        UnknownSession: there is none.
    """
    if stream is None:
        name = SessionKey.of(key).session_id
        raise UnknownSession(f"there is no session {name!r}; see `turnlog sessions`")
    return stream


class Part:
    """A part of the log: methods of one kind, over the store."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        self.store = store
        self.settings = settings or Settings.model_construct()
        """What was set when the log was opened."""

    @cached_property
    def _redaction(self) -> Redaction | None:
        """What is taken out of all that arrives."""
        return redaction_of(self.settings.redact)

    @contextmanager
    def _look(self, key: Key) -> Iterator[tuple[Reader, Stream | None]]:
        with self.store.read() as reader:
            yield reader, reader.find(SessionKey.of(key))

    @contextmanager
    def _then(self, at: When | None) -> Iterator[Store]:
        """The store, or the same as it was."""
        if at is None:
            yield self.store
        else:
            with as_of(self.store, Moment.of(at)) as past:
                yield past
