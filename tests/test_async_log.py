"""The async log, under asyncio and trio: the same core, in bounded memory, cancelled cleanly."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import anyio
import pytest

import turnlog
from tests.support.conversations import conversation
from turnlog import AsyncLog, InvalidURL, Log, SessionKey, UnknownSession, events

KEY = SessionKey("project", "5e551014-0000-4000-8000-000000000001")


@pytest.fixture
async def log(store_url: str) -> AsyncIterator[AsyncLog]:
    async with await turnlog.open_async(store_url) as log:
        yield log


async def test_a_session_is_recorded_rewound_and_forked(log: AsyncLog) -> None:
    entries = conversation(3)
    appended = await log.append(KEY, entries, user_id="ada")
    assert appended.recorded == len(entries)
    await log.rename(KEY, "Boats")

    rewound = await log.rewind(KEY, to="prompt:1", reason="wrong way")
    forked = await log.fork(KEY)

    assert rewound.after.prompts == 1
    assert await log.load(KEY) == entries[:4]
    assert await log.load(forked.child) == entries[:4]
    assert [entry async for entry in log.iter_entries(KEY, at="prompt:1")] == entries[:4]
    assert (await log.state(KEY)).title == "Boats"
    assert (await log.at(KEY, "version:5")).version == 5
    assert (await log.session(KEY.session_id)).user_id == "ada"
    topics = [recorded.topic async for recorded in log.events(KEY)]
    assert topics[0] == "SessionStarted.v1"
    assert topics[-2:] == ["SessionRewound.v1", "SessionForked.v1"]
    assert (await log.verify()).holds
    assert log.log.load(KEY) == entries[:4], "the log underneath is the same"


async def test_what_fails_fails_as_in_the_log(log: AsyncLog) -> None:
    with pytest.raises(UnknownSession):
        await log.rewind(KEY, "prompt:1")
    with pytest.raises(UnknownSession):
        _ = [recorded async for recorded in log.events(KEY)]
    with pytest.raises(InvalidURL):
        await turnlog.open_async("nowhere://")


async def test_a_subscriber_sees_what_was_there_and_what_comes(log: AsyncLog) -> None:
    await log.append(KEY, conversation(1))
    seen: list[str] = []
    caught_up = anyio.Event()

    async def follow() -> None:
        async for recorded in log.subscribe():
            seen.append(recorded.topic)
            if isinstance(recorded.event, events.CheckpointCreated):
                caught_up.set()
            if isinstance(recorded.event, events.SessionRenamed) and recorded.event.actor == "ada":
                return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow)
        with anyio.fail_after(30):
            await caught_up.wait()
        await log.rename(KEY, "Boats", actor="ada")

    assert seen == [recorded.topic async for recorded in log.events(KEY)]


async def test_any_number_may_follow_without_keeping_others_from_the_log(log: AsyncLog) -> None:
    """A hundred idle subscribers must never take the threads that appends need."""

    async def follow(one: AsyncLog) -> None:
        async for _ in one.subscribe():
            pass

    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(follow, log)
        with anyio.fail_after(60):
            for n in range(5):
                await log.append(KEY, [{"type": "note", "n": n}])
        tasks.cancel_scope.cancel()

    assert len(await log.load(KEY) or []) == 5


async def test_one_may_write_while_streaming_and_leave_a_stream_early(log: AsyncLog) -> None:
    """An open iterator must never hold a lock that an append waits for."""
    entries = conversation(30)
    await log.append(KEY, entries)
    with anyio.fail_after(60):
        async for _ in log.iter_entries(KEY):
            await log.append(KEY, [{"type": "note"}])
            break
        async for recorded in log.events(KEY):
            if recorded.version == 3:
                break
        await log.rename(KEY, "Boats")

    assert await log.load(KEY) == [*entries, {"type": "note"}]


async def test_a_stream_holds_a_few_entries_at_a_time(
    log: AsyncLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session of any size must never be read into memory whole."""
    read = 0
    whole = Log.iter_entries

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal read
        for entry in whole(*args, **kwargs):
            read += 1
            yield entry

    await log.append(KEY, conversation(100))
    counted = turnlog.async_log._streamed(counting)

    seen = 0
    async for _ in counted(log, KEY):
        seen += 1
        assert read - seen < 64

    assert seen == read == 400


async def test_a_call_that_is_cancelled_has_ended_when_it_returns(sqlite_url: str) -> None:
    """Whoever cancels must never find a change happening afterwards."""
    async with await turnlog.open_async(sqlite_url) as log:
        await log.append(KEY, conversation(1))
        held, go_on = threading.Event(), threading.Event()

        def hold(transaction: Any) -> None:
            held.set()
            go_on.wait()

        async def rename() -> None:
            await log.rename(KEY, "Boats")

        holder = threading.Thread(target=log.log.store.write, args=(hold,))
        holder.start()
        held.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(rename)
            await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
            go_on.set()
        holder.join()
        title = (await log.state(KEY)).title
        await anyio.sleep(0.05)
        assert (await log.state(KEY)).title == title == "Boats"


def test_a_log_serves_one_event_loop_after_another(sqlite_url: str) -> None:
    """What one loop leaves behind must never bind the next."""
    log = turnlog.open(sqlite_url)

    async def append(n: int) -> None:
        await log.session_store().append(KEY._asdict(), [{"type": "note"}])  # type: ignore[arg-type]
        await AsyncLog(log).append(KEY, [{"type": "other", "n": n}])

    for n, backend in enumerate(("asyncio", "trio", "asyncio")):
        anyio.run(append, n, backend=backend)
    assert len(list(islice(log.iter_entries(KEY), 10))) == 4
    log.close()


async def test_read_models_are_kept_and_waited_for(store_url: str) -> None:
    from turnlog.domain.errors import NotCaughtUp

    async with await turnlog.open_async(store_url) as log:
        appended = await log.append(KEY, [{"type": "mode", "mode": "new"}])
        with pytest.raises(NotCaughtUp):
            await log.wait_for(appended.position, "audit", timeout=0.01)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.project, lambda: False)
            await log.wait_for(appended.position, "audit", timeout=60)
            tasks.cancel_scope.cancel()
        assert {health.lag for health in await log.projections() if health.name == "audit"} == {0}
