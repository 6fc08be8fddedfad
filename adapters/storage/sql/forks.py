"""Which sessions share the bodies of another: its forks, which copied nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ....domain.events import SessionForked
from ....domain.keys import SessionKey
from ..contract.values import Stream
from ..encoding.facts import written_out
from ..encoding.json_bytes import decode
from .schema import events, topics
from .statements import Statements


class ForkReader:
    """Reads them through the cursor of a transaction."""

    cursor: Any
    _sql: Statements

    def forks(self, stream: Stream) -> list[SessionKey]:
        """The sessions that began as forks of this one."""
        told = select(events.c.facts).where(events.c.stream == stream.id, is_a(SessionForked.TOPIC))
        self.cursor.execute(*self._sql.once(told.order_by(events.c.version)))
        texts = [written_out(facts) for (facts,) in self.cursor.fetchall()]
        facts: list[Any] = [decode(text.encode(), True) for text in texts]
        return list(dict.fromkeys(SessionKey.parse(found["child"]) for found in facts))


def is_a(topic: str) -> Any:
    """The condition that an event is of one kind."""
    return events.c.topic == select(topics.c.id).where(topics.c.name == topic).scalar_subquery()
