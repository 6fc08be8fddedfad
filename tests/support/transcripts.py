"""A builder of synthetic transcripts, line for line in the shapes that the CLI writes.

Every method appends entries and returns what it appended; the same calls with the same seed give
the same transcript, byte for byte::

    s = Transcript(seed=1)
    s.prompt("Why is the checkout slow?")
    s.run("Read", {"file_path": "/home/ada/shop/cart.py"}, "def total(cart): ...")
    s.answer("The total is computed once per row.")
    s.write(config_dir)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from . import config_dir, forks
from .entries import (
    Entry,
    milliseconds,
    numbered,
    timestamp,
    tool_use_result,
    unfinished_usage,
    usage,
)
from .transcript_lines import TranscriptLines

ToolCall = tuple[str, Mapping[str, Any]]
"""A tool's name and what it is called with."""

SYSTEM_PROMPT = 14_000  # tokens, with the descriptions of the tools


@dataclass(frozen=True)
class Answer:
    """One response of the model: an entry for every content block, all with one message id."""

    entries: list[Entry]
    message_id: str
    tools: tuple[str, ...]
    """The ids of its tool calls."""

    @property
    def uuid(self) -> str:
        """Of its last entry."""
        return str(self.entries[-1]["uuid"])


@dataclass(frozen=True)
class Call:
    """A tool call, and the entry that holds it."""

    name: str
    given: Mapping[str, Any]
    uuid: str


