"""What is told of a session by hand: its title, tags, metadata, status, attempts to go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from . import events as e
from .errors import Refused
from .session import THERE, SessionState
from .statuses import known

LONGEST_NAME = 200
LONGEST_TITLE = 10_000
LONGEST_METADATA = 65_536
"""Characters of JSON: the state carries it along."""
MOST_TAGS = 1_000


def rename(
    state: SessionState, title: str | None, actor: str | None = None
) -> list[e.SessionEvent]:
    """Give the session a title of its own; None takes it away. The same again changes nothing."""
    must_be_present(state)
    if title is not None and (
        not isinstance(title, str) or not title.strip() or len(title) > LONGEST_TITLE
    ):
        raise Refused(f"a title needs 1 to {LONGEST_TITLE} characters, got {title!r:.80}")
    if state.titles.get("custom", "") == (title or ""):
        return []
    return [e.SessionRenamed(branch=state.branch, title=title or "", actor=actor)]


def retag(
    state: SessionState, tags: Iterable[str], actor: str | None = None
) -> list[e.SessionEvent]:
    """Replace the tags."""
    must_be_present(state)
    tags = tuple(dict.fromkeys(_tags(tags)))
    if len(tags) > MOST_TAGS:
        raise Refused(f"a session has at most {MOST_TAGS:,} tags, not {len(tags):,}")
    if tags == state.tags:
        return []
    return [e.SessionTagged(branch=state.branch, tags=tags, actor=actor)]


def change_tags(
    state: SessionState, add: Iterable[str], remove: Iterable[str], actor: str | None = None
) -> list[e.SessionEvent]:
    """Add tags and take others away; those that are there, or not there, change nothing."""
    gone = set(_tags(remove))
    kept = [tag for tag in state.tags if tag not in gone]
    return retag(state, [*kept, *_tags(add)], actor)


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise Refused(f"tags come as a list of texts, got {tags!r:.80}")
    tags = tuple(tags)
    for tag in tags:
        if not isinstance(tag, str) or not tag.strip() or len(tag) > LONGEST_NAME:
            raise Refused(f"a tag needs 1 to {LONGEST_NAME} characters, got {tag!r:.80}")
    return tags


def set_metadata(
    state: SessionState, metadata: Mapping[str, Any], actor: str | None = None
) -> list[e.SessionEvent]:
    """Replace the metadata."""
    must_be_present(state)
    metadata = plain(metadata)
    if metadata == state.metadata:
        return []
    return [e.MetadataChanged(branch=state.branch, metadata=metadata, actor=actor)]


def change_metadata(
    state: SessionState, add: Mapping[str, Any], remove: Iterable[str], actor: str | None = None
) -> list[e.SessionEvent]:
    """Add to the metadata, a value in place of one of the same name, and take others away."""
    if isinstance(remove, str):
        raise Refused(f"names of metadata come as a list, got {remove!r:.80}")
    gone = set(remove)
    kept = {name: value for name, value in state.metadata.items() if name not in gone}
    return set_metadata(state, kept | plain(add), actor)


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as JSON has it, which is what is read back.

    Raises:
        Refused: JSON cannot say it, or not in so many characters.
    """
    if not isinstance(metadata, Mapping) or not all(isinstance(name, str) for name in metadata):
        raise Refused(f"metadata is an object with names and values, got {metadata!r:.80}")
    try:
        text = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise Refused(f"metadata must be JSON: {problem}") from None
    if len(text) > LONGEST_METADATA:
        raise Refused(
            f"metadata of {len(text):,} characters; at most {LONGEST_METADATA:,} fit, "
            "more belongs into an entry"
        )
    found: dict[str, Any] = json.loads(text)
    return found


def change_status(
    state: SessionState,
    status: e.Status,
    stop_reason: str | None = None,
    why: str | None = None,
    actor: str | None = None,
) -> list[e.SessionEvent]:
    """Set the status by hand; it holds until the transcript says otherwise."""
    must_be_present(state)
    status = known(status)
    if stop_reason is not None and not (
        isinstance(stop_reason, str) and 0 < len(stop_reason) <= LONGEST_NAME
    ):
        raise Refused(
            f"a stop_reason needs 1 to {LONGEST_NAME} characters, got {stop_reason!r:.80}"
        )
    same = stop_reason in (None, state.stop_reason)
    if status == state.status == state.announced and same:
        return []
    return [
        e.StatusChanged(
            branch=state.branch, status=status, stop_reason=stop_reason, why=why, actor=actor
        )
    ]


def attempt_continuation(
    state: SessionState, why: str | None = None, actor: str | None = None
) -> list[e.SessionEvent]:
    """Note that the application tries to go on with an interrupted answer."""
    must_be_present(state)
    attempt = state.continuations + 1
    return [e.ContinuationAttempted(branch=state.branch, attempt=attempt, why=why, actor=actor)]


def must_be_present(state: SessionState) -> None:
    """Only what is there can be changed.

    Raises:
        Refused: it is not, or not any more.
    """
    if state.presence in THERE:
        return
    told = {
        "absent": "does not exist; see `turnlog sessions`",
        "deleted": "is deleted; take that back with `turnlog undelete` first",
        "erased": "is erased for good",
    }[state.presence]
    raise Refused(f"session {state.key.session_id!r} {told}")
