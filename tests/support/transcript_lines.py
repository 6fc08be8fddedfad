"""The lines of a synthetic transcript that are no conversation, and how lines are chained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from .entries import SONNET, Entry, Ids, milliseconds, no_usage, timestamp

LAST_OLD_VERSION = (2, 1, 42)
"""Up to here entries carry no ``promptId``, and their output tokens are placeholders."""


class TranscriptLines:
    """A growing list of entries, each with the next uuid and the next moment of its seed."""

    def __init__(
        self,
        session_id: str | None = None,
        *,
        cwd: str = "/home/ada/shop",
        version: str = "2.1.237",
        seed: int = 1,
        model: str = SONNET,
        branch: str = "main",
        start: str = "2026-09-14T09:00:00Z",
        agent_id: str | None = None,
    ) -> None:
        self.ids = Ids((seed, session_id, agent_id))
        self.session_id = session_id or self.ids.uuid()
        self.agent_id = agent_id
        self.seed = seed
        self.cwd, self.version, self.branch, self.model = cwd, version, branch, model
        self.now = milliseconds(start)
        """Milliseconds since 1970, UTC."""
        self.entries: list[Entry] = []
        self.leaf: str | None = None
        """The uuid that the next entry hangs on; set it to an older one to branch off there."""
        self.prompt_id: str | None = None
        self.prompts: list[tuple[Entry, str]] = []
        """What people asked: the entry, and what they typed."""

    @property
    def is_old(self) -> bool:
        return tuple(map(int, self.version.split("."))) <= LAST_OLD_VERSION

    def wait(self, **time: float) -> None:
        """Let time pass; takes what ``timedelta`` takes."""
        self.now += timedelta(**time) // timedelta(milliseconds=1)

    # -- entries in the chain ----------------------------------------------------------------------

    def user(self, content: Any, **fields: Any) -> Entry:
        """A user entry of any content."""
        return self.chained("user", message={"role": "user", "content": content}, **fields)

    def attachment(self, kind: str, **body: Any) -> Entry:
        """What the CLI attaches of its own accord: reminders, hook output, listings."""
        return self.chained("attachment", attachment={"type": kind, **body})

    def system(self, subtype: str, **body: Any) -> Entry:
        """What the CLI notes: ``turn_duration``, ``stop_hook_summary``, ``informational``, …"""
        return self.chained("system", subtype=subtype, **{"isMeta": False, **body})

    def progress(self, kind: str, tool_use_id: str, **body: Any) -> Entry:
        """A sign of life of a running tool: ``bash_progress``, ``hook_progress``, …"""
        data = {"type": kind, **body}
        return self.chained(
            "progress", data=data, toolUseID=f"{kind}-0", parentToolUseID=tool_use_id
        )

    def interrupt(self, *, for_tool_use: bool = False) -> Entry:
        """The person pressed Escape."""
        text = f"[Request interrupted by user{' for tool use' if for_tool_use else ''}]"
        return self.user([{"type": "text", "text": text}])

    def api_error(self, text: str = "API Error: Overloaded", error: str = "overloaded") -> Entry:
        """What the CLI writes in the model's place when the API did not answer."""
        message = {
            "id": self.ids.uuid(),
            "model": "<synthetic>",
            "role": "assistant",
            "stop_reason": "stop_sequence",
            "stop_sequence": "",
            "type": "message",
            "usage": no_usage(),
            "content": [{"type": "text", "text": text}],
        }
        return self.chained("assistant", message=message, error=error, isApiErrorMessage=True)

    def chained(self, kind: str, **body: Any) -> Entry:
        """An entry with a uuid, hanging on the leaf, which it becomes itself."""
        self._tick(1, 300)
        entry: Entry = {"parentUuid": self.leaf, "isSidechain": self.agent_id is not None}
        if kind == "user" and not self.is_old:
            entry["promptId"] = self.prompt_id or self.ids.uuid()
        if self.agent_id is not None:
            entry["agentId"] = self.agent_id
        entry |= {"type": kind, **body}
        entry |= {"uuid": self.ids.uuid(), "timestamp": timestamp(self.now), **self._envelope()}
        self.entries.append(entry)
        self.leaf = entry["uuid"]
        return entry

    # -- lines without uuid ------------------------------------------------------------------------

    def title(self, text: str, kind: Literal["ai", "custom"] = "ai") -> Entry:
        return self.line(f"{kind}-title", {f"{kind}Title": text})

    def mode(self, mode: str = "normal") -> Entry:
        return self.line("mode", {"mode": mode})

    def permission_mode(self, mode: str = "default") -> Entry:
        return self.line("permission-mode", {"permissionMode": mode})

    def last_prompt(self, text: str | None = None) -> Entry:
        """Without a text: the latest prompt, as the CLI repeats it when it stops."""
        shown = self.prompts[-1][1] if text is None else text
        return self.line("last-prompt", {"lastPrompt": shown, "leafUuid": self.leaf})

    def tag(self, tag: str) -> Entry:
        """An empty tag takes the tag away."""
        return self.line("tag", {"tag": tag})

    def queue_operation(
        self, operation: Literal["enqueue", "dequeue", "remove"], content: str | None = None
    ) -> Entry:
        self._tick(1, 300)
        body = {"operation": operation, "timestamp": timestamp(self.now)}
        return self.line(
            "queue-operation", body if content is None else body | {"content": content}
        )

    def summary(self, text: str) -> Entry:
        """The title of older CLIs; it names no session."""
        entry = {"type": "summary", "summary": text, "leafUuid": self.leaf}
        self.entries.append(entry)
        return entry

    def snapshot(
        self, files: Mapping[str, int] | None = None, *, message_id: str | None = None
    ) -> Entry:
        """The files as they were at a prompt (the latest one): their paths, each with a version."""
        message_id = message_id or self.prompts[-1][0]["uuid"]
        moment = timestamp(self.now)
        backups = {
            path: {"backupFileName": f"{n:016x}@v{v}", "version": v, "backupTime": moment}
            for n, (path, v) in enumerate((files or {}).items(), start=0x94137C1A)
        }
        snapshot = {
            "messageId": message_id,
            "trackedFileBackups": backups,
            "timestamp": moment,
        }
        entry = {
            "type": "file-history-snapshot",
            "messageId": message_id,
            "snapshot": snapshot,
            "isSnapshotUpdate": False,
        }
        self.entries.append(entry)
        return entry

    def cost_state(self, dollars: Mapping[str, float], *, seconds: int = 60) -> Entry:
        """The CLI's own running total, which it saves for the next resume, by model."""
        nothing = dict.fromkeys(
            ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"), 0
        )
        models = {
            name: {**nothing, "webSearchRequests": 0, "costUSD": cost}
            for name, cost in dollars.items()
        }
        return self.line(
            "cost-state",
            {
                "totalCostUSD": sum(dollars.values()),
                "totalAPIDuration": seconds * 1000,
                "totalToolDuration": 0,
                "totalLinesAdded": 0,
                "totalLinesRemoved": 0,
                "totalDuration": seconds * 1000,
                "startTime": self.now - seconds * 1000,
                "modelUsage": models,
                "hasUnknownModelCost": False,
            },
        )

    def line(self, kind: str, body: Mapping[str, Any]) -> Entry:
        """A line without uuid, of any kind."""
        entry = {"type": kind, **body, "sessionId": self.session_id}
        self.entries.append(entry)
        return entry

    # ----------------------------------------------------------------------------------------------

    def _envelope(self) -> Entry:
        entrypoint = {} if self.is_old else {"entrypoint": "cli"}
        return {
            "userType": "external",
            **entrypoint,
            "cwd": self.cwd,
            "sessionId": self.session_id,
            "version": self.version,
            "gitBranch": self.branch,
        }

    def _tick(self, shortest: int, longest: int) -> None:
        self.now += self.ids.pause(shortest, longest)
