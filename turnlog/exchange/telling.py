"""Entries told as pieces: a tool's answer goes with its call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..adapters.claude.tool_calls import content_text, typed, without_tags
from ..time.transcribing import Line
from .pieces import Answer, Asked, Call, LateAnswer, Note, Picture, Piece, Said, Summarized, Thought

MOST_WAITING = 256
"""Pieces that wait for the answer of a call before them; then they are told without it."""
_OUTPUT = ("<local-command-stdout", "<local-command-stderr", "<bash-stdout", "<bash-stderr")
_TOLD_OF_SYSTEM = ("local_command", "api_error", "informational")
_CALLS = ("tool_use", "server_tool_use", "mcp_tool_use")
_ANSWERS = (
    "tool_result",
    "mcp_tool_result",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
)


def tell(lines: Iterable[Line]) -> Iterator[Piece]:
    """Tell the lines of a conversation, in bounded memory."""
    teller = _Teller()
    for line in lines:
        teller.take(line)
        yield from teller.ready()
    yield from teller.rest()


class _Teller:
    """Holds the pieces behind a call until the call is answered."""

    def __init__(self) -> None:
        self._waiting: deque[Piece] = deque()
        self._open: dict[str, Call] = {}
        self._names: dict[str, str] = {}

    def take(self, line: Line) -> None:
        """The next entry."""
        entry = line.entry
        if not isinstance(entry, Mapping):
            return
        message = entry.get("message")
        content = message.get("content") if isinstance(message, Mapping) else None
        kind = entry.get("type")
        if line.asks:
            self._open.clear()  # whoever asks again waits for no answer any more
            text = typed(_said(content))
            self._put(Asked(line.prompt, text, _pictures(content), line.occurred_at))
        elif kind == "assistant":
            failed = entry.get("isApiErrorMessage") is True
            for block in _blocks(content):
                self._answered(block, failed, line)
        elif kind == "user":
            self._from_user(entry, content, line)
        elif kind == "system":
            self._from_system(entry)

    def ready(self) -> Iterator[Piece]:
        """What need not wait any longer."""
        while self._waiting:
            first = self._waiting[0]
            waits = isinstance(first, Call) and first.answer is None and first.id in self._open
            if waits and len(self._waiting) <= MOST_WAITING:
                return
            if isinstance(first, Call):
                self._open.pop(first.id, None)
            yield self._waiting.popleft()

    def rest(self) -> Iterator[Piece]:
        """What is left at the end."""
        self._open.clear()
        yield from self.ready()

    def _put(self, piece: Piece) -> None:
        self._waiting.append(piece)

    def _answered(self, block: Mapping[str, Any], failed: bool, line: Line) -> None:
        kind, text = block.get("type"), block.get("text")
        if kind in _CALLS:
            call = Call(str(block.get("id")), str(block.get("name")), block.get("input"))
            self._open[call.id] = call
            self._names[call.id] = call.name
            self._put(call)
        elif kind in _ANSWERS:
            self._result(block)
        elif kind == "thinking":
            if thought := str(block.get("thinking") or "").strip():
                self._put(Thought(thought))
        elif isinstance(text, str):
            if text.strip():
                self._put(Said(text, failed, line.turn, line.occurred_at))
        elif kind != "redacted_thinking":
            self._put(Note(f"[{kind or 'something'}]"))

    def _result(self, block: Mapping[str, Any]) -> None:
        content = block.get("content")
        failed = block.get("is_error") is True
        answer = Answer(_said(content), _pictures(content), failed)
        name = str(block.get("tool_use_id"))
        call = self._open.pop(name, None)
        if call is not None:
            call.answer = answer
        elif answer.text.strip() or answer.pictures:
            self._put(LateAnswer(self._names.get(name, ""), answer))

    def _from_user(self, entry: Mapping[str, Any], content: Any, line: Line) -> None:
        blocks = _blocks(content)
        results = [block for block in blocks if block.get("type") in _ANSWERS]
        for block in results:
            self._result(block)
        text = _said(content).strip()
        pictures = () if results else _pictures(content)
        if results or entry.get("isMeta") or not (text or pictures):
            return
        if entry.get("isCompactSummary"):
            self._put(Summarized(text, None))
        elif text.startswith(_OUTPUT) or text.startswith(("[Request interrupted", "<")):
            self._put(Note(without_tags(text).strip()))
        else:
            self._put(Asked(0, typed(text), pictures, line.occurred_at))

    def _from_system(self, entry: Mapping[str, Any]) -> None:
        kind, content = entry.get("subtype"), entry.get("content")
        if kind == "compact_boundary":
            meta = entry.get("compactMetadata")
            before = meta.get("preTokens") if isinstance(meta, Mapping) else None
            self._put(Summarized("", before if isinstance(before, int) else None))
        elif kind in _TOLD_OF_SYSTEM and isinstance(content, str):
            self._put(Note(without_tags(content).strip()))


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, list):
        return [block for block in content if isinstance(block, Mapping)]
    return [{"type": "text", "text": content}] if isinstance(content, str) else []


def _said(content: Any) -> str:
    """The text of a content, its pictures left out: they are told apart."""
    if isinstance(content, list):
        content = [b for b in content if not isinstance(b, Mapping) or b.get("type") != "image"]
    return content_text(content)


def _pictures(content: Any) -> tuple[Picture, ...]:
    found = []
    for block in _blocks(content):
        source = block.get("source")
        if block.get("type") == "image" and isinstance(source, Mapping):
            data = source.get("data")
            media = str(source.get("media_type"))
            found.append(Picture(media, data if isinstance(data, str) else ""))
    return tuple(found)
