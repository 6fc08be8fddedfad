"""What is recorded: batches, and what Claude Code left on a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from ..adapters.claude.batches import prepare
from ..adapters.storage.contract import Packed
from ..appending import Appended, Arrival, append
from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..importing.summary import ImportSummary, Progress
from .part import Key, Part


class Recording(Part):
    """Recording."""

    def append(
        self,
        key: Key,
        entries: Iterable[object],
        *,
        user_id: str | None = None,
        source: Literal["sdk", "import", "api"] = "sdk",
    ) -> Appended:
        """Record a batch of transcript entries; what is recorded already is left out.

        Args:
            key: the session, or one of its subagents' streams.
            entries: JSON objects. What cannot be understood is recorded as it came.
            user_id: whose session it is, taken when it begins.
            source: where the entries come from.

        Returns:
            What was new. Durable once this returns.

        Raises:
            Refused: ``entries`` is no list of them.
        """
        key = SessionKey.of(key)
        if isinstance(entries, (Mapping, str, bytes)) or not isinstance(entries, Iterable):
            raise Refused(f"append takes a list of entries, not one {type(entries).__name__}")
        batch = prepare(key, entries)
        if not batch:
            return Appended(0, 0, 0, 0, 0, 0)
        every = self.settings.checkpoint_interval
        return self.arrive(Arrival(key, batch, source, user_id, checkpoint_every=every))

    def arrive(self, arrival: Arrival, packed: Packed | None = None) -> Appended:
        """Record a batch that is prepared already.

        Args:
            packed: its bodies compressed ahead, used where every entry is new.
        """
        return self.store.write(lambda transaction: append(transaction, arrival, packed))

    def import_claude(
        self,
        path: str | Path,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
        restore: bool = False,
        user_id: str | None = None,
        machine: str | None = None,
    ) -> ImportSummary:
        """Record what Claude Code left in a path; see ``importing.import_claude``."""
        from ..importing.run import import_claude  # an application that never imports need not wait

        return import_claude(
            self,
            path,
            workers=workers,
            progress=progress,
            restore=restore,
            user_id=user_id,
            machine=machine,
        )
