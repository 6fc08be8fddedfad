"""The SDK's store: what arrives in whatever way is recorded once, and resumed as it came."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import anyio
import pytest
from claude_agent_sdk.testing import run_session_store_conformance

import turnlog
from tests.support.config_dir import write_lines
from tests.support.conversations import PER_PROMPT, Entries, conversation
from tests.support.mirrors import mirror_at_once
from tests.support.transcripts import Transcript
from turnlog import InvalidKey, Log, SessionKey, StorageError

one_loop = pytest.mark.parametrize("anyio_backend", ["asyncio"])
"""For what does not depend on the event loop."""


async def test_the_contracts_of_the_sdk_hold(new_log: Callable[[], Log]) -> None:
    await run_session_store_conformance(lambda: new_log().session_store())


ARRIVALS: dict[str, Callable[[Entries], list[Entries]]] = {
    "once": lambda all: [all],
    "twice": lambda all: [all, all],
    "again in part": lambda all: [all[:8], all[4:]],
    "again as the parts of a whole": lambda all: [all, all[:3], all[3:9], all[9:]],
    "one by one, then all": lambda all: [*([entry] for entry in all), all],
    "twice within a batch": lambda all: [[*all[:6], *all[2:]]],
    "a batch late": lambda all: [all[:4], all[7:], all[4:7]],
    "a batch late, and again in part": lambda all: [all[:4], all[7:], all[2:9]],
    "two batches late, the later one first": lambda all: [all[:2], all[9:], all[5:9], all[2:5]],
}


@one_loop
@pytest.mark.parametrize("arrive", ARRIVALS.values(), ids=ARRIVALS)
async def test_however_entries_arrive_each_is_loaded_once_in_its_place(
    log: Log, key: Any, arrive: Callable[[Entries], list[Entries]]
) -> None:
    """A retry, a regrouping or a late landing must never double an entry, lose or move one."""
    store, entries = log.session_store(), conversation()

    for batch in arrive(entries):
        await store.append(key, batch)

    assert await store.load(key) == entries
    assert log.verify(key).holds


@one_loop
async def test_a_retried_batch_leaves_its_lines_without_uuid_once(log: Log, key: Any) -> None:
    """The SDK tries a batch three times: a title, a mode, must never be there three times."""
    store = log.session_store()
    first = [title("A"), *conversation(1), title("B"), title("A")]
    second: Entries = [{"type": "mode", "mode": "plan"}, {"type": "mode", "mode": "normal"}]

    for batch in (first, first, second, first, second):
        await store.append(key, batch)

    assert await store.load(key) == [*first, *second]
    assert log.state(key).title == "A"


def title(text: str) -> dict[str, Any]:
    return {"type": "custom-title", "customTitle": text, "sessionId": "s"}


@one_loop
async def test_two_processes_may_mirror_the_same_session(log: Log, key: Any) -> None:
    """Overlapping batches of two processes must never double an entry or lose one."""
    if log.url in ("memory:", "sqlite://"):
        pytest.skip("a log in memory belongs to one process")
    entries = conversation(12)
    ends = list(accumulate([1, 2, 3, 5, 8] * 3))

    def batches(overlap: int) -> Iterator[Entries]:
        for start, end in zip([0, *ends], [*ends, len(entries)], strict=True):
            yield entries[max(0, start - overlap) : end]

    mirror_at_once(log.url, key, list(batches(0)), list(batches(4)))

    loaded = await log.session_store().load(key)
    assert loaded == entries
    assert log.verify(key).holds


async def test_many_tasks_may_append_at_once(log: Log, key: Any) -> None:
    """Appends that wait for one another must never starve, under either event loop."""
    store, entries = log.session_store(), conversation(2)
    keys = [{**key, "session_id": f"session-{n}"} for n in range(40)]

    async with anyio.create_task_group() as tasks:
        for one in keys:
            tasks.start_soon(store.append, one, entries)

    assert [await store.load(one) for one in keys] == [entries] * len(keys)


# -- what cannot be recorded ----------------------------------------------------------------------


@one_loop
@pytest.mark.parametrize(
    "key",
    [
        {},
        {"project_key": "p"},
        {"project_key": "p", "session_id": ""},
        {"project_key": "p", "session_id": 7},
        {"project_key": "p", "session_id": "s" * 10_000},
    ],
)
async def test_a_key_that_names_no_session_is_refused(log: Log, key: Any) -> None:
    with pytest.raises(InvalidKey):
        await log.session_store().append(key, [{"type": "x"}])


@one_loop
@pytest.mark.parametrize("name", ["a/b", "..", "\0", "\n", "\ud83d", "é" * 20, "%2F", "C:\\x"])
async def test_any_other_key_is_a_session_of_its_own(log: Log, key: Any, name: str) -> None:
    store, entries = log.session_store(), conversation(1)
    odd: Any = {"project_key": key["project_key"] + name, "session_id": name, "subpath": name}
    main: Any = {name: odd[name] for name in ("project_key", "session_id")}

    await store.append(odd, entries)
    await store.append(main, entries[:1])

    assert await store.load(odd) == entries
    assert await store.load(main) == entries[:1]
    assert await store.list_subkeys(main) == [name]
    assert [one["session_id"] for one in await store.list_sessions(odd["project_key"])] == [name]


@one_loop
async def test_a_store_that_cannot_write_says_so(tmp_path: Path) -> None:
    """Acknowledged is durable: an append that was not kept must never look as if it was."""
    log = turnlog.open(f"sqlite:///{tmp_path}/turnlog.db")
    store = log.session_store()
    log.close()

    with pytest.raises(StorageError):
        await store.append({"project_key": "p", "session_id": "s"}, [{"type": "x"}])


async def test_an_append_that_was_given_up_may_still_land_and_is_known_again(
    log: Log, key: Any
) -> None:
    """A database that hangs must never hang the agent, nor double what lands in the end."""
    store, entries = log.session_store(), conversation(1)
    held, go_on = threading.Event(), threading.Event()
    await store.append(key, entries[:1])

    def hold(transaction: Any) -> None:
        transaction.open(SessionKey.of(key))
        held.set()
        go_on.wait()

    holder = threading.Thread(target=log.store.write, args=(hold,))
    holder.start()
    held.wait()
    with anyio.move_on_after(0.05) as scope:
        await store.append(key, entries)
    assert scope.cancelled_caught
    go_on.set()
    holder.join()

    await store.append(key, entries)

    assert await store.load(key) == entries


@one_loop
@pytest.mark.parametrize("arrived", [[0, 2, 3], [0, 2, 1, 3], [0, 3, 2, 1], [0, 3, 1], [2, 3], [1]])
async def test_what_was_lost_or_late_is_imported_with_its_lines_without_uuid(
    log: Log, key: Any, tmp_path: Path, arrived: list[int]
) -> None:
    """The lines before an entry that waits must never be there twice, nor before what was lost."""
    prompts = [conversation(4)[n : n + PER_PROMPT] for n in range(0, 4 * PER_PROMPT, PER_PROMPT)]
    queued = {"type": "queue-operation", "operation": "enqueue"}
    lines = [
        [{**queued, "content": n}, *entries, {"type": "last-prompt", "lastPrompt": str(n)}]
        for n, entries in enumerate(prompts)
    ]
    whole = [line for batch in lines for line in batch]
    project = tmp_path / "projects" / key["project_key"].replace("/", "-")
    write_lines(project / f"{key['session_id']}.jsonl", whole)

    imported = SessionKey(project.name, key["session_id"])
    for n in arrived:
        await log.session_store().append(imported._asdict(), lines[n])  # type: ignore[arg-type]
    log.import_claude(tmp_path / "projects", workers=1)
    log.import_claude(tmp_path / "projects", workers=1)

    assert log.load(imported) == whole
    assert log.state(imported).gaps == 0


# -- what is resumed -------------------------------------------------------------------------------


@one_loop
async def test_after_a_rewind_only_the_live_branch_is_loaded(log: Log, key: Any) -> None:
    store, entries = log.session_store(), conversation()
    await store.append(key, entries)

    log.rewind(key, "prompt:1")

    assert await store.load(key) == entries[:4]
    await store.append(key, entries[4:])
    assert await store.load(key) == entries[:4], "what comes again hangs on the abandoned branch"


@one_loop
async def test_a_fork_is_loaded_with_what_it_took_over(log: Log, key: Any) -> None:
    store, entries = log.session_store(), conversation()
    await store.append(key, entries)
    child: Any = log.fork(key, at="prompt:2").child._asdict()
    own = Transcript(seed=2)
    own.leaf = entries[7]["uuid"]
    own.prompt("Something else")

    await store.append(child, own.entries)

    assert await store.load(child) == [*entries[:8], *own.entries]
    assert await store.load(key) == entries


@one_loop
async def test_a_subagent_is_there_while_its_call_is(log: Log, key: Any) -> None:
    """A resume must never be handed the subagent of a branch that was left."""
    store, main = log.session_store(), Transcript()
    main.prompt("How is the sea?")
    main.answer("I look.")
    main.prompt("And the boats?")
    call = main.answer(tools=[("Task", {"prompt": "Count.", "description": "Count boats"})])
    agent = main.subagent(call.tools[0])
    agent.answer("Three.")
    main.subagent_result(agent, "Three.")
    subpath = f"subagents/agent-{agent.agent_id}"
    meta = {"type": "agent_metadata", **agent.meta}
    await store.append({**key, "subpath": subpath}, [meta, *agent.entries])
    await store.append(key, main.entries)
    assert await store.list_subkeys(key) == [subpath]

    log.rewind(key, "prompt:1")

    assert await store.list_subkeys(key) == []
    assert await store.load({**key, "subpath": subpath}) is None
    log.rewind(key, f"message:{main.entries[-1]['uuid']}")
    assert await store.list_subkeys(key) == [subpath]


@one_loop
async def test_sessions_belong_to_the_user_of_the_store(log: Log, key: Any) -> None:
    await log.session_store(user_id="ada").append(key, conversation(1))
    await log.session_store(user_id="bob").append(key, conversation(2))

    assert log.state(key).user_id == "ada"
