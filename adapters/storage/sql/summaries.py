"""What the SDK made of sessions for its own lists: a cache beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....domain.errors import DamagedEvent
from ....domain.keys import names_in
from ..contract.values import Summary
from ..encoding.blocks import BlockCodec
from ..encryption.aes import Place
from ..encryption.cipher import place
from .statements import Statements


class SummaryReader:
    """Reads the cache through the cursor of a transaction."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements

    def summaries(self, project_key: str, sdk: str) -> dict[int, Summary]:
        """What a version of the SDK made of a project's sessions, by stream number."""
        self.cursor.execute(self._sql.summaries, (sdk, *names_in(project_key)))
        found = {row[0]: Summary._make(row) for row in self.cursor.fetchall()}
        if not self.codec.cipher.encrypted:
            return found
        # It is a cache: what lost its key is made again, as far as there is anything to make it of.
        return {
            number: opened
            for number, kept in found.items()
            if (opened := self._opened_summary(kept))
        }

    def _opened_summary(self, kept: Summary) -> Summary | None:
        try:
            return kept._replace(data=self.codec.cipher.open(_place(kept), kept.data))
        except DamagedEvent:
            return None


class SummaryWriter(SummaryReader):
    """Writes the cache, as a part of the transaction."""

    def keep_summaries(self, summaries: Sequence[Summary]) -> None:
        """Keep what the SDK made of some sessions, in place of what it made before."""
        rows = [tuple(self._sealed_summary(kept)) for kept in summaries]
        self.cursor.executemany(self._sql.keep_summary, rows)

    def _sealed_summary(self, kept: Summary) -> Summary:
        cipher = self.codec.cipher
        if not cipher.encrypted:
            return kept
        name = self.codec.names[kept.stream]  # it was made from what was read of that stream
        return kept._replace(data=cipher.seal(name, _place(kept), kept.data))


def _place(kept: Summary) -> Place:
    return place("summary", *kept[:-1])
