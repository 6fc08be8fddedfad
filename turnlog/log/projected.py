"""What one's own projections made of the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select

from ..projections.engine.projection import Projection
from ..reading.projected import Tables, Where, query, rows
from .part import Part


class Projected(Part):
    """The tables of one's own projections. They are caught up before they are read."""

    def rows(
        self,
        projection: type[Projection],
        table: str | None = None,
        where: Where | None = None,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Rows of a table of a projection of your own, with everything recorded so far.

        Args:
            projection: the class; the log was opened with it.
            table: the table's name; without one, the projection's only table.
            where: columns and the value they have, or a list of values.
            order_by: a column or several, each falling with a ``-`` before it; then by the key.
            limit: how many at the most.

        Raises:
            Refused: there is no such table or column, or the log was not opened with it.
            InvalidProjection: a value is none that the column holds.
            CannotFold: an event cannot be folded; the error names it.
            NotCaughtUp: another process folds it, and has not come so far in time.
        """
        return rows(self.store, projection, table, where, order_by, limit)

    def query(
        self, projection: type[Projection], select: Callable[[Tables], Select[Any]]
    ) -> list[dict[str, Any]]:
        """What a statement of SQLAlchemy selects from the tables of a projection of your own.

        Args:
            projection: the class; the log was opened with it.
            select: makes the statement, given the tables by name; a bool is 0 or 1 in them.

        Returns:
            The rows, by the names of the selected columns.

        Raises:
            Refused, CannotFold, NotCaughtUp: as ``rows`` does.
        """
        return query(self.store, projection, select)
