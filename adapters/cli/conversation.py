"""A conversation as one reads it: prompts, answers, tool calls folded to a line or two."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rich.text import Text

from ..claude.tool_calls import content_text, typed
from .figures import moment, tokens
from .page import Page
from .safe_text import clean, one_line
from .tool_lines import SHOWN, answered, call_in_full, called

_TAG = re.compile(r"<(/?)[a-z][a-z-]*>")
_OUTPUT = ("<local-command-stdout", "<local-command-stderr", "<bash-stdout", "<bash-stderr")


class Told(NamedTuple):
    """How much of a conversation is told."""

    thinking: bool = False
    full: bool = False


class Conversation:
    """Writes the entries of one stream onto a page, in their order."""

    def __init__(
        self,
        page: Page,
        told: Told,
        directory: str | None = None,
        on_call: Callable[[str], None] | None = None,
    ) -> None:
        """Take the page, and who is told of each tool call's id (to show a subagent there)."""
        self._page = page
        self._told = told
        self._directory = directory
        self._on_call = on_call
        self._calls: dict[str, str] = {}
        self._last_call: str | None = None
        self._turn = 0
        self._margin = ""
        """The turn that began, until it is written beside something."""

    def show(
        self, entry: Mapping[str, Any], prompt: int, turn: int, asks: bool, at: int | None
    ) -> None:
        """Write one entry.

        Args:
            prompt, turn: how many there are up to it.
            asks: whether it is a prompt.
            at: when, in milliseconds since 1970 UTC.
        """
        kind = entry.get("type")
        message = entry.get("message")
        content = message.get("content") if isinstance(message, Mapping) else None
        if asks:
            self.ask(content_text(content), prompt, at)
        elif kind == "assistant":
            if turn > self._turn:
                self._turn, self._margin = turn, f"turn:{turn}"
            self._answer(content, entry.get("isApiErrorMessage") is True)
        elif kind == "user":
            self._user(entry, content)
        elif kind == "system":
            self._system(entry)

    def ask(self, text: str, prompt: int, at: int | None) -> None:
        """A person asks."""
        self._page.gap()
        self._page.rule(f"prompt:{prompt}", moment(at))
        self._said(text)
        self._page.gap()
        self._last_call = None

    def _said(self, text: str) -> None:
        lines = clean(typed(text)).strip().split("\n")
        for n, line in enumerate(lines):
            self._page.put(Text(line, "person"), "> " if n == 0 else "  ", "  ")

    def _answer(self, content: Any, failed: bool) -> None:
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        for block in blocks:
            if not isinstance(block, Mapping):
                continue
            kind, text = block.get("type"), block.get("text")
            if kind == "tool_use":
                self._call(block)
            elif kind == "thinking" and self._told.thinking:
                self._think(str(block.get("thinking") or ""))
            elif isinstance(text, str) and text.strip():
                if self._last_call is not None:
                    self._page.gap()
                self._page.prose(clean(text), "  ", "bad" if failed else "", self._beside())
                self._page.gap()
                self._last_call = None

    def _beside(self) -> str:
        told, self._margin = self._margin, ""
        return told

    def _think(self, text: str) -> None:
        lines = [line for line in clean(text).strip().split("\n") if line.strip()]
        for n, line in enumerate(lines):
            beside = self._beside() if n == 0 else ""
            self._page.put(Text(line, "quiet italic"), "✻ " if n == 0 else "  ", "  ", beside)
        self._page.gap()

    def _call(self, block: Mapping[str, Any]) -> None:
        name, given = one_line(str(block.get("name"))), block.get("input")
        line = Text.assemble(("● ", "good"), (name, "tool"))
        told = called(name, given, self._directory)
        if told:
            line.append(f"  {told}")
        room = self._page.width - 2
        if line.cell_len > room and not self._told.full:
            line.truncate(room, overflow="ellipsis")
        self._page.put(line, then="  ", margin=self._beside())
        if self._told.full:
            for more in call_in_full(given).split("\n"):
                self._page.put(Text(more, "quiet"), "    ", "    ")
        self._last_call = str(block.get("id"))
        self._calls[self._last_call] = name
        if self._on_call is not None:
            self._on_call(self._last_call)

    def _result(self, block: Mapping[str, Any]) -> None:
        call = str(block.get("tool_use_id"))
        name = self._calls.get(call, "")
        result = answered(name, block, self._told.full)
        style = "bad" if result.failed else "quiet"
        sign = "✗ " if result.failed else "└ "
        if call != self._last_call and name:
            sign += f"{name}: "
        lines = result.lines or (["failed"] if result.failed else [])
        if result.more:
            lines = [*lines, f"… {result.more} more"]
        for n, line in enumerate(lines):
            text = Text(line, style)
            before = "  " + (sign if n == 0 else "  ")
            if not self._told.full:
                text.truncate(self._page.width - len(before), overflow="ellipsis")
            self._page.put(text, before, "    ")

    def _user(self, entry: Mapping[str, Any], content: Any) -> None:
        results = [
            block
            for block in (content if isinstance(content, list) else [])
            if isinstance(block, Mapping) and block.get("type") == "tool_result"
        ]
        for block in results:
            self._result(block)
        text = content_text(content).strip()
        if results or not text or entry.get("isMeta"):
            return
        if entry.get("isCompactSummary"):
            self._note(text, SHOWN)
        elif text.startswith(_OUTPUT):
            self._note(_TAG.sub("", text), SHOWN)
        elif text.startswith(("[Request interrupted", "<")):
            self._note(_TAG.sub(" ", text), 1)
        else:
            self._said(text)
            self._page.gap()

    def _note(self, text: str, lines: int) -> None:
        found = [line for line in clean(text).split("\n") if line.strip()]
        shown = found if self._told.full else found[:lines]
        for n, line in enumerate(shown):
            told = Text(line, "quiet")
            if not self._told.full:
                told.truncate(self._page.width - 4, overflow="ellipsis")
            self._page.put(told, "  └ " if n == 0 else "    ", "    ")
        if len(found) > len(shown):
            self._page.put(Text(f"… {len(found) - len(shown)} more", "quiet"), "    ")

    def _system(self, entry: Mapping[str, Any]) -> None:
        kind, content = entry.get("subtype"), entry.get("content")
        if kind == "compact_boundary":
            meta = entry.get("compactMetadata")
            before = meta.get("preTokens") if isinstance(meta, Mapping) else None
            told = f"{tokens(before)} tokens" if isinstance(before, int) else ""
            self._page.rule("the context was summarized here", told, "left")
        elif kind == "message" and isinstance(message := entry.get("message"), Mapping):
            self._note(content_text(message.get("content")), SHOWN)
        elif kind in ("local_command", "api_error", "informational") and isinstance(content, str):
            self._note(_TAG.sub("", content), SHOWN)
