"""A session as one value, now or at a point: all that is known of it, and what the model said.

Nothing of this is stored for the purpose: counts and titles follow from the events, and the text
is read from the entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..adapters.claude.tool_calls import content_text, typed
from ..adapters.storage.contract import Reader, Stream
from ..domain.entry import Mark
from ..domain.events import Origin
from ..domain.keys import SessionKey
from ..domain.lineage import Lineage
from ..domain.points import Point
from ..domain.session import GONE, SessionState
from ..domain.usage import Usage
from ..time.transcribing import Line, transcript_of
from ..time.travelling import find_place, lineage_to, state_of
from .finding import CheckpointRow


class SessionRecord(NamedTuple):
    """A session, whole. Times in milliseconds since 1970 UTC."""

    key: SessionKey
    presence: str
    """present, archived, deleted or erased."""
    status: str
    stop_reason: str | None
    """Why the last answer ended; None while one is waited for."""
    title: str | None
    prompt: str | None
    """What was asked first."""
    text: str
    """What the model said on the live branch; see ``text_of``."""
    usage: Usage
    """Tokens of the live branch, subagents' left out."""
    billed: Usage
    """Tokens of every branch; going back does not make them come back."""
    prompts: int
    turns: int
    entries: int
    continuations: int
    """How often somebody tried to go on with an interrupted answer."""
    user_id: str | None
    working_dir: str | None
    git_branch: str | None
    models: tuple[str, ...]
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    source: str
    forked_from: Origin | None
    created_at: int
    """When it began by its own account, else when it was recorded first."""
    updated_at: int
    """When its last entry was written by its own account, else when its last event was recorded."""
    version: int


class CheckpointRecord(NamedTuple):
    """A checkpoint, with the session as it was there."""

    row: CheckpointRow
    then: SessionRecord

    @property
    def name(self) -> str:
        """Its id."""
        return self.row.name

    @property
    def turn(self) -> int:
        """After how many turns it stands."""
        return self.then.turns

    @property
    def text(self) -> str:
        """What the model had said."""
        return self.then.text

    @property
    def usage(self) -> Usage:
        """Tokens of the live branch up to there."""
        return self.then.usage


def whole(reader: Reader, stream: Stream, point: Point | None = None) -> SessionRecord:
    """A session now, or as it was at a point.

    Raises:
        PointNotFound: it has no such point.
        DamagedEvent: an entry cannot be read.
    """
    state, line = stream.state, stream.state.lineage
    if point is not None:
        state = state_of(reader, stream, point)
        line = lineage_to(stream, find_place(reader, stream, point))
    prompt, text = state.titles.get("prompt"), ""
    if stream.state.presence not in GONE:
        said, text = _said(reader, stream, line)
        prompt = said or prompt
    return _record(reader, stream, state, prompt, text)


def _record(
    reader: Reader, stream: Stream, state: SessionState, prompt: str | None, text: str
) -> SessionRecord:
    first, last = _recorded_at(reader, stream, state)
    return SessionRecord(
        key=state.key,
        presence=state.presence,
        status=state.status,
        stop_reason=state.stop_reason,
        title=state.title,
        prompt=prompt,
        text=text,
        usage=state.live.usage,
        billed=state.billed,
        prompts=state.live.prompts,
        turns=state.live.turns,
        entries=state.live.entries,
        continuations=state.continuations,
        user_id=state.user_id,
        working_dir=state.working_dir,
        git_branch=state.git_branch,
        models=state.models,
        tags=state.tags,
        metadata=state.metadata,
        source=state.source,
        forked_from=state.forked_from,
        created_at=state.first_at if state.first_at is not None else first,
        updated_at=state.last_at if state.last_at is not None else last,
        version=state.version,
    )


def _recorded_at(reader: Reader, stream: Stream, state: SessionState) -> tuple[int, int]:
    """When the first event of the present life was recorded, and the last one of a state."""
    wanted = (state.life + 1, max(state.version, state.life + 1))
    first, last = (next(iter(reader.events(stream, v - 1, v, "none"))).recorded_at for v in wanted)
    return first, last


def _said(reader: Reader, stream: Stream, line: Lineage) -> tuple[str | None, str]:
    """The first prompt, and what the model said."""
    prompt: list[str] = []

    def watched() -> Iterable[Line]:
        for one in transcript_of(reader, stream, line):
            if one.asks and not prompt:
                prompt.append(typed(content_text(_content(one.entry))))
            yield one

    text = text_of(watched(), main=stream.key.subpath is None)
    return (prompt[0] if prompt else None), text


def text_of(lines: Iterable[Line], main: bool = True) -> str:
    """What the model said: the blocks of text of its responses, in the order of the transcript.

    A blank line stands between two of them, but nothing behind a response that ``max_tokens`` cut
    off: what comes next goes on with it. Thinking, tool calls, errors and what the CLI says itself
    are left out.

    Args:
        main: whether it is the session's own transcript, not that of a subagent.
    """
    pieces: list[str] = []
    goes_on = True
    for line in lines:
        if not line.marks & Mark.ASSISTANT or line.marks & Mark.ERROR:
            continue
        entry = line.entry
        message = entry.get("message")
        written = isinstance(message, Mapping) and message.get("model") == "<synthetic>"
        if written or (main and entry.get("isSidechain") is True):
            continue
        for text in _texts(_content(entry)):
            pieces.append(text if goes_on else f"\n\n{text}")
            goes_on = False
        goes_on = goes_on or bool(line.marks & Mark.TRUNCATED)
    return "".join(pieces)


def _content(entry: Mapping[str, Any]) -> Any:
    message = entry.get("message")
    return message.get("content") if isinstance(message, Mapping) else None


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    blocks = content if isinstance(content, list) else []
    texts = (b.get("text") for b in blocks if isinstance(b, Mapping) and b.get("type") == "text")
    return [text for text in texts if isinstance(text, str) and text]
