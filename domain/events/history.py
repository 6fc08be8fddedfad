"""Where one may come back to, where somebody did, and what began from there."""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

from ..lineage import Among, Lineage
from ..usage import NOTHING, Usage
from .base import SessionEvent
from .details import Status


class Origin(NamedTuple):
    """Where a fork began: the other session's stream, its version, and the chain's hash there."""

    stream: str
    version: int
    chain: str


class Figures(NamedTuple):
    """What the live branch adds up to."""

    prompts: int = 0
    turns: int = 0
    entries: int = 0
    usage: Usage = NOTHING


NO_FIGURES = Figures()


class CheckpointCreated(SessionEvent):
    """A point one may come back to by name."""

    TOPIC: ClassVar[str] = "CheckpointCreated.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("label", "actor")
    checkpoint_id: str
    kind: Literal["prompt", "turn", "version"] = "version"
    """What it stands for: all that answers a prompt, a response with its tools, one version."""
    anchor: int
    """The version of the prompt or the response it belongs to, or the last version kept."""
    turn: int = 0
    prompt: int = 0
    label: str | None = None
    actor: str | None = None


class SessionRewound(SessionEvent):
    """An earlier point is the head again. What came after it stays on its own branch."""

    TOPIC: ClassVar[str] = "SessionRewound.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("titles", "reason", "actor")
    target: int
    """The last version kept."""
    target_late: int | None = None
    """Late entries standing before this version are kept too."""
    target_among: Among = ()
    """Which of them, where the target is one of several that stand there: those recorded from the
    first of these versions up to the second, left out, from the third on, and so on. Empty: all."""
    target_branch: int = 0
    target_base: Lineage | None = None
    """Set where the target lies in what a fork took over."""
    checkpoint_id: str | None = None
    leaf: str | None = None
    """The identity of the last entry kept, in hexadecimal."""
    leaf_version: int = 0
    figures: Figures = Figures()
    status: Status = "active"
    stop_reason: str | None = None
    titles: dict[str, str] = {}
    reason: str | None = None
    actor: str | None = None


class TranscriptForked(SessionEvent):
    """The CLI itself went back in its own tree: the prompt at ``child`` hangs on ``at``.

    What lies between stays in ``load``, as the CLI wrote it, and leaves the live totals.
    """

    TOPIC: ClassVar[str] = "TranscriptForked.v1"
    at: int
    child: int
    figures: Figures = Figures()


class SessionForked(SessionEvent):
    """Another session began from a version of this one."""

    TOPIC: ClassVar[str] = "SessionForked.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    child: str
    version: int
    reason: str | None = None
    actor: str | None = None
