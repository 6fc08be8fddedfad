"""Processes of our own that work on a log, and may be killed while they do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds after which a child that says nothing has failed."""

# A fork of a process that has imported everything is there in milliseconds, and unlike a fork of
# the test run itself it holds none of its threads and connections.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.faults.children"])


class Child:
    """A process that works on its own and tells how far it has come."""

    def __init__(self, work: Callable[..., None], *args: object) -> None:
        """Start ``work(pipe, *args)``, a function of a module that can be imported."""
        _start_server()
        self._pipe, theirs = _processes.Pipe()
        self._process = _processes.Process(target=work, args=(theirs, *args))
        self._process.start()
        theirs.close()

    def hear(self) -> Any:
        """What it says next.

        Raises:
            EOFError: it has ended.
        """
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError(f"nothing heard for {PATIENCE:.0f} seconds")
        return self._pipe.recv()

    def tell(self, message: object = None) -> None:
        """Say something to it."""
        self._pipe.send(message)

    def rest(self) -> list[Any]:
        """All that it says until it ends, by itself or killed."""
        heard = []
        with contextlib.suppress(EOFError):
            while True:
                heard.append(self.hear())
        self._process.join(PATIENCE)
        return heard

    def kill(self) -> list[Any]:
        """End it with SIGKILL, which it cannot notice; gives what it had said by then."""
        self._process.kill()
        return self.rest()

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self._process.exitcode == -signal.SIGKILL

    @property
    def ended_well(self) -> bool:
        """Whether it ended by itself and without an error."""
        return self._process.exitcode == 0


@contextlib.contextmanager
def child(work: Callable[..., None], *args: object) -> Iterator[Child]:
    """A child that is gone afterwards, whatever happens."""
    started = Child(work, *args)
    try:
        yield started
    finally:
        started.kill()


def _start_server() -> None:
    # The server imports what it preloads before it is told where the tests are.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        forkserver.ensure_running()


def end_at_once() -> None:
    """End this process as a power cut would: nothing is closed, nothing flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


__all__ = ["Child", "Connection", "child", "end_at_once"]
