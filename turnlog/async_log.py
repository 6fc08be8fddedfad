"""The log for asyncio and trio: the methods of ``Log``, each on a thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial, update_wrapper
from itertools import islice
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Concatenate, Generic, ParamSpec, Self, TypeVar

from anyio import CancelScope

from .adapters import threads
from .adapters.claude.session_store import SessionStore
from .adapters.storage.contract.store import Store
from .domain.recorded import Recorded
from .log import Log
from .log.part import Key
from .messages.awaited import AsyncConversation
from .opening import open_log
from .reading.subscribing import ASK_EVERY, look

P = ParamSpec("P")
T = TypeVar("T")
_PORTION = 32
"""What an iterator holds at once: entries, events."""


def _awaited(
    method: Callable[Concatenate[Log, P], T],
) -> Callable[Concatenate[AsyncLog, P], Awaitable[T]]:
    async def awaited(self: AsyncLog, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await threads.run(partial(method, self.log, *args, **kwargs))

    update_wrapper(awaited, method)
    return awaited


def _streamed(
    method: Callable[Concatenate[Log, P], Iterator[T]],
) -> Callable[Concatenate[AsyncLog, P], AsyncIterator[T]]:
    def streamed(self: AsyncLog, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return _Streamed(method(self.log, *args, **kwargs))

    update_wrapper(streamed, method)
    return streamed


class _Streamed(Generic[T]):
    """An iterator that is read a portion at a time.

    No async generator: those, left early, hold on to the database until they are finalized, and
    trio complains. The generator in here lets go of it as soon as nobody has it any more.
    """

    def __init__(self, iterator: Iterator[T]) -> None:
        self._iterator = iterator
        self._ahead: deque[T] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._ahead:
            self._ahead.extend(await threads.run(self._portion))
        if not self._ahead:
            raise StopAsyncIteration
        return self._ahead.popleft()

    def _portion(self) -> list[T]:
        return list(islice(self._iterator, _PORTION))


class _Subscribed:
    """Every event of a log after a position, then those to come."""

    def __init__(self, store: Store, after: int, stop: Callable[[], bool] | None) -> None:
        self._store = store
        self._after = after
        self._stop = stop
        self._ahead: deque[Recorded] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Recorded:
        while not self._ahead:
            if self._stop is not None and self._stop():
                raise StopAsyncIteration
            events, self._after = await threads.run(partial(look, self._store, self._after))
            self._ahead.extend(events)
            if not events:
                await threads.rest(partial(self._store.wait, self._after, ASK_EVERY))
        return self._ahead.popleft()


class AsyncLog:
    """A ``Log`` whose methods are awaited and whose iterators are asynchronous; see there.

    Under asyncio and trio. A call that is cancelled ends first: what it did is known.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        """The log underneath, which may be used at the same time."""

    @property
    def encrypted(self) -> bool:
        """Whether what people wrote is encrypted in the database."""
        return self.log.encrypted

    @property
    def url(self) -> str:
        """Where the log is."""
        return self.log.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with CancelScope(shield=True):
            await self.close()

    close = _awaited(Log.close)

    create = _awaited(Log.create)
    update = _awaited(Log.update)
    get_or_create = _awaited(Log.get_or_create)

    append = _awaited(Log.append)
    record_result = _awaited(Log.record_result)
    arrive = _awaited(Log.arrive)
    import_claude = _awaited(Log.import_claude)
    migrate = _awaited(Log.migrate)

    load = _awaited(Log.load)
    iter_entries = _streamed(Log.iter_entries)
    transcript = _streamed(Log.transcript)
    branches = _awaited(Log.branches)
    subkeys = _awaited(Log.subkeys)
    events = _streamed(Log.events)
    state = _awaited(Log.state)
    at = _awaited(Log.at)
    diff = _awaited(Log.diff)

    def subscribe(
        self, after: int = 0, stop: Callable[[], bool] | None = None
    ) -> AsyncIterator[Recorded]:
        """Every event of the log after a position, then those to come, for ever.

        Args:
            after: the position of the last event seen, 0 for all.
            stop: asked at least every second; the iterator ends when it says so.
        """
        return _Subscribed(self.log.store, after, stop)

    sessions = _awaited(Log.sessions)
    active_sessions = _awaited(Log.active_sessions)
    session = _awaited(Log.session)
    get = _awaited(Log.get)
    checkpoints = _awaited(Log.checkpoints)
    get_checkpoint = _awaited(Log.get_checkpoint)
    iter_checkpoints = _streamed(Log.iter_checkpoints)
    subagents = _awaited(Log.subagents)
    stats = _awaited(Log.stats)
    spent_by_model = _awaited(Log.spent_by_model)
    usage = _awaited(Log.usage)
    blocks = _awaited(Log.blocks)
    budget = _awaited(Log.budget)
    export = _awaited(Log.export)
    export_sessions = _awaited(Log.export_sessions)
    import_sessions = _awaited(Log.import_sessions)

    rows = _awaited(Log.rows)
    query = _awaited(Log.query)

    search = _awaited(Log.search)

    rename = _awaited(Log.rename)
    tag = _awaited(Log.tag)
    change_tags = _awaited(Log.change_tags)
    set_metadata = _awaited(Log.set_metadata)
    change_metadata = _awaited(Log.change_metadata)
    set_status = _awaited(Log.set_status)
    attempt_continuation = _awaited(Log.attempt_continuation)
    checkpoint = _awaited(Log.checkpoint)
    rewind = _awaited(Log.rewind)
    fork = _awaited(Log.fork)
    delete = _awaited(Log.delete)
    undelete = _awaited(Log.undelete)
    archive = _awaited(Log.archive)
    collect = _awaited(Log.collect)
    collect_in_background = _awaited(Log.collect_in_background)
    link_directory = _awaited(Log.link_directory)
    erase = _awaited(Log.erase)
    destroy_keys = _awaited(Log.destroy_keys)
    redact = _awaited(Log.redact)

    def conversation(
        self,
        key: Key,
        *,
        user_id: str | None = None,
        working_dir: str | Path | None = None,
    ) -> AsyncConversation:
        """A session as messages, to record and to read; see ``Log``."""
        found = self.log.conversation(key, user_id=user_id, working_dir=working_dir)
        return AsyncConversation(found)

    def session_store(self, user_id: str | None = None) -> SessionStore:
        """The log as a store for ``ClaudeAgentOptions(session_store=…)``; see ``Log``."""
        return self.log.session_store(user_id)

    audit = _awaited(Log.audit)
    export_audit = _awaited(Log.export_audit)
    seal = _awaited(Log.seal)
    prove = _awaited(Log.prove)

    verify = _awaited(Log.verify)
    catch_up = _awaited(Log.catch_up)
    projections = _awaited(Log.projections)

    async def wait_for(self, position: int, name: str | None = None, timeout: float = 10.0) -> None:
        """Wait until the read models know what was just appended; see ``Log``."""
        await threads.rest(partial(self.log.wait_for, position, name, timeout))

    async def project(self, stop: Callable[[], bool], name: str | None = None) -> None:
        """Keep the read models caught up, until told to stop or cancelled; see ``Log``."""
        cancelled = Event()
        try:
            await threads.rest(
                partial(self.log.project, lambda: cancelled.is_set() or stop(), name)
            )
        finally:
            cancelled.set()

    project_in_background = _awaited(Log.project_in_background)
    rebuild = _awaited(Log.rebuild)


def _opening(open_: Callable[P, Log]) -> Callable[P, Awaitable[AsyncLog]]:
    async def opening(*args: P.args, **kwargs: P.kwargs) -> AsyncLog:
        return AsyncLog(await threads.run(partial(open_, *args, **kwargs)))

    update_wrapper(opening, open_)
    opening.__name__ = opening.__qualname__ = "open_async"
    opening.__doc__ = "Open a log for asyncio or trio; takes and raises what ``open`` does."
    return opening


open_async = _opening(open_log)
