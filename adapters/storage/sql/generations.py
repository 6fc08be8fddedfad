"""The read models of one database: which there are, and which generation of each is live."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, func, insert, inspect, select, update

from ....domain.errors import NewerSchema
from ....domain.events import EVENTS
from ....projections.engine.read_model import Content, ReadModel, Run
from ....projections.engine.registry import Registration, Registry, prefix_of
from .cursor import Cursor
from .read_side import ADDED
from .schema import events, projections

_LIVE = "SELECT name, version, generation, stale_at FROM projections"


class Generations:
    """Makes read models over their tables, and knows which are folded with an append."""

    def __init__(self, dialect: Dialect, registry: Registry, url: str) -> None:
        self.dialect = dialect
        self.registry = registry
        self._url = url
        self._made: dict[tuple[str, str], ReadModel] = {}

    def model(self, registration: Registration, generation: str) -> ReadModel:
        """A read model over one generation of its tables."""
        found = self._made.get((registration.name, generation))
        if found is None:
            found = registration.make(self.dialect, registration.prefix(generation))
            self._made[registration.name, generation] = found
        return found

    def prepare(self, connection: Connection) -> None:
        """Make what is missing: the tables of account, those of new read models, and those that
        somebody dropped."""
        there = self._complete(connection)
        live = (projections.c.name, projections.c.version, projections.c.generation)
        known = {name: (version, at) for name, version, at in connection.execute(select(*live))}
        for registration in self.registry:
            version, generation = known.get(registration.name, (None, ""))
            self.add(connection, registration, version)
            if version == registration.version:
                self._mend(connection, registration, generation, there)

    def add(self, connection: Connection, registration: Registration, known: int | None) -> None:
        """Make a read model's tables, where it is new.

        Args:
            known: the version that is live.

        Raises:
            NewerSchema: a later release folds it.
        """
        name, version = registration.name, registration.version
        if known is None:
            self.model(registration, "").create(connection)
            row = {"name": name, "version": version, "position": 0, "generation": ""}
            connection.execute(insert(projections).values(row))
        elif known > version:
            # Appending without folding it would leave its live tables behind the log.
            raise NewerSchema(
                f"{self._url}: the read model {name!r} has version {known}, this release folds "
                f"version {version}, and a version never goes backwards; use the release that "
                "wrote it"
            )

    def _mend(
        self,
        connection: Connection,
        registration: Registration,
        generation: str,
        there: Collection[str],
    ) -> None:
        """Where live tables are gone, begin them anew: empty, and known to be behind the log."""
        model = self.model(registration, generation)
        missing = [table for table in model.tables() if table not in there]
        if not missing:
            return
        _drop(connection, [table for table in model.tables() if table in there])
        model.create(connection)
        first = None
        if registration.lifecycle == "inline":
            first = connection.execute(select(func.min(events.c.position))).scalar()
        why = f"tables of it were gone: {', '.join(missing)}" if first is not None else None
        begun = {"position": 0, "stale_at": first, "stale_why": why}
        of = projections.c.name == registration.name
        connection.execute(update(projections).where(of).values(begun))

    def _complete(self, connection: Connection) -> set[str]:
        inspector = inspect(connection)
        there = set(inspector.get_table_names())
        columns = {column["name"] for column in inspector.get_columns(projections.name)}
        if "generation" not in columns:
            connection.exec_driver_sql(
                "ALTER TABLE projections ADD COLUMN generation TEXT NOT NULL DEFAULT ''"
            )
        for table in ADDED:
            if table.name not in there:
                table.create(connection)
        return there

    def make_room(
        self, connection: Connection, registration: Registration, generation: str
    ) -> None:
        """Make the empty tables of a generation, and drop those that are neither live nor these."""
        name = registration.name
        row = connection.execute(
            select(projections.c.version, projections.c.generation).where(
                projections.c.name == name
            )
        ).one()
        live = prefix_of(name, *row)
        for prefix, tables in self._of(connection, name).items():
            if prefix != live:
                _drop(connection, tables)
        self.model(registration, generation).create(connection)

    def retire(
        self, connection: Connection, registration: Registration, version: int, generation: str
    ) -> None:
        """Let go of what lies in a generation that is live no more."""
        name = registration.name
        tables = self._of(connection, name).get(prefix_of(name, version, generation), [])
        if self.dialect.name == "postgresql":
            # A reader may have begun before the switch: it still finds the tables, and their rows.
            for table in tables:
                connection.exec_driver_sql(f"DELETE FROM {table}")
        else:
            _drop(connection, tables)

    def _of(self, connection: Connection, name: str) -> dict[str, list[str]]:
        """The tables of a read model, by their prefix."""
        found: dict[str, list[str]] = {}
        for table in sorted(inspect(connection).get_table_names()):
            if (match := re.match(rf"({name}_v\d+b?)_", table)) is not None:
                found.setdefault(match[1], []).append(table)
        return found

    def inline(self, cursor: Cursor) -> list[ReadModel]:
        """The read models that are folded with an append: those that are not stale."""
        cursor.execute(_LIVE)
        live = {row[0]: row for row in cursor.fetchall()}
        found: list[ReadModel] = []
        for registration in self.registry:
            if registration.lifecycle != "inline" or registration.name not in live:
                continue
            _, version, generation, stale_at = live[registration.name]
            if version != registration.version:
                found.append(_Foreign(self._url, registration, version))
            elif stale_at is None:
                found.append(self.model(registration, generation))
        return found


class _Foreign:
    """A read model whose live tables another release folds: with it nothing can be appended."""

    name: ClassVar[str] = ""
    version: ClassVar[int] = 0
    topics: ClassVar[frozenset[str]] = frozenset(EVENTS)
    content: ClassVar[Content] = "none"
    stateful: ClassVar[bool] = False

    def __init__(self, url: str, registration: Registration, version: int) -> None:
        self._url = url
        self._registration = registration
        self._live = version

    def create(self, connection: Connection) -> None:
        """Its tables are another release's."""

    def tables(self) -> Sequence[str]:
        """Its tables are another release's."""
        return ()

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Refuse: what was appended without it would be missing in it."""
        told = _other_version(self._registration.name, self._live, self._registration.version)
        raise NewerSchema(f"{self._url}: {told}")


def _other_version(name: str, live: int, own: int) -> str:
    todo = "end it and use the release that rebuilt it"
    if live < own:
        todo = "rebuild it with `turnlog rebuild`"
    return (
        f"the live tables of the read model {name!r} have version {live}, this process folds "
        f"version {own}; {todo}"
    )


def _drop(connection: Connection, tables: Iterable[str]) -> None:
    for table in tables:
        # Those that belong to a virtual table go with it.
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")


class LiveTables:
    """Knows the live generations in one look at the log."""

    cursor: Any
    registry: Registry | None = None
    _live: dict[str, tuple[int, str]] | None = None

    def live(self, name: str) -> str:
        """How the names of a read model's live tables begin, in this look at the log.

        Raises:
            NewerSchema: they are of another version than this process reads.
        """
        if self._live is None:
            self.cursor.execute(_LIVE)
            self._live = {row[0]: (row[1], row[2]) for row in self.cursor.fetchall()}
        version, generation = self._live[name]
        if self.registry is not None and name in self.registry:
            own = self.registry[name].version
            if own != version:
                raise NewerSchema(_other_version(name, version, own))
        return prefix_of(name, version, generation)

    def stale(self) -> dict[str, int]:
        """The read models that stopped, and the position from which on they know nothing."""
        self.cursor.execute("SELECT name, stale_at FROM projections WHERE stale_at IS NOT NULL")
        return dict(self.cursor.fetchall())
