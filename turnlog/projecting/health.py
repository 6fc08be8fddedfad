"""How the read models are: how far, how far behind, what stopped them, who folds them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import func, select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.account import Standing
from ..adapters.storage.sql.read_side import leases, rebuilds, set_aside
from ..adapters.storage.sql.store import LAST, now
from ..projections.engine.registry import Lifecycle, Registration
from .standings import STANDINGS

Status = Literal["up to date", "behind", "stalled", "outdated"]
"""``stalled``: it stands before an event that it could not take in. ``outdated``: its live tables
are of an earlier version, and are to be rebuilt."""


class Health(NamedTuple):
    """A read model's state of health."""

    name: str
    version: int
    lifecycle: Lifecycle
    """``inline`` (folded with every append) or ``caught up``."""
    status: Status
    position: int
    """It knows everything up to there."""
    lag: int
    """Positions that it has yet to see."""
    since: int | None
    """When the first event that it does not know was recorded, milliseconds since 1970 UTC."""
    problem: str | None
    """What it could not take in, at the position after ``position``."""
    set_aside: int
    """Events that it went on without."""
    holder: str | None
    """Who folds it now: machine, process."""
    rebuilding: int | None
    """The position that a rebuild has come to; None where none was begun."""


def health(store: Store) -> list[Health]:
    """How every read model is, by name."""
    with store.read() as reader:
        last = reader.last_position()
        rows = {row.name: row for row in map(Standing._make, reader.query(STANDINGS))}
        beside: dict[str, int] = {
            row[0]: row[1] for row in reader.query(select(rebuilds.c.name, rebuilds.c.position))
        }
        aside: dict[tuple[str, int], int] = {
            (row[0], row[1]): row[2]
            for row in reader.query(
                select(set_aside.c.name, set_aside.c.version, func.count()).group_by(
                    set_aside.c.name, set_aside.c.version
                )
            )
        }
        held: dict[str, str] = {
            row[0]: row[1]
            for row in reader.query(
                select(leases.c.name, leases.c.holder).where(leases.c.until > now())
            )
        }
        return [
            _health(
                reader,
                registration,
                rows[registration.name],
                last,
                aside.get((registration.name, rows[registration.name].version), 0),
                held.get(registration.name),
                beside.get(registration.name),
            )
            for registration in sorted(store.registry, key=lambda r: r.name)
        ]


def _health(
    reader: Reader,
    registration: Registration,
    row: Standing,
    last: int,
    aside: int,
    holder: str | None,
    beside: int | None,
) -> Health:
    inline = registration.lifecycle == "inline"
    position = last if inline and row.stale_at is None else row.position
    status: Status = "up to date" if position >= last else "behind"
    if row.stale_at is not None:
        status = "stalled"
    if row.version != registration.version:
        status = "outdated"
    since = None
    if position < last:
        runs = reader.stretch(position, LAST, 1, None, "none").runs
        since = runs[0].recorded_at if runs else None
    return Health(
        registration.name,
        row.version,
        registration.lifecycle,
        status,
        position,
        last - position,
        since,
        row.stale_why if row.stale_at is not None else None,
        aside,
        holder,
        beside,
    )
