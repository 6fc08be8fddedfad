"""The read models of the log: caught up, waited for, rebuilt, looked after."""

from __future__ import annotations

from ..projecting.catching_up import catch_up, last_position
from .part import Part


class Projecting(Part):
    """What keeps the read models."""

    def catch_up(self, name: str | None = None) -> int:
        """Fold what the read models do not know yet, up to the log's newest event.

        Those that an append folds itself are caught up where they once could not be folded.

        Args:
            name: one of them; None for all.

        Returns:
            The position that they know everything up to.

        Raises:
            Refused: there is no read model of that name.
            CannotFold: an event cannot be folded; the error names it.
            NotCaughtUp: another process folds it, and has not come so far in time.
        """
        registry = self.store.registry
        upto = last_position(self.store)
        for registration in registry if name is None else (registry[name],):
            catch_up(self.store, registration, upto)
        return upto
