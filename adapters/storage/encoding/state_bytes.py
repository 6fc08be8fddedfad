"""A session's state and memory as bytes, for the head of its stream and for snapshots."""

from __future__ import annotations

from typing import Any

from ....domain.batch import Memory
from ....domain.events import Figures, Origin
from ....domain.keys import SessionKey
from ....domain.lineage import Cut, Lineage, Segment
from ....domain.session import SessionState
from ....domain.usage import Response, Usage
from .json_bytes import decode, encode

FORMAT = 1
"""Snapshots of another format are passed over: the events give the same state."""
_HEX = ("leaf",)
_SAME = (
    "version",
    "presence",
    "life",
    "source",
    "user_id",
    "working_dir",
    "git_branch",
    "machine",
    "called_by",
    "status",
    "announced",
    "stop_reason",
    "titles",
    "cli_tag",
    "metadata",
    "first_at",
    "last_at",
    "branch",
    "leaf_version",
    "entries",
    "remembered",
    "late",
    "gaps",
    "turns_seen",
    "message_id",
    "cli_version",
    "cost_counter",
    "continuations",
)


def dump_state(state: SessionState) -> bytes:
    """Write a state; fields at their defaults are left out."""
    values = state.__dict__
    plain: dict[str, Any] = {"format": FORMAT}
    plain |= {name: value for name in _SAME if (value := values[name]) or value == 0}
    for name in _HEX:
        if values[name] is not None:
            plain[name] = values[name].hex()
    if state.tags:
        plain["tags"] = list(state.tags)
    if state.models:
        plain["models"] = list(state.models)
    if state.forked_from is not None:
        plain["forked_from"] = list(state.forked_from)
    if state.branches:
        plain["branches"] = [
            [branch, cut.parent, cut.upto, cut.late_upto, _lists(cut.base)]
            + ([list(cut.among)] if cut.among else [])
            for branch, cut in state.branches.items()
        ]
    if state.base:
        plain["base"] = _lists(state.base)
    plain["live"] = [*state.live[:3], list(state.live.usage)]
    plain["billed"] = list(state.billed)
    if state.response is not None:
        plain["response"] = [
            state.response.turn,
            list(state.response.counters),
            state.response.finished,
            state.response.suspicious,
            state.response.characters,
        ]
    return _pack(plain)


def load_state(key: SessionKey, data: bytes) -> SessionState | None:
    """Read a state; None where it has another format."""
    found = _unpack(data)
    if found.pop("format", None) != FORMAT:
        return None
    for name in _HEX:
        if name in found:
            found[name] = bytes.fromhex(found[name])
    for name in ("tags", "models"):
        if name in found:
            found[name] = tuple(found[name])
    if "forked_from" in found:
        found["forked_from"] = Origin(*found["forked_from"])
    if "branches" in found:
        found["branches"] = {
            branch: Cut(parent, upto, late, _segments(base), *map(tuple, among))
            for branch, parent, upto, late, base, *among in found["branches"]
        }
    if "base" in found:
        found["base"] = _segments(found["base"])
    prompts, turns, entries, usage = found["live"]
    found["live"] = Figures(prompts, turns, entries, Usage(*usage))
    found["billed"] = Usage(*found["billed"])
    if "response" in found:
        turn, counters, *rest = found["response"]
        found["response"] = Response(turn, Usage(*counters), *rest)
    return SessionState(key, **found)


def dump_memory(memory: Memory) -> bytes:
    """Write what a stream remembers of its last batches."""
    return _pack(
        {
            "salt": memory.salt.hex(),
            "batches": list(memory.batches),
            "latest": memory.latest,
            "branch": memory.branch,
            "prompt_id": memory.prompt_id,
        }
    )


def load_memory(data: bytes) -> Memory:
    """Read it back."""
    found = _unpack(data)
    return Memory(
        bytes.fromhex(found["salt"]),
        tuple(found["batches"]),
        found["latest"],
        found.get("branch", 0),
        found["prompt_id"],
    )


def _lists(base: Lineage) -> list[list[Any]]:
    return [segment.plain for segment in base]


def _segments(lists: list[list[Any]]) -> Lineage:
    return tuple(Segment(*values[:5], *map(tuple, values[5:])) for values in lists)


def _pack(plain: dict[str, Any]) -> bytes:
    data, careful = encode(plain)
    return b" " + data if careful else data


def _unpack(data: bytes) -> dict[str, Any]:
    found = decode(data.lstrip(b" "), data[:1] == b" ")
    assert isinstance(found, dict)
    return found
