"""The read models of the log: caught up, waited for, rebuilt, looked after."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

from ..adapters.storage.contract.store import Store
from ..domain.keys import SessionKey
from ..projecting.catching_up import catch_up, wait_for
from ..projecting.health import Health, health
from ..projecting.one_session import rebuild_session
from ..projecting.rebuilding import Rebuilt, rebuild
from ..projecting.runner import Background, Runner
from ..projecting.standings import last_position
from ..projections.engine.registry import Registration
from ..settings import Settings
from .part import Key, Part


class Projecting(Part):
    """What keeps the read models."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        super().__init__(store, settings)
        self._backgrounds: WeakSet[Background] = WeakSet()

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
        upto = last_position(self.store)
        for registration in self._named(name):
            catch_up(self.store, registration, upto)
        return upto

    def wait_for(self, position: int, name: str | None = None, timeout: float = 10.0) -> None:
        """Wait until the read models know what was just appended, whoever folds it.

        Args:
            position: the ``position`` that an append returned.
            name: one of the read models; None for all.
            timeout: seconds.

        Raises:
            Refused: there is no read model of that name.
            NotCaughtUp: it does not know it in time. Something must fold it: ``turnlog project``,
                ``project_in_background`` or ``catch_up``.
        """
        wait_for(self.store, self._named(name), position, timeout)

    def projections(self) -> list[Health]:
        """How the read models are: how far, how far behind, what stopped them, who folds them."""
        return health(self.store)

    def project(self, stop: Callable[[], bool], name: str | None = None) -> None:
        """Keep the read models caught up, until told to stop.

        Any number of processes may: each read model is folded by one of them, and taken over when
        that one ends. What fails is tried again, later each time.

        Args:
            stop: asked at least every second.
            name: one of the read models; None for all.

        Raises:
            Refused: there is no read model of that name.
        """
        Runner(self.store, self._named(name)).run(stop)

    def project_in_background(self, name: str | None = None) -> Background:
        """Keep the read models caught up in a thread of its own, until it is stopped.

        ``with log.project_in_background(): …`` stops it at the end; closing the log does so too.

        Args:
            name: one of the read models; None for all.

        Raises:
            Refused: there is no read model of that name.
        """
        background = Background(Runner(self.store, self._named(name)))
        self._backgrounds.add(background)
        return background

    def rebuild(
        self,
        progress: Callable[[int, int], None] | None = None,
        *,
        name: str | None = None,
        session: Key | None = None,
        anew: bool = False,
    ) -> Rebuilt:
        """Fold the log again into new tables beside the live ones, then switch to them.

        Appends go on meanwhile. What was interrupted goes on where it was.

        Args:
            progress: called with the positions that are behind, and how many there are.
            name: one of the read models; None for all.
            session: fold this session and its subagents alone again, in the live tables.
            anew: begin again where an earlier rebuild was interrupted.

        Raises:
            Refused: there is no read model of that name, or it cannot rebuild one session.
            UnknownSession: there is no such session.
            CannotFold: an event cannot be folded; the live tables stay as they were.
            NotCaughtUp: another process rebuilds it.
        """
        if session is not None:
            key = SessionKey.of(session)
            return rebuild_session(self.store, self._named(name), key, name is not None)
        return rebuild(self.store, self._named(name), progress, anew)

    def _named(self, name: str | None) -> list[Registration]:
        registry = self.store.registry
        return list(registry) if name is None else [registry[name]]

    def _stop_projecting(self) -> None:
        for background in list(self._backgrounds):
            background.stop()
