"""A projection that adds up, and a child that dies while it does."""

from __future__ import annotations

from typing import Any, ClassVar
from unittest.mock import patch

import turnlog
from tests.faults.children import _count_statements as count_statements
from tests.faults.processes import Connection
from turnlog import Projection, Rows, Table, events


class Counts(Projection):
    """How many events of each kind there are, and the sum of their positions."""

    name = "counts"
    wants = tuple(events.EVENTS.values())
    content = "none"
    tables: ClassVar = {
        "kinds": Table(key={"topic": str}, columns={"events": int, "positions": int}),
        "last": Table(key={"session": str}, columns={"version": int, "of": str}),
    }

    def fold(self, rows: Rows, recorded: Any) -> None:
        rows.add("kinds", recorded.topic, events=1, positions=recorded.position)
        last = rows.get("last", recorded.key.session_id)
        assert last is None or last["version"] < recorded.version
        rows.put("last", recorded.key.session_id, version=recorded.version, of=recorded.topic)


def count_and_die(pipe: Connection, url: str, statement: int) -> None:
    """Fold in small batches, and die before a statement; tells how many there were if it lives."""
    with (
        patch("turnlog.projecting.folding.BATCH", 10),
        turnlog.open(url, projections=[Counts]) as log,
    ):
        counted = count_statements(log, statement)
        log.catch_up("counts")
        pipe.send(counted())
