"""Several processes that read transcripts, and this one that takes what they made ready.

Processes and not threads: decoding JSON holds the interpreter's lock. The others never touch the
database. Each has a pipe of its own and goes on while this one writes, until it is ``AHEAD`` of it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any

from ...domain.errors import TurnlogError
from ..storage.contract.values import Packed
from ..storage.encoding.blocks import BlockCodec
from .importer import Prepared, Task, prepare_task

MOST_HELPERS = 3
"""Processes beside this one, at the most: what they make ready, one has to record."""

WORTH_A_PROCESS = 4 << 20
"""Bytes to read from which on another process pays where starting one costs little."""

WORTH_A_START = 64 << 20
"""The same where it must load everything anew."""

AHEAD = 8 << 20
"""Bytes that a process may be ahead."""

WORTH_A_THREAD = 64 << 10
"""Bytes to compress from which on that is left to a thread."""

MOST_WAITING = 4
"""Parts that may wait for that thread."""

_NOTHING_MORE = pickle.dumps(None, pickle.HIGHEST_PROTOCOL)


class WorkerDied(TurnlogError):
    """A process that read transcripts ended before its work."""


def how_many(asked: int | None, size: int, files: int) -> int:
    """How many processes to use, this one included.

    Args:
        asked: by the caller; None for as many as help.
        size: of all that is to be read, in bytes.
        files: to be read.
    """
    if asked is not None:
        return max(1, min(asked, files))
    worth = WORTH_A_PROCESS if _context().get_start_method() == "fork" else WORTH_A_START
    helpers = min(MOST_HELPERS, _cores() - 1, files - 1, size // worth)
    return 1 + max(0, helpers)


def prepare_all(
    tasks: Sequence[Task], workers: int, packing: bool
) -> Generator[Prepared, None, None]:
    """Make transcripts ready, the parts of each in their order.

    Args:
        workers: processes that work, this one included; 1 starts none.
        packing: whether entries are compressed, too.

    Raises:
        WorkerDied: a process ended before its work; the message names it and its file.
    """
    if workers > 1:
        with _Crew(tasks, workers - 1, packing) as crew:
            yield from crew.prepared()
        return
    parts = (part for n, task in enumerate(tasks) for part in prepare_task(n, task, None))
    yield from _packed_aside(parts) if packing else parts


def _packed_aside(parts: Iterator[Prepared]) -> Generator[Prepared, None, None]:
    """Have large parts compressed by a thread: that needs no interpreter."""
    codec = BlockCodec()
    waiting: deque[tuple[Prepared, Future[Packed] | None]] = deque()
    with ThreadPoolExecutor(1, "turnlog-packing") as packer:
        for part in parts:
            bodies = part.bodies
            future = None
            if sum(map(len, bodies)) >= WORTH_A_THREAD:
                future = packer.submit(codec.compress, bodies)
            elif bodies:
                part.packed = codec.compress(bodies)
            waiting.append((part, future))
            while len(waiting) > MOST_WAITING or (waiting and _is_ready(waiting[0][1])):
                yield _packed(*waiting.popleft())
        while waiting:
            yield _packed(*waiting.popleft())


def _is_ready(future: Future[Packed] | None) -> bool:
    return future is None or future.done()


def _packed(part: Prepared, future: Future[Packed] | None) -> Prepared:
    if future is not None:
        part.packed = future.result()
    return part


class _Crew:
    """The other processes."""

    def __init__(self, tasks: Sequence[Task], size: int, packing: bool) -> None:
        context: Any = _context()
        self._tasks = tasks
        self._at = context.RawArray("l", [-1] * size)
        # A process that is started, not forked, finds its lock by a name that goes with the object.
        self._turn = context.Value("l", 0)
        pipes = [context.Pipe(duplex=False) for _ in range(size)]
        self._processes: dict[Connection, Any] = {}
        ends = [end for pipe in pipes for end in pipe] if _forks(context) else []
        for number, (receiver, sender) in enumerate(pipes):
            others = [end for end in ends if end is not sender]
            process = context.Process(
                target=_work,
                args=(number, sender, others, tasks, self._turn, self._at, packing),
                name=f"turnlog-import-{number + 1}",
                daemon=True,
            )
            self._processes[receiver] = process
        for process in self._processes.values():
            process.start()
        for _, sender in pipes:
            sender.close()

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *problem: object) -> None:
        for receiver, process in self._processes.items():
            receiver.close()
            process.terminate()
        for process in self._processes.values():
            process.join()

    def prepared(self) -> Iterator[Prepared]:
        """What they make ready, as it comes."""
        numbers = {receiver: n for n, receiver in enumerate(self._processes)}
        working = set(numbers)
        while working:
            for receiver in wait(list(working)):
                assert isinstance(receiver, Connection)
                try:
                    data = receiver.recv_bytes()
                except (EOFError, OSError):
                    raise self._died(receiver, numbers[receiver]) from None
                if data == _NOTHING_MORE:
                    working.discard(receiver)
                else:
                    yield pickle.loads(data)

    def _died(self, receiver: Connection, number: int) -> WorkerDied:
        process = self._processes[receiver]
        process.join()
        code = process.exitcode
        how = f"with exit code {code}"
        if code is not None and code < 0:
            how = f"by {signal.Signals(-code).name}"
        at = self._at[number]
        file = f" while it read {self._tasks[at].path}" if at >= 0 else ""
        return WorkerDied(
            f"the process {process.name} ({process.pid}) was ended {how}{file}; what was recorded "
            "stays, import again to go on, with one process if memory is short"
        )


def _work(
    number: int,
    sender: Connection,
    others: Sequence[Connection],
    tasks: Sequence[Task],
    turn: Any,
    at: Any,
    packing: bool,
) -> None:
    """What a process does: take the next transcript until there is none."""
    # Ctrl-C reaches every process of the terminal; the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    for other in others:
        other.close()  # or a process that died would not be noticed at its pipe
    codec = BlockCodec() if packing else None
    outbox = _Outbox(sender)
    while True:
        with turn.get_lock():
            next_one = turn.value
            turn.value += 1
        if next_one >= len(tasks):
            break
        at[number] = next_one
        for prepared in prepare_task(next_one, tasks[next_one], codec):
            if not outbox.put(prepared):
                return
    outbox.close()


class _Outbox:
    """What is ready, sent by a thread: a pipe holds too little to keep a process busy."""

    def __init__(self, sender: Connection) -> None:
        self._sender = sender
        self._ready: deque[bytes] = deque()
        self._size = 0
        self._broken = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def put(self, prepared: Prepared | None) -> bool:
        """Send something, after what was put before; whether anybody still takes it."""
        data = pickle.dumps(prepared, pickle.HIGHEST_PROTOCOL)
        with self._changed:
            self._changed.wait_for(lambda: self._size < AHEAD or self._broken)
            self._ready.append(data)
            self._size += len(data)
            self._changed.notify_all()
            return not self._broken

    def close(self) -> None:
        """Say that this was all, and wait until it is sent."""
        self.put(None)
        self._thread.join()

    def _send(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ready)
                data = self._ready.popleft()
            try:
                self._sender.send_bytes(data)
            except OSError:  # the import has ended
                with self._changed:
                    self._broken = True
                    self._changed.notify_all()
                return
            with self._changed:
                self._size -= len(data)
                self._changed.notify_all()
            if data == _NOTHING_MORE:
                return


def _context() -> BaseContext:
    # A copy of this process is there at once. With threads around, one of them may hold a lock
    # that the copy would wait for; on macOS its system libraries do not bear it.
    if sys.platform == "linux" and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _forks(context: BaseContext) -> bool:
    return context.get_start_method() == "fork"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
