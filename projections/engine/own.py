"""A user's projection as the engine keeps it: a read model like any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, MetaData

from ...domain.errors import InvalidProjection
from ...domain.recorded import Recorded
from .projection import Projection, check_declaration, content_of
from .read_model import Content, Run
from .registry import Registration
from .row_statements import RowStatements, physical
from .working_set import Rows, WorkingTable, write_out


class OwnModel:
    """One generation of a projection's tables, and its fold over them."""

    projection: ClassVar[type[Projection]]
    name: ClassVar[str]
    version: ClassVar[int]
    topics: ClassVar[frozenset[str]]
    content: ClassVar[Content]
    stateful: ClassVar[bool] = False

    def __init__(self, dialect: Dialect, prefix: str) -> None:
        self._metadata = MetaData()
        self._statements: dict[str, RowStatements] = {}
        for name, table in self.projection.tables.items():
            made = physical(prefix, name, table, self._metadata)
            self._statements[name] = RowStatements(dialect, made, table)

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        self._metadata.create_all(connection)

    def tables(self) -> Sequence[str]:
        """The names of its tables in the database."""
        return [table.name for table in self._metadata.sorted_tables]

    def rows(self, cursor: Any) -> Rows:
        """Its tables, to be worked on in a transaction."""
        tables = {
            name: WorkingTable(name, table, self._statements[name], cursor)
            for name, table in self.projection.tables.items()
        }
        return Rows(tables, self.name)

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Fold the events of a batch over a working set, and write what it changed."""
        rows = self.rows(cursor)
        fold = self.projection().fold
        recorded = None
        try:
            for _, key, recorded_at, positions, versions, events, _, _ in runs:
                stream = key.stream_id
                for position, version, event in zip(positions, versions, events, strict=True):
                    recorded = Recorded(position, stream, version, event.TOPIC, recorded_at, event)
                    fold(rows, recorded)
        except Exception as problem:
            if recorded is not None:
                problem.add_note(
                    f"while {self.name} folded the {recorded.topic} at position "
                    f"{recorded.position}, version {recorded.version} of {recorded.stream}"
                )
            raise
        write_out(rows)


def model_of(projection: type[Projection]) -> type[OwnModel]:
    """The read model that a projection is.

    Raises:
        InvalidProjection: what is wrong with its declaration.
    """
    checked: Any = check_declaration(projection)
    return _model_of(checked)


@lru_cache(maxsize=256)
def _model_of(projection: type[Projection]) -> type[OwnModel]:
    told: dict[str, Any] = {
        "projection": projection,
        "name": projection.name,
        "version": projection.version,
        "topics": frozenset(kind.TOPIC for kind in projection.wants),
        "content": content_of(projection),
        "__doc__": projection.__doc__,
    }
    return type(projection.__name__, (OwnModel,), told)


def registration_of(projection: type[Projection]) -> Registration:
    """How a log is told of a projection.

    Raises:
        InvalidProjection: what is wrong with its declaration.
    """
    model = model_of(projection)
    made = Registration.of(model, "caught up", projection.policy)
    return replace(made, textless=model.content == "none")


def registrations_of(projections: Iterable[type[Projection]]) -> list[Registration]:
    """How a log is told of several projections.

    Raises:
        InvalidProjection: what is wrong with one of them.
    """
    if isinstance(projections, type) or not isinstance(projections, Iterable):
        raise InvalidProjection(
            f"projections are given as a list of classes, not as {projections!r:.80}"
        )
    return [registration_of(projection) for projection in projections]
