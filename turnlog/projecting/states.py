"""The states of sessions as a fold by position needs them: before each run, and after it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from ..adapters.storage.contract.reader import Reader
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.session import SessionState
from ..projections.engine.read_model import Run
from ..time.replaying import state_at

KEPT = 2048
"""States kept in memory, a few kilobytes each."""


class States:
    """The states of the streams met last. They follow from the log alone, so they stay true."""

    def __init__(self) -> None:
        self._states: OrderedDict[int, SessionState] = OrderedDict()

    def framed(
        self, runs: Sequence[Run], read: Callable[[], AbstractContextManager[Reader]]
    ) -> list[Run]:
        """Runs with the state before and after each.

        Args:
            runs: every event of their streams between the first and the last.
            read: gives a look at the log, for the streams that were not met lately.
        """
        framed = []
        for run in runs:
            before = self._before(run, read)
            after = fold(before, run.events)
            self._states[run.stream] = after
            self._states.move_to_end(run.stream)
            framed.append(run._replace(before=before, after=after))
        while len(self._states) > KEPT:
            self._states.popitem(last=False)
        return framed

    def _before(self, run: Run, read: Callable[[], AbstractContextManager[Reader]]) -> SessionState:
        version = run.versions[0] - 1
        known = self._states.get(run.stream)
        if known is not None and known.version == version and known.key == run.key:
            return known
        if version == 0:
            return SessionState(run.key)
        with read() as reader:
            return _state(reader, run.key, version)


def _state(reader: Reader, key: SessionKey, version: int) -> SessionState:
    stream = reader.find(key)
    assert stream is not None
    return state_at(reader, stream, version)
