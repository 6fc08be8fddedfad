"""How sessions are forked: the CLI copies rows, the SDK rewrites them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, TypeVar

from .entries import Entry, timestamp

if TYPE_CHECKING:
    from .transcripts import Transcript

T = TypeVar("T", bound="Transcript")

TITLES = ("customTitle", "aiTitle")
NOT_COPIED_BY_THE_SDK = ("teamName", "agentName", "slug", "sourceToolAssistantUUID")


def copy_rows(parent: T, at: str | None) -> T:
    """Verbatim rows, with the parent's uuids and its session id."""
    child = _sibling(parent)
    child.entries = deepcopy(_up_to(parent.entries, at))
    child.leaf = at or parent.leaf
    return child


def remap_rows(parent: T, at: str | None) -> T:
    """New uuids, ``forkedFrom`` on each row; only the conversation comes along."""
    child = _sibling(parent)
    chain = [row for row in _up_to(parent.entries, at) if "parentUuid" in row]
    by_uuid = {row["uuid"]: row for row in chain}
    new = {row["uuid"]: child.ids.uuid() for row in chain}
    kept = [row for row in chain if row["type"] != "progress"]

    def parent_of(row: Entry) -> str | None:
        above = by_uuid.get(row["parentUuid"])
        while above is not None and above["type"] == "progress":
            above = by_uuid.get(above["parentUuid"])
        return None if above is None else new[above["uuid"]]

    for row in kept:
        logical = row.get("logicalParentUuid")
        copy = deepcopy(row) | {
            "uuid": new[row["uuid"]],
            "parentUuid": parent_of(row),
            "logicalParentUuid": logical and new.get(logical),
            "sessionId": child.session_id,
            "isSidechain": False,
            "forkedFrom": {"sessionId": parent.session_id, "messageUuid": row["uuid"]},
        }
        for field in NOT_COPIED_BY_THE_SDK:
            copy.pop(field, None)
        child.entries.append(copy)
    child.entries[-1]["timestamp"] = timestamp(child.now)
    child.leaf = child.entries[-1]["uuid"]
    moment = {"uuid": child.ids.uuid(), "timestamp": timestamp(child.now)}
    child.line("custom-title", {"customTitle": f"{_title(parent)} (fork)", **moment})
    return child


def _sibling(parent: T) -> T:
    """An empty session that goes on where the parent is; its uuids are its own."""
    child = type(parent)(
        parent.ids.uuid(),
        cwd=parent.cwd,
        version=parent.version,
        seed=parent.seed,
        model=parent.model,
        branch=parent.branch,
        start=timestamp(parent.now),
    )
    child.calls = dict(parent.calls)
    child.cached_tokens, child.unread_tokens = parent.cached_tokens, parent.unread_tokens
    return child


def _up_to(entries: list[Entry], at: str | None) -> list[Entry]:
    if at is None:
        return entries
    last = next(n for n, entry in enumerate(entries) if entry.get("uuid") == at)
    return entries[: last + 1]


def _title(parent: Transcript) -> str:
    """The latest title that a person gave, else the model's, else the first prompt."""
    titles = {kind: entry[kind] for entry in parent.entries for kind in TITLES if entry.get(kind)}
    for kind in TITLES:
        if kind in titles:
            return str(titles[kind])
    return parent.prompts[0][1] if parent.prompts else "Forked session"
