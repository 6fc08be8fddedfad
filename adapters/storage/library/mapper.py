"""Stored events as the domain events of an eventsourcing application, and back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from eventsourcing import utils as topics
from eventsourcing.domain import DomainEventProtocol, TAggregateID
from eventsourcing.persistence import Mapper, StoredEvent

from ....domain.errors import UnknownTopic
from ....domain.events import EVENTS, UPCASTS, SessionEvent
from .errors import NotForTheLog
from .event_state import event_of, state_of
from .stored_rows import SessionNotification, SessionStoredEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StreamEvent:
    """An event of a session's stream, as an eventsourcing application sees it."""

    originator_id: str
    """The stream's text id; ``SessionKey.parse`` reads it."""
    originator_version: int
    event: SessionEvent
    timestamp: datetime | None = None
    """When it was recorded, by the store's clock; None before it is."""


class TurnlogMapper(Mapper[TAggregateID]):
    """Maps the events of sessions by their own names, and those of other aggregates by default.

    A session's event passes through no transcoder, compressor or cipher: its header is columns and
    its body bytes. The class of any other event must have been imported by the application: a
    topic that was read from the database imports nothing.
    """

    def to_stored_event(self, domain_event: DomainEventProtocol[TAggregateID]) -> StoredEvent:
        """Write a domain event.

        Raises:
            NotForTheLog: a session's event under a cipher, which cannot cover its header.
        """
        given: Any = domain_event
        if not isinstance(given, StreamEvent):
            return super().to_stored_event(domain_event)
        if self.cipher is not None:
            raise NotForTheLog(
                f"a {given.event.TOPIC} cannot be encrypted by the application: its header is "
                "columns of the log; take CIPHER_KEY out of its environment"
            )
        return StoredEvent(
            given.originator_id,
            given.originator_version,
            given.event.TOPIC,
            state_of(given.event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[TAggregateID]:
        """Read a domain event.

        Raises:
            UnknownTopic: no class of that topic was imported.
            DamagedEvent: the event of a session cannot be read.
        """
        topic = stored_event.topic
        if topic in EVENTS or topic in UPCASTS:
            event = StreamEvent(
                str(stored_event.originator_id),
                stored_event.originator_version,
                event_of(topic, stored_event.state),
                _timestamp(stored_event),
            )
            return cast(DomainEventProtocol[TAggregateID], event)
        if not _is_imported(topic):
            raise UnknownTopic(
                f"event {stored_event.originator_version} of {stored_event.originator_id} is a "
                f"{topic!r}, of which no class is imported; import it before reading"
            )
        return super().to_domain_event(stored_event)


def _timestamp(stored_event: StoredEvent) -> datetime | None:
    if isinstance(stored_event, SessionStoredEvent | SessionNotification):
        return _EPOCH + timedelta(milliseconds=stored_event.recorded_at)
    return None


def _is_imported(topic: str) -> bool:
    registered = topics._topic_cache
    module = topic.partition(":")[0]
    return topic in registered or module in registered or module in sys.modules
