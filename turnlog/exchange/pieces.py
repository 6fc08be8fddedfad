"""The pieces that a conversation is told in, whatever it is written as.

What they hold is untrusted text, as the transcript has it: whoever writes it makes it safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..domain.keys import SessionKey


class Picture(NamedTuple):
    """A picture that a transcript holds."""

    media_type: str
    """As the transcript tells it; not checked."""
    data: str
    """Base64, not checked; empty where the picture lies elsewhere."""


class Asked(NamedTuple):
    """A person asks."""

    number: int
    """``prompt:N`` ends with what answers it."""
    text: str
    pictures: tuple[Picture, ...]
    at: int | None
    """Milliseconds since 1970 UTC."""


class Said(NamedTuple):
    """The model answers; Markdown."""

    text: str
    failed: bool
    turn: int
    at: int | None


class Thought(NamedTuple):
    """What the model thought."""

    text: str


class Answer(NamedTuple):
    """What a tool answered."""

    text: str
    pictures: tuple[Picture, ...]
    failed: bool


@dataclass
class Call:
    """A tool is called."""

    id: str
    name: str
    given: Any
    """The call's input; nearly always an object."""
    answer: Answer | None = None
    """None where none came, or too late to be told with the call."""


class LateAnswer(NamedTuple):
    """An answer to a call that was told long before, or that is not in the transcript."""

    name: str
    answer: Answer


class Note(NamedTuple):
    """Something that neither a person nor the model said: a command's output, an interruption."""

    text: str


class Summarized(NamedTuple):
    """A summary stands for what came before, from here on."""

    text: str
    tokens: int | None
    """What the context held before, where that is told."""


Piece = Asked | Said | Thought | Call | LateAnswer | Note | Summarized


@dataclass
class LeftBehind:
    """Part of a branch that a rewind left, at the place where it was left."""

    branch: int
    prompts: int
    entries: int
    at: int | None
    """When it was left by the store's clock, milliseconds since 1970 UTC."""
    reason: str | None
    pieces: Iterator[Piece]


@dataclass
class Agent:
    """A subagent."""

    key: SessionKey
    name: str
    turns: int
    pieces: Iterator[Piece | LeftBehind]
