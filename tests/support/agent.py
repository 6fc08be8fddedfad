"""The real Claude Agent SDK and its bundled CLI, in surroundings of their own."""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from claude_agent_sdk import (
    ClaudeAgentOptions,
    Message,
    ResultError,
    ResultMessage,
    SessionStore,
    project_key_for_directory,
    query,
)

from tests.support.model import NAME, Model

TOOLS = ["Agent", "Bash", "Read", "Write"]
ENOUGH = 120  # seconds for one conversation: it takes about one


@dataclass(frozen=True)
class Agent:
    """An agent that works in `project` and talks to `model`; each conversation is a new process."""

    model: Model
    project: Path

    @property
    def project_key(self) -> str:
        return project_key_for_directory(self.project)

    async def converse(
        self,
        *prompts: str,
        store: SessionStore | None,
        resume: str | None = None,
        home: Path | None = None,
        **options: Any,
    ) -> list[Message]:
        """Ask `prompts` one after the other in one run of the CLI.

        Args:
            prompts: what the person types; each is answered before the next.
            store: where the session is mirrored to, and resumed from; None for its files alone.
            resume: the id of the session to go on with.
            home: the home directory; by default an empty one, removed afterwards.
            options: more of `ClaudeAgentOptions`.

        Returns:
            The messages of all answers; each prompt's end with a `ResultMessage`.
        """
        with contextlib.ExitStack() as stack:
            if home is None:
                empty = tempfile.TemporaryDirectory(prefix="turnlog-home-")
                home = Path(stack.enter_context(empty))
            stack.enter_context(surroundings(home, self.model.url))
            with anyio.fail_after(ENOUGH):
                return await _ask(prompts, self._options(store, resume, options))

    def _options(
        self, store: SessionStore | None, resume: str | None, more: dict[str, Any]
    ) -> ClaudeAgentOptions:
        return ClaudeAgentOptions(
            cwd=self.project,
            model=NAME,
            session_store=store,
            resume=resume,
            setting_sources=[],
            allowed_tools=TOOLS,
            permission_mode="acceptEdits",  # the CLI refuses to bypass permissions for root
            **more,
        )


async def _ask(prompts: Sequence[str], options: ClaudeAgentOptions) -> list[Message]:
    # Not ClaudeSDKClient: it hangs up at the last result, and what the CLI writes then, the
    # cost-state among it, never reaches the store. `query` lets the CLI finish.
    answered = [anyio.Event() for _ in prompts]

    async def typed() -> AsyncIterator[dict[str, Any]]:
        for before, prompt in zip([None, *answered], prompts, strict=False):
            if before:
                await before.wait()
            message = {"role": "user", "content": prompt}
            yield {"type": "user", "message": message, "parent_tool_use_id": None, "session_id": ""}

    messages: list[Message] = []
    try:
        async for message in query(prompt=typed(), options=options):
            messages.append(message)
            if isinstance(message, ResultMessage):
                answered[len(results(messages)) - 1].set()
    except ResultError:
        if not any(result.is_error for result in results(messages)):
            raise  # else it only repeats the result that the caller is given
    return messages


@contextlib.contextmanager
def surroundings(home: Path, model_url: str) -> Iterator[None]:
    """Replace the whole environment of this process: the CLI inherits it, whatever options say."""
    scratch = home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(
        HOME=str(home),
        PATH=os.defpath,
        LANG="C.UTF-8",
        TMPDIR=str(scratch),
        CLAUDE_CODE_TMPDIR=str(scratch),
        CLAUDE_CONFIG_DIR=str(home / ".claude"),
        ANTHROPIC_BASE_URL=model_url,
        ANTHROPIC_API_KEY="a-key-for-nobody",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        DISABLE_AUTOUPDATER="1",
        DISABLE_ERROR_REPORTING="1",
        DISABLE_TELEMETRY="1",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def results(messages: list[Message]) -> list[ResultMessage]:
    """Give the results among `messages`: one for each prompt."""
    return [message for message in messages if isinstance(message, ResultMessage)]
