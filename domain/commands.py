"""Where one goes in a session, and whether it is there: what makes no sense is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import events as e
from .details import LONGEST_NAME, must_be_present
from .entry import CHECKPOINT, FILE, keyed
from .errors import Refused
from .lineage import Lineage
from .points import Place
from .session import SessionState

_AUTOMATIC = re.compile(r"(prompt|turn)-[0-9]+")


def checkpoint(
    state: SessionState,
    name: str,
    taken: bool,
    label: str | None = None,
    actor: str | None = None,
) -> list[e.SessionEvent]:
    """Name the head, so that one may come back to it.

    Args:
        taken: whether the live branch has a checkpoint of that name already.
    """
    must_be_present(state)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            f"a checkpoint needs a printable name of 1 to {LONGEST_NAME} characters, "
            f"got {name!r:.80}"
        )
    if _AUTOMATIC.fullmatch(name):
        raise Refused(f"{name!r} is the name of an automatic checkpoint; choose another")
    if taken:
        raise Refused(f"this session has a checkpoint {name!r} already; choose another name")
    return [
        e.CheckpointCreated(
            branch=state.branch,
            identity=CHECKPOINT + name.encode(),
            checkpoint_id=name,
            anchor=state.version,
            turn=state.live.turns,
            prompt=state.live.prompts,
            label=label,
            actor=actor,
        )
    ]


def rewind(
    state: SessionState,
    place: Place,
    past: SessionState,
    base: Lineage | None = None,
    checkpoint_id: str | None = None,
    reason: str | None = None,
    actor: str | None = None,
) -> list[e.SessionEvent]:
    """Make an earlier point the head.

    Args:
        place: the last version kept, and its branch.
        past: what the kept entries add up to.
        base: for a point within what a fork took over: the lineage kept of it.
    """
    must_be_present(state)
    return [
        e.SessionRewound(
            branch=state.branch,
            target=place.version,
            target_branch=place.branch,
            target_late=place.late_upto,
            target_among=place.among,
            target_base=base,
            checkpoint_id=checkpoint_id,
            leaf=past.leaf.hex() if past.leaf else None,
            leaf_version=past.leaf_version,
            figures=past.live,
            status=past.status,  # type: ignore[arg-type]
            stop_reason=past.stop_reason,
            titles=past.titles,
            reason=reason,
            actor=actor,
        )
    ]


def start_fork(
    state: SessionState, origin: SessionState, at: e.Origin, base: Lineage, past: SessionState
) -> list[e.SessionEvent]:
    """Begin a session that takes over another's past. No entry is copied."""
    if state.presence != "absent":
        raise Refused(f"session {state.key.session_id!r} exists already; fork into a new one")
    started = e.SessionStarted(
        project_key=state.key.project_key,
        session_id=state.key.session_id,
        source="api",
        forked_from=at,
        base=base,
        figures=past.live,
        leaf=past.leaf.hex() if past.leaf else None,
        user_id=origin.user_id,
        working_dir=origin.working_dir,
        git_branch=origin.git_branch,
        machine=origin.machine,
        prompt=past.title or origin.title,
        metadata=origin.metadata,
    )
    if past.status == state.status:
        return [started]
    status = e.StatusChanged(status=past.status, stop_reason=past.stop_reason)  # type: ignore[arg-type]
    return [started, status]


def delete(state: SessionState, reason: str | None, actor: str | None) -> list[e.SessionEvent]:
    """Take the session off the lists. What is not there, or gone already, stays so."""
    if state.presence in ("absent", "deleted", "erased"):
        return []
    return [e.SessionDeleted(branch=state.branch, reason=reason, actor=actor)]


def restore(state: SessionState, reason: str | None, actor: str | None) -> list[e.SessionEvent]:
    """Take a deletion or an archiving back."""
    if state.presence not in ("deleted", "archived"):
        raise Refused(
            f"session {state.key.session_id!r} is {state.presence}: there is no deletion to undo"
        )
    return [e.SessionRestored(branch=state.branch, reason=reason, actor=actor)]


def remember_prompt(
    state: SessionState,
    salt: bytes,
    prompt: str,
    at: int | None,
    pasted: Mapping[str, Any],
) -> e.PromptRemembered:
    """Note a prompt of which only the CLI's history tells."""
    return e.PromptRemembered(
        branch=state.branch,
        occurred_at=at,
        identity=keyed(FILE, salt, str(at).encode(), prompt.encode("utf-8", "surrogatepass")),
        prompt=prompt,
        pasted=dict(pasted),
    )
