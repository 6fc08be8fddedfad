"""Mirrors of a session in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any

import anyio

import turnlog

Batches = Sequence[Sequence[dict[str, Any]]]


def mirror_at_once(url: str, key: Any, *mirrors: Batches) -> None:
    """Append batches to one session from several processes that begin at the same moment.

    Args:
        url: of a log that exists.
        key: of the session.
        mirrors: what each process appends, one batch after the other.
    """
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(len(mirrors))
    processes = [
        context.Process(target=_mirror, args=(url, key, batches, start)) for batches in mirrors
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)


def _mirror(url: str, key: Any, batches: Batches, start: Any) -> None:
    async def append() -> None:
        async with await turnlog.open_async(url) as log:
            store = log.session_store()
            start.wait()
            for batch in batches:
                await store.append(key, list(batch))  # type: ignore[arg-type]

    anyio.run(append)
