"""Conversations whose entries all have a uuid: what a mirror hands over, and knows again."""

from __future__ import annotations

from .entries import Entry
from .transcripts import Transcript

Entries = list[Entry]
PER_PROMPT = 4
"""Entries of a prompt and its answer."""


def conversation(prompts: int = 3, seed: int = 1, session_id: str | None = None) -> Entries:
    """Prompts, each answered with one tool: ``PER_PROMPT`` entries each."""
    transcript = Transcript(session_id, seed=seed)
    for n in range(prompts):
        transcript.prompt(f"Question {n}")
        transcript.run("Bash", {"command": f"echo {n}"}, f"{n}")
        transcript.answer(f"Answer {n}")
    return transcript.entries
