"""Entry streams of any length, distributed like those of real sessions, all from a seed.

Half of the entries are below 1.2 KB, one in twenty is above 9 KB, the mean is 2.3 KB, and they
compress as real transcripts do. For property tests and benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from .author import Author, repository
from .entries import HAIKU, OPUS, SONNET, Entry, Ids, patch
from .transcripts import ToolCall, Transcript

T = TypeVar("T")

CONTEXT_WINDOW = 160_000
"""Tokens after which a session is compacted."""


def entries(count: int, *, seed: int = 1, **settings: Any) -> list[Entry]:
    """The first ``count`` entries of a session."""
    return session(count, seed=seed, **settings).entries


def sessions(count: int, entries_each: int, *, seed: int = 1) -> Iterator[Transcript]:
    """Several sessions in a few projects, of several models."""
    ids, models = Ids(("sessions", seed)), (SONNET, OPUS, HAIKU)
    for n in range(count):
        cwd = f"/home/ada/{('shop', 'atlas', 'field-notes')[n % 3]}"
        model = models[n // 3 % 3]
        yield session(
            entries_each, seed=seed * 1_000_003 + n, session_id=ids.uuid(), cwd=cwd, model=model
        )


def session(count: int, *, seed: int = 1, **settings: Any) -> Transcript:
    """A session of exactly ``count`` entries; ``settings`` are those of a Transcript."""
    transcript = Transcript(seed=seed, **settings)
    script = Script(transcript, Author(seed))
    while len(transcript.entries) < count:
        script.play_prompt()
    del transcript.entries[count:]
    return transcript


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Runs of ``size`` items; the last one may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Script:
    """Plays a person and a model that work on one repository."""

    def __init__(self, transcript: Transcript, author: Author) -> None:
        self.transcript, self.author, self.chance = transcript, author, author.chance
        self.files = repository(transcript.cwd)
        self.title = author.title()

    def play_prompt(self) -> None:
        """A person asks, the model works and answers, and the CLI writes down where it stands."""
        s, author = self.transcript, self.author
        if s.cached_tokens > CONTEXT_WINDOW:
            s.compact(author.prose(8_000))
        s.prompt(author.prose(author.length(140, 1.2, 20_000)))
        s.snapshot({path: 1 for path, _ in self.files[: self.chance.randint(0, 12)]})
        for _ in range(self.chance.randint(1, 14)):
            self._play_step()
        s.answer(author.prose(author.length(500, 0.7, 8_000)))
        self._close()

    def _play_step(self) -> None:
        s, author = self.transcript, self.author
        many = self.chance.random() < 0.12
        calls = [self._call() for _ in range(self.chance.randint(2, 4) if many else 1)]
        thinking = author.prose(author.length(500, 1.1, 12_000))
        answer = s.answer(
            author.prose(author.length(200, 0.8, 4_000)) if self.chance.random() < 0.4 else "",
            thinking=thinking if self.chance.random() < 0.5 else None,
            tools=[call for call, _, _ in calls],
            output="repeated" if self.chance.random() < 0.7 else "grows",
        )
        for tool_use_id, (_, result, structured) in zip(answer.tools, calls, strict=True):
            self._hook(f"PreToolUse:{s.calls[tool_use_id].name}", tool_use_id)
            if self.chance.random() < 0.12:
                s.progress("bash_progress", tool_use_id, output=author.output(200), totalLines=4)
            failed = self.chance.random() < 0.04
            s.tool_result(tool_use_id, result, structured=structured, is_error=failed)
            self._hook(f"PostToolUse:{s.calls[tool_use_id].name}", tool_use_id)

    def _call(self) -> tuple[ToolCall, str, Any]:
        """A tool call, its result, and its structured result where that differs."""
        author = self.author
        path, content = self.chance.choice(self.files)
        path = f"{self.transcript.cwd}/{path}"
        length = author.length(1_100, 1.9, 60_000)
        match self.chance.choices(("Bash", "Read", "Edit", "Grep", "Write"), (50, 22, 18, 5, 5))[0]:
            case "Read":
                return ("Read", {"file_path": path}), author.excerpt(content, length), None
            case "Edit":
                old = author.excerpt(content, author.length(250, 1.0, 4_000))
                new = old + "\n" + author.code(author.length(120, 1.0, 4_000))
                given = {"file_path": path, "old_string": old, "new_string": new}
                structured = {
                    "filePath": path,
                    "oldString": old,
                    "newString": new,
                    "originalFile": content,
                    "structuredPatch": [patch(old, new)],
                    "userModified": False,
                    "replaceAll": False,
                }
                return ("Edit", given), f"The file {path} has been updated.", structured
            case "Write":
                written = author.code(author.length(1_200, 1.0, 20_000))
                return ("Write", {"file_path": path, "content": written}), f"Wrote {path}.", None
            case "Grep":
                return (
                    ("Grep", {"pattern": "def "}),
                    "\n".join(p for p, _ in self.files[:9]),
                    None,
                )
            case _:
                command = (
                    f"cd {self.transcript.cwd} && {author.prose(author.length(60, 1.0, 1_500))}"
                )
                given = {"command": command, "description": author.title()}
                return ("Bash", given), author.output(length // 2), None

    def _hook(self, name: str, tool_use_id: str) -> None:
        if self.chance.random() < 0.55:
            command = "${CLAUDE_PROJECT_DIR}/.claude/hooks/notify.sh"
            self.transcript.attachment(
                "hook_success",
                hookName=name,
                toolUseID=tool_use_id,
                hookEvent=name.partition(":")[0],
                content="",
                stdout="",
                stderr="",
                exitCode=0,
                command=command,
                durationMs=self.chance.randint(4, 90),
            )

    def _close(self) -> None:
        s = self.transcript
        s.system("stop_hook_summary", hookCount=1, hookErrors=[], preventedContinuation=False)
        s.system("turn_duration", durationMs=self.chance.randint(900, 90_000))
        if self.chance.random() < 0.2:
            s.queue_operation("enqueue", self.author.prose(200))
            s.queue_operation("dequeue")
        s.last_prompt(s.prompts[-1][1][:200])
        if self.chance.random() < 0.05:
            self.title = self.author.title()
        s.title(self.title)
        s.mode()
        s.permission_mode()
