"""What the SDK made of sessions for its own lists: a cache beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....domain.keys import names_in
from ..contract import Summary
from .statements import Statements


class SummaryReader:
    """Reads the cache through the cursor of a transaction."""

    cursor: Any
    _sql: Statements

    def summaries(self, project_key: str, sdk: str) -> dict[int, Summary]:
        """What a version of the SDK made of a project's sessions, by stream number."""
        self.cursor.execute(self._sql.summaries, (sdk, *names_in(project_key)))
        return {row[0]: Summary._make(row) for row in self.cursor.fetchall()}


class SummaryWriter(SummaryReader):
    """Writes the cache, as a part of the transaction."""

    def keep_summaries(self, summaries: Sequence[Summary]) -> None:
        """Keep what the SDK made of some sessions, in place of what it made before."""
        self.cursor.executemany(self._sql.keep_summary, [tuple(kept) for kept in summaries])