class Transcript(TranscriptLines):
    """A session's main transcript, or one of its subagents'."""

    def __init__(self, session_id: str | None = None, **settings: Any) -> None:
        """Takes cwd, version, seed, model, branch, start and agent_id (see ``TranscriptLines``)."""
        super().__init__(session_id, **settings)
        self.calls: dict[str, Call] = {}
        """The tool calls made so far, by id."""
        self.subagents: list[Transcript] = []
        self.meta: dict[str, Any] = {}
        """What a subagent's ``.meta.json`` holds."""
        self.cached_tokens, self.unread_tokens = 0, SYSTEM_PROMPT

    def prompt(self, text: str, *, prompt_id: str | None = None, **fields: Any) -> Entry:
        """A person asks. Entries that share a ``prompt_id`` belong to one prompt."""
        self._tick(20_000, 180_000)
        self.prompt_id = prompt_id or self.ids.uuid()
        entry = self.user(text, permissionMode="default", **fields)
        self.prompts.append((entry, text))
        return entry

    def command(
        self, name: str, args: str = "", *, output: str = "", expands_to: str | None = None
    ) -> list[Entry]:
        """A slash command: what was typed and what the CLI printed, or what the model is given."""
        self._tick(5_000, 60_000)
        self.prompt_id = self.ids.uuid()
        tags = {"command-name": f"/{name}", "command-message": name, "command-args": args}
        typed = "\n            ".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
        first = len(self.entries)
        if expands_to is None:
            self.user("<local-command-caveat>Caveat: …</local-command-caveat>", isMeta=True)
        entry = self.user(typed)
        self.prompts.append((entry, f"/{name} {args}".rstrip()))
        if expands_to is not None:
            self.user([{"type": "text", "text": expands_to}], isMeta=True)
        elif self.is_old:
            self.user(f"<local-command-stdout>{output}</local-command-stdout>")
        else:
            printed = f"<local-command-stdout>{output}</local-command-stdout>"
            self.system("local_command", content=printed, level="info")
        return self.entries[first:]

    def user(self, content: Any, **fields: Any) -> Entry:
        self.unread_tokens += len(str(content)) // 4
        return super().user(content, **fields)

    def answer(
        self,
        text: str = "",
        *,
        thinking: str | None = None,
        tools: Sequence[ToolCall] = (),
        model: str | None = None,
        usage: Mapping[str, Any] | None = None,
        output: Literal["grows", "repeated", "placeholder"] | None = None,
        stop_reason: str | None = None,
        message_id: str | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """The model answers: thinking, then text, then tool calls.

        Args:
            usage: arguments of ``entries.usage`` that replace what the texts would give.
            output: how the entries count the response's output tokens: growing up to the figure in
                the last one (the default), the same figure in each, or a placeholder in each (the
                default for old CLIs).
        """
        calls = [(self.ids.tool_use(), name, dict(given)) for name, given in tools]
        blocks = self._blocks(text, thinking, calls)
        final = self._usage(blocks, usage or {})
        output = output or ("placeholder" if self.is_old else "grows")
        message_id = message_id or self.ids.message()
        request_id = request_id or self.ids.request()
        reason = stop_reason or ("tool_use" if calls else "end_turn")
        entries = []
        for n, block in enumerate(blocks, start=1):
            finished = output == "repeated" or (output == "grows" and n == len(blocks))
            so_far = {**final} if finished else unfinished_usage(final, output_tokens=n)
            message = {
                "model": model or self.model,
                "id": message_id,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": reason if finished else None,
                "stop_sequence": None,
                "usage": so_far,
            }
            self._tick(300, 4_000)
            entry = self.chained("assistant", message=message, requestId=request_id)
            entries.append(entry)
            if block["type"] == "tool_use":
                self.calls[block["id"]] = Call(block["name"], block["input"], entry["uuid"])
        return Answer(entries, message_id, tuple(call_id for call_id, _, _ in calls))

    def tool_result(
        self, tool_use_id: str, content: str, *, structured: Any = None, is_error: bool = False
    ) -> Entry:
        """What a tool answered. It hangs on the entry of its call, wherever others went meanwhile.

        Args:
            structured: the ``toolUseResult``, in place of what the tool's kind would give.
        """
        call = self.calls[tool_use_id]
        if structured is None:
            structured = tool_use_result(call.name, call.given, content)
        block: Entry = {"tool_use_id": tool_use_id, "type": "tool_result", "content": content}
        if is_error:
            structured = f"Error: {content}"
            block["is_error"] = True
        elif call.name == "Read":
            block["content"] = numbered(content)
        self._tick(20, 5_000)
        self.leaf = call.uuid
        return self.user([block], toolUseResult=structured, sourceToolAssistantUUID=call.uuid)

    def run(
        self,
        name: str,
        given: Mapping[str, Any],
        result: str,
        *,
        structured: Any = None,
        is_error: bool = False,
        **answer: Any,
    ) -> Answer:
        """A response that calls one tool (``answer`` takes the rest), and what the tool said."""
        response = self.answer(tools=[(name, given)], **answer)
        self.tool_result(response.tools[0], result, structured=structured, is_error=is_error)
        return response

    def compact(
        self, summary: str, *, trigger: Literal["auto", "manual"] = "auto"
    ) -> tuple[Entry, Entry]:
        """The conversation goes on from a summary of itself."""
        metadata = {"trigger": trigger, "preTokens": self.cached_tokens + self.unread_tokens}
        before, self.leaf = self.leaf, None
        boundary = self.system(
            "compact_boundary",
            logicalParentUuid=before,
            content="Conversation compacted",
            level="info",
            compactMetadata=metadata,
        )
        self.cached_tokens, self.unread_tokens = 0, SYSTEM_PROMPT
        return boundary, self.user(summary, isVisibleInTranscriptOnly=True, isCompactSummary=True)

    def subagent(self, tool_use_id: str, *, model: str | None = None) -> Transcript:
        """The transcript of the subagent that a Task call starts; its prompt is there already."""
        given = self.calls[tool_use_id].given
        agent = Transcript(
            self.session_id,
            cwd=self.cwd,
            version=self.version,
            seed=self.seed,
            model=model or self.model,
            branch=self.branch,
            start=timestamp(self.now),
            agent_id=self.ids.agent(),
        )
        agent.meta = {
            "agentType": given.get("subagent_type", "general-purpose"),
            "description": given.get("description", ""),
            "toolUseId": tool_use_id,
        }
        agent.prompt_id = self.prompt_id
        agent.user(given["prompt"])
        self.subagents.append(agent)
        return agent

    def subagent_result(self, agent: Transcript, text: str) -> Entry:
        """What a subagent reported, told to the transcript that called it."""
        tool_use_id = agent.meta["toolUseId"]
        last = next(e for e in reversed(agent.entries) if e["type"] == "assistant")
        tokens = last["message"]["usage"]
        structured = {
            "status": "completed",
            "prompt": self.calls[tool_use_id].given["prompt"],
            "agentId": agent.agent_id,
            "agentType": agent.meta["agentType"],
            "content": [{"type": "text", "text": text}],
            "totalDurationMs": agent.now - milliseconds(agent.entries[0]["timestamp"]),
            "totalTokens": sum(n for name, n in tokens.items() if name.endswith("_tokens")),
            "totalToolUseCount": len(agent.calls),
            "usage": tokens,
        }
        self.now = max(self.now, agent.now)
        return self.tool_result(tool_use_id, text, structured=structured)

    def fork(self, at: str | None = None, *, by: Literal["cli", "sdk"] = "cli") -> Self:
        """A new session that starts with this one up to the entry ``at`` (all of it).

        The CLI copies the rows as they are, session id and all; the SDK gives each a new uuid and
        says where it comes from.
        """
        return (forks.copy_rows if by == "cli" else forks.remap_rows)(self, at)

    def write(self, directory: Path, **layout: Any) -> Path:
        """Write the files of this session into a configuration directory (``config_dir.write``)."""
        return config_dir.write(self, directory, **layout)

    def _blocks(
        self, text: str, thinking: str | None, calls: Sequence[tuple[str, str, Entry]]
    ) -> list[Entry]:
        blocks: list[Entry] = []
        if thinking is not None:
            signature = self.ids.signature(300 + len(thinking))
            blocks.append({"type": "thinking", "thinking": thinking, "signature": signature})
        if text or not (blocks or calls):
            blocks.append({"type": "text", "text": text})
        for call_id, name, given in calls:
            blocks.append({"type": "tool_use", "id": call_id, "name": name, "input": given})
        return blocks

    def _usage(self, blocks: Sequence[Entry], given: Mapping[str, Any]) -> Entry:
        written = sum(len(str(block)) for block in blocks) // 4
        lifetime = "cache_creation_1h" if self.agent_id is None else "cache_creation_5m"
        final = usage(
            **{
                "output_tokens": max(written, len(blocks)),
                "cache_read_input_tokens": self.cached_tokens,
                lifetime: self.unread_tokens,
                **given,
            }
        )
        self.cached_tokens += self.unread_tokens
        self.unread_tokens = written
        return final
