"""A session as one value, now or at a point: all that is known of it, and what the model said.

Nothing of this is stored for the purpose: counts and titles follow from the events, and the text
is read from the entries.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..adapters.claude.tool_calls import content_text, typed
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain.entry import Mark
from ..domain.events import Origin
from ..domain.keys import SessionKey
from ..domain.points import Point
from ..domain.session import GONE, SessionState
from ..domain.usage import Usage
from ..time.lineages import event_at, lineage_to
from ..time.transcribing import Line, transcript_of
from ..time.travelling import find_place, state_of


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
    """What was asked first; of a session begun by hand, what was told of that."""
    text: str
    """What the model said on the live branch; see ``Said``."""
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
    said = Said(stream)
    if stream.state.presence not in GONE:
        said.listen(transcript_of(reader, stream, line))
    return record_of(reader, stream, state, said)


def record_of(
    reader: Reader, stream: Stream, state: SessionState, said: Said, upto: int | None = None
) -> SessionRecord:
    """A state with what was said.

    Args:
        upto: how many lines of the transcript count; None for all.
    """
    first, last = _recorded_at(reader, stream, state)
    return SessionRecord(
        key=state.key,
        presence=state.presence,
        status=state.status,
        stop_reason=state.stop_reason,
        title=state.title,
        prompt=_asked_first(state, said.prompt(upto)),
        text=said.text(upto),
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
    first, last = (event_at(reader, stream, v, "none").recorded_at for v in wanted)
    return first, last


def _asked_first(state: SessionState, said: str | None) -> str | None:
    """What the transcript has; but what was told of a session that was begun by hand goes first.

    The state has no more than the beginning of it.
    """
    told = state.titles.get("prompt")
    if not told or not said:
        return told or said
    return told if state.source == "api" and not said.startswith(told) else said


class Said:
    """What the model said, and what it was asked first, up to any line of a transcript.

    The text is that of its responses, in the order of the transcript. A blank line stands between
    two blocks, but nothing behind a response that ``max_tokens`` cut off: what comes next goes on
    with it. Thinking, tool calls, errors and what the CLI says itself are left out.
    """

    def __init__(self, stream: Stream) -> None:
        self._main = stream.key.subpath is None
        self._pieces: list[str] = []
        self._lines: list[int] = []
        """Of each piece, the number of its line."""
        self._asked: tuple[int, str] | None = None
        self._goes_on = True

    def listen(self, lines: Iterable[Line]) -> None:
        """Take a transcript in, from its first line on."""
        for number, line in enumerate(lines, 1):
            if line.asks and self._asked is None:
                self._asked = number, typed(content_text(_content(line.entry)))
            elif line.marks & Mark.ASSISTANT and not line.marks & Mark.ERROR:
                self._answer(number, line.entry, bool(line.marks & Mark.TRUNCATED))

    def _answer(self, number: int, entry: Mapping[str, Any], cut_off: bool) -> None:
        message = entry.get("message")
        written = isinstance(message, Mapping) and message.get("model") == "<synthetic>"
        if written or (self._main and entry.get("isSidechain") is True):
            return
        for text in _texts(_content(entry)):
            self._pieces.append(text if self._goes_on else f"\n\n{text}")
            self._lines.append(number)
            self._goes_on = False
        self._goes_on = self._goes_on or cut_off

    def text(self, upto: int | None = None) -> str:
        """What was said up to a line, counted from 1; None for all."""
        count = None if upto is None else bisect_right(self._lines, upto)
        return "".join(self._pieces[:count])

    def prompt(self, upto: int | None = None) -> str | None:
        """What was asked first; None where nothing was up to there."""
        if self._asked is None or (upto is not None and self._asked[0] > upto):
            return None
        return self._asked[1]


def _content(entry: Mapping[str, Any]) -> Any:
    message = entry.get("message")
    return message.get("content") if isinstance(message, Mapping) else None


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content] if content else []
    blocks = content if isinstance(content, list) else []
    texts = (b.get("text") for b in blocks if isinstance(b, Mapping) and b.get("type") == "text")
    return [text for text in texts if isinstance(text, str) and text]
