"""The account kept of read models: how far each is, who folds it, what it went on without.

Positions and tables are changed in one transaction, so what was folded and what is said to be
folded cannot come apart. A lease keeps others from doing the same work; that nothing is folded
twice follows from the position, which whoever folds on must find as he left it.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from sqlalchemy import Dialect

Lane = Literal["live", "beside"]
"""The tables that are read, or those that a rebuild folds beside them."""
_TABLES: dict[Lane, str] = {"live": "projections", "beside": "projection_rebuilds"}
_SQLITE_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_POSTGRES_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Place(NamedTuple):
    """Which tables of a read model are folded, and how far."""

    version: int
    generation: str
    position: int


class Standing(NamedTuple):
    """A read model's row."""

    name: str
    version: int
    generation: str
    position: int
    stale_at: int | None
    stale_why: str | None


class Rebuilding(NamedTuple):
    """A rebuild that began and did not end yet."""

    name: str
    version: int
    generation: str
    position: int
    began_at: int
    """Milliseconds since 1970 UTC, by the database's clock."""


class Lease(NamedTuple):
    """Who folds a read model."""

    name: str
    holder: str
    token: int
    left: int
    """Milliseconds until it ends; negative once it has."""


class Account:
    """Reads and writes the account through the cursor of a transaction."""

    def __init__(self, dialect: Dialect) -> None:
        postgres = dialect.name == "postgresql"
        self._mark = "%s" if postgres else "?"
        self._lock = " FOR UPDATE" if postgres else ""
        self._now = _POSTGRES_NOW if postgres else _SQLITE_NOW

    def _sql(self, text: str) -> str:
        return text.replace("NOW()", self._now).replace("?", self._mark)

    def _rows(self, cursor: Any, text: str, *values: object) -> list[Any]:
        cursor.execute(self._sql(text), values)
        return list(cursor.fetchall())

    def _change(self, cursor: Any, text: str, *values: object) -> None:
        cursor.execute(self._sql(text), values)

    # -- how far -----------------------------------------------------------------------------

    def standing(self, cursor: Any, name: str) -> Standing | None:
        """A read model's row."""
        rows = self._rows(cursor, f"{_STANDING} WHERE name = ?", name)
        return Standing._make(rows[0]) if rows else None

    def standings(self, cursor: Any) -> list[Standing]:
        """Every read model's row."""
        return [Standing._make(row) for row in self._rows(cursor, f"{_STANDING} ORDER BY name")]

    def rebuilding(self, cursor: Any, name: str) -> Rebuilding | None:
        """The rebuild that goes on, or was interrupted."""
        rows = self._rows(
            cursor,
            "SELECT name, version, generation, position, began_at FROM projection_rebuilds "
            "WHERE name = ?",
            name,
        )
        return Rebuilding._make(rows[0]) if rows else None

    def place(self, cursor: Any, name: str, lane: Lane) -> Place | None:
        """How far it is; nobody else moves it on until the transaction ends."""
        rows = self._rows(
            cursor,
            f"SELECT version, generation, position FROM {_TABLES[lane]} WHERE name = ?{self._lock}",
            name,
        )
        return Place._make(rows[0]) if rows else None

    def move(self, cursor: Any, name: str, lane: Lane, position: int) -> None:
        """It is so far now."""
        self._change(
            cursor, f"UPDATE {_TABLES[lane]} SET position = ? WHERE name = ?", position, name
        )

    def mark_stale(self, cursor: Any, name: str, position: int, why: str) -> None:
        """It is folded with appends no more; up to a position it is whole."""
        self._change(
            cursor,
            "UPDATE projections SET position = ?, stale_at = ?, stale_why = ? "
            "WHERE name = ? AND stale_at IS NULL",
            position,
            position + 1,
            why,
            name,
        )

    def stop(self, cursor: Any, name: str, position: int, why: str) -> None:
        """It cannot go on over the event at a position."""
        self._change(
            cursor,
            "UPDATE projections SET stale_at = ?, stale_why = ? WHERE name = ?",
            position,
            why,
            name,
        )

    def go_on(self, cursor: Any, name: str) -> None:
        """What it stopped at is past."""
        self._change(
            cursor, "UPDATE projections SET stale_at = NULL, stale_why = NULL WHERE name = ?", name
        )

    def set_aside(
        self, cursor: Any, name: str, version: int, position: int, topic: str, why: str
    ) -> None:
        """It goes on without the event at a position."""
        self._change(
            cursor,
            "INSERT INTO projection_set_aside (name, version, position, topic, why) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            name,
            version,
            position,
            topic,
            why,
        )

    def put_aside(self, cursor: Any, name: str, version: int) -> list[tuple[int, str, str]]:
        """The events it went on without: position, topic, why."""
        return self._rows(
            cursor,
            "SELECT position, topic, why FROM projection_set_aside WHERE name = ? AND version = ? "
            "ORDER BY position",
            name,
            version,
        )

    # -- rebuilding --------------------------------------------------------------------------

    def begin_beside(self, cursor: Any, name: str, version: int, generation: str) -> None:
        """A rebuild begins, from position 0."""
        self._change(
            cursor,
            "INSERT INTO projection_rebuilds (name, version, generation, position, began_at) "
            "VALUES (?, ?, ?, 0, NOW())",
            name,
            version,
            generation,
        )

    def end_beside(self, cursor: Any, name: str) -> None:
        """There is no rebuild any more."""
        self._change(cursor, "DELETE FROM projection_rebuilds WHERE name = ?", name)

    def switch(self, cursor: Any, name: str, place: Place) -> None:
        """What was folded beside is live from now on."""
        self._change(
            cursor,
            "UPDATE projections SET version = ?, generation = ?, position = ?, stale_at = NULL, "
            "stale_why = NULL WHERE name = ?",
            *place,
            name,
        )

    # -- leases ------------------------------------------------------------------------------

    def take(self, cursor: Any, name: str, holder: str, seconds: float) -> int | None:
        """Take a lease, or take it over from a holder that did not renew it.

        Returns:
            The token, greater than that of any holder before; None while another holds it.
        """
        rows = self._rows(
            cursor,
            "INSERT INTO projection_leases (name, holder, token, until) "
            "VALUES (?, ?, 1, NOW() + ?) "
            "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "
            "token = projection_leases.token + 1, until = excluded.until "
            "WHERE projection_leases.until < NOW() RETURNING token",
            name,
            holder,
            int(seconds * 1000),
        )
        return int(rows[0][0]) if rows else None

    def renew(self, cursor: Any, name: str, token: int, seconds: float) -> bool:
        """Hold a lease for longer; False where another took it over.

        In one transaction with what is written: whoever takes over waits for its end.
        """
        rows = self._rows(
            cursor,
            "UPDATE projection_leases SET until = NOW() + ? WHERE name = ? AND token = ? "
            "RETURNING token",
            int(seconds * 1000),
            name,
            token,
        )
        return bool(rows)

    def release(self, cursor: Any, name: str, token: int) -> None:
        """Let another take it."""
        self._change(
            cursor,
            "UPDATE projection_leases SET until = 0 WHERE name = ? AND token = ?",
            name,
            token,
        )

    def lease(self, cursor: Any, name: str) -> Lease | None:
        """Who holds, or held, a lease."""
        return next((lease for lease in self.leases(cursor) if lease.name == name), None)

    def leases(self, cursor: Any) -> list[Lease]:
        """Who holds, or held, which lease."""
        rows = self._rows(
            cursor, "SELECT name, holder, token, until - NOW() FROM projection_leases"
        )
        return [Lease._make(row) for row in rows]


_STANDING = "SELECT name, version, generation, position, stale_at, stale_why FROM projections"
