"""What nobody expects to find in a transcript, and the mirror hands over all the same."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.support.conversations import conversation
from turnlog import Log, events

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])


def deep(levels: int, inmost: Any = None) -> Any:
    value: Any = [inmost]
    for _ in range(levels - 1):
        value = [value]
    return value


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("not to be spelled")


HALF = "\ud83d"
"""One half of a surrogate pair: no UTF-8, and JSON all the same."""

STRANGE: dict[str, Any] = {
    "no type": {"uuid": "1"},
    "types of its own": {"type": 5, "uuid": 7, "timestamp": [], "message": 1, "cwd": {}},
    "NaN and infinities": {"type": "x", "n": [math.nan, math.inf, -math.inf]},
    "2^70": {"type": "x", "n": 2**70},
    "NUL": {"type": "user", "message": {"role": "user", "content": "a\0b"}, "cwd": "/\0"},
    "half a character": {"type": "user", "message": {"content": HALF}, "cwd": HALF},
    "half a character in ids": {"type": "user", "uuid": HALF, "parentUuid": HALF + "1"},
    "half a character in a title": {"type": "custom-title", "customTitle": HALF},
    "half a character in a tag": {"type": "tag", "tag": HALF},
    "half a character in a response": {
        "type": "assistant",
        "message": {
            "id": HALF,
            "model": HALF,
            "content": [{"type": "tool_use", "name": "Task", "id": HALF}],
            "usage": {"output_tokens": 2**80},
        },
        "requestId": HALF,
    },
    "half a character in a subagent's call": {"type": "agent_metadata", "toolUseId": HALF},
    "half a character in a compaction": {
        "type": "system",
        "subtype": "compact_boundary",
        "compactMetadata": {"trigger": HALF},
    },
    "a cost that is no number": {"type": "cost-state", "totalCostUSD": math.nan},
    "a cost beyond measure": {"type": "cost-state", "totalCostUSD": 10**400},
    "a time before all time": {"type": "x", "timestamp": "0001-01-01T00:00:00Z"},
    "a uuid of 10,000 characters": {
        "type": "user",
        "uuid": "u" * 10_000,
        "parentUuid": "p" * 9_999,
    },
    "10,000 levels": {"type": "x", "n": deep(10_000)},
    "a megabyte of text": {"type": "user", "message": {"content": "é" * 500_000}},
}


@pytest.mark.parametrize("entry", STRANGE.values(), ids=STRANGE)
async def test_a_strange_entry_is_recorded_and_loaded_as_it_came(
    log: Log, key: Any, entry: Any
) -> None:
    """After three errors the SDK drops a whole batch: content must never be one."""
    store, usual = log.session_store(), conversation(1)

    await store.append(key, [*usual[:2], entry, *usual[2:]])

    loaded: Any = await store.load(key)
    assert same(loaded, [*usual[:2], entry, *usual[2:]])
    assert await store.list_session_summaries(key["project_key"]) is not None
    assert log.verify(key).holds


def same(one: Any, other: Any) -> bool:
    """Deep equality that takes NaN for itself, tells 1 from 1.0, and has no depth of its own."""
    pairs = [(one, other)]
    while pairs:
        a, b = pairs.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if list(a) != list(b):
                return False
            pairs += [(a[name], b[name]) for name in a]
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif a != b and not (a != a and b != b):
            return False
    return True


NO_ENTRIES: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a text": "half a line",
    "a list": [{"type": "user"}],
    "an object with numbers for names": {1: 2},
    "an object of Python's": {"type": "x", "n": object()},
    "a class that cannot be spelled": Unspeakable(),
    "an object of Python's below 10,000 levels": {"type": "x", "n": deep(10_000, object())},
}


@pytest.mark.parametrize("entry", NO_ENTRIES.values(), ids=NO_ENTRIES)
async def test_what_is_no_entry_is_kept_as_corrupt_and_the_rest_recorded(
    log: Log, key: Any, entry: Any
) -> None:
    """One bad entry must never take the others of its batch with it, nor vanish itself."""
    store, usual = log.session_store(), conversation(1)

    await store.append(key, [*usual[:2], entry, *usual[2:]])

    assert await store.load(key) == usual
    kept = [one.event for one in log.events(key) if isinstance(one.event, events.EntryCorrupted)]
    assert [bool(event.body) for event in kept] == [True]
