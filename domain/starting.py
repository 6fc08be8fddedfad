"""A session that begins with the entries that arrive: what the first of them say of it."""

from __future__ import annotations

from . import events as e
from .batch import FIRST_PROMPT, Batch
from .session import GONE, SessionState


def started(state: SessionState, batch: Batch) -> e.SessionStarted:
    """The beginning of a stream, or of the next life of one that is gone."""
    key, prompt = state.key, _first(batch, "prompt_text")
    return e.SessionStarted(
        # A new life begins a branch of its own.
        branch=state.version + 1 if state.presence in GONE else state.branch,
        project_key=key.project_key,
        session_id=key.session_id,
        subpath=key.subpath,
        source=batch.source,
        user_id=batch.user_id,
        machine=batch.machine,
        working_dir=_first(batch, "working_dir"),
        git_branch=_first(batch, "git_branch"),
        prompt=prompt[:FIRST_PROMPT] if prompt is not None else None,
        model=_first(batch, "model"),
        called_by=_first(batch, "called_by"),
    )


def _first(batch: Batch, field: str) -> str | None:
    return next(filter(None, (getattr(entry, field) for entry in batch.entries)), None)
