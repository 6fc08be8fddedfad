"""The eventsourcing library's infrastructure on a log: ``PERSISTENCE_MODULE`` names this module.

``TURNLOG_URL`` is the log's URL, in SQLite or PostgreSQL. ``ORIGINATOR_ID_TYPE`` is ``uuid`` or, to
follow sessions, ``text``. With ``CREATE_TABLE`` off, a database that is not there is not made.
"""

from __future__ import annotations

from typing import TypeVar, cast

from eventsourcing.domain import TAggregateID
from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    Mapper,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from ....domain.errors import InvalidURL, TurnlogError
from ..sql.store import SqlStore
from ..stores import open_store
from .mapper import TurnlogMapper
from .recorder import (
    TurnlogAggregateRecorder,
    TurnlogApplicationRecorder,
    TurnlogProcessRecorder,
)
from .snapshot_recorder import TurnlogSnapshotRecorder
from .store import LibraryStore, TurnlogRecorder
from .stream_names import IdType
from .tracking import TurnlogTrackingRecorder

R = TypeVar("R", bound=TurnlogRecorder)


class InvalidEnvironment(TurnlogError, OSError):
    """An environment variable of the application with a value that means nothing."""


class TurnlogFactory(InfrastructureFactory[TurnlogTrackingRecorder]):
    """Makes recorders that share one store."""

    TURNLOG_URL = "TURNLOG_URL"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"
    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Open the store.

        Raises:
            InvalidEnvironment: a variable is missing, or its value means nothing.
            InvalidURL, MissingExtra, StorageError: as opening a log does.
        """
        super().__init__(env)
        url = self.env.get(self.TURNLOG_URL)
        if not url:
            names = " or ".join(self.env.create_keys(self.TURNLOG_URL))
            raise InvalidEnvironment(f"{names} is not set; it is the URL of the log")
        self._id_type = self._read_id_type()
        store = open_store(url, create=self._may_create())
        if not isinstance(store, SqlStore):
            store.close()
            raise InvalidURL(
                f"{url!r} is no SQL database, which the library's recorders need; sqlite:// is one "
                "in memory"
            )
        self.store = cast(LibraryStore, store)

    def _read_id_type(self) -> IdType:
        text = self.env.get(self.ORIGINATOR_ID_TYPE, "uuid")
        try:
            return IdType(text.lower())
        except ValueError:
            raise InvalidEnvironment(
                f"{self.ORIGINATOR_ID_TYPE} is {text!r}; it must be 'uuid' or 'text'"
            ) from None

    def _may_create(self) -> bool:
        text = self.env.get(self.CREATE_TABLE) or "yes"
        try:
            return strtobool(text)
        except ValueError:
            raise InvalidEnvironment(
                f"{self.CREATE_TABLE} is {text!r}; it must be 'yes' or 'no'"
            ) from None

    def mapper(
        self,
        transcoder: Transcoder | None = None,
        mapper_class: type[Mapper[TAggregateID]] | None = None,
    ) -> Mapper[TAggregateID]:
        """The mapper given, else the one MAPPER_TOPIC names, else ``TurnlogMapper``."""
        if mapper_class is None and not self.env.get(self.MAPPER_TOPIC):
            mapper_class = TurnlogMapper[TAggregateID]
        return super().mapper(transcoder, mapper_class)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """A recorder of events or, for any other purpose, of snapshots."""
        if purpose == "events":
            return TurnlogAggregateRecorder(self.store, self._id_type)
        return TurnlogSnapshotRecorder(self.store, self._id_type, purpose)

    def application_recorder(self) -> TurnlogApplicationRecorder:
        """The recorder APPLICATION_RECORDER_TOPIC names, or our own."""
        return self._recorder(self.APPLICATION_RECORDER_TOPIC, TurnlogApplicationRecorder)

    def tracking_recorder(
        self, tracking_recorder_class: type[TurnlogTrackingRecorder] | None = None
    ) -> TurnlogTrackingRecorder:
        """The recorder given, else the one TRACKING_RECORDER_TOPIC names, or our own."""
        if tracking_recorder_class is not None:
            return tracking_recorder_class(self.store, self._id_type)
        return self._recorder(self.TRACKING_RECORDER_TOPIC, TurnlogTrackingRecorder)

    def process_recorder(self) -> TurnlogProcessRecorder:
        """The recorder PROCESS_RECORDER_TOPIC names, or our own."""
        return self._recorder(self.PROCESS_RECORDER_TOPIC, TurnlogProcessRecorder)

    def _recorder(self, setting: str, default: type[R]) -> R:
        topic = self.env.get(setting)
        kind = resolve_topic(topic) if topic else default
        if not (isinstance(kind, type) and issubclass(kind, default)):
            raise InvalidEnvironment(f"{setting} is {topic!r}, which is no {default.__name__}")
        return kind(self.store, self._id_type)

    def close(self) -> None:
        """Let go of every connection."""
        self.store.close()
