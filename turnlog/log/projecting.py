"""The read models of the log: caught up, waited for, rebuilt, looked after."""

from __future__ import annotations

from collections.abc import Callable

from ..projecting.catching_up import catch_up
from ..projecting.rebuilding import Rebuilt, rebuild
from ..projecting.standings import last_position
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

    def rebuild(
        self,
        progress: Callable[[int, int], None] | None = None,
        *,
        name: str | None = None,
        anew: bool = False,
    ) -> Rebuilt:
        """Fold the log again into new tables beside the live ones, then switch to them.

        Appends go on meanwhile. What was interrupted goes on where it was.

        Args:
            progress: called with the positions that are behind, and how many there are.
            name: one of the read models; None for all.
            anew: begin again where an earlier rebuild was interrupted.

        Raises:
            Refused: there is no read model of that name.
            CannotFold: an event cannot be folded; the live tables stay as they were.
            NotCaughtUp: another process rebuilds it.
        """
        registry = self.store.registry
        chosen = registry if name is None else (registry[name],)
        return rebuild(self.store, chosen, progress, anew)
