"""A session's state.

It stays small however long the session is: it knows the head, the lineage, the counts and the
titles. What a decision must know of a long past is looked up and passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import events as e
from .keys import SessionKey
from .lineage import FIRST, Cut, Lineage, is_live, lineage
from .usage import NOTHING, Response, Usage

THERE = ("present", "archived")
"""What a session is that can be read, changed and gone on with."""
GONE = ("deleted", "erased")
"""What is appended to a session that is gone begins a new life of it."""
TITLES = ("custom", "ai", "last-prompt", "summary", "prompt")
"""The kinds of title, the best first."""


@dataclass
class SessionState:
    """What is true of a session (or of a subagent's stream) at one version."""

    key: SessionKey
    version: int = 0
    presence: str = "absent"
    """absent, present, archived, deleted or erased."""
    life: int = 0
    """The version after which its present life began; identities count within a life."""
    source: str = "api"
    user_id: str | None = None
    working_dir: str | None = None
    git_branch: str | None = None
    machine: str | None = None
    called_by: str | None = None
    forked_from: e.Origin | None = None
    status: str = "active"
    announced: str = "active"
    """The status that the last StatusChanged gave."""
    stop_reason: str | None = None
    titles: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    cli_tag: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    first_at: int | None = None
    last_at: int | None = None

    branch: int = FIRST
    branches: dict[int, Cut] = field(default_factory=dict)
    base: Lineage = ()
    leaf: bytes | None = None
    """The entry that a next one would hang on."""
    leaf_version: int = 0

    live: e.Figures = e.NO_FIGURES
    billed: Usage = NOTHING
    entries: int = 0
    """All entries ever recorded, on every branch."""
    remembered: int = 0
    """Prompts known from the CLI's history alone."""
    late: int = 0
    gaps: int = 0
    turns_seen: int = 0
    """Turns on every branch; each keeps the number it was given on arrival."""
    message_id: str | None = None
    response: Response | None = None
    """What is known of the response ``message_id``, the one recorded last."""
    cli_version: str | None = None
    """The release of the CLI that wrote the newest response."""
    cost_counter: str | None = None
    continuations: int = 0

    @property
    def title(self) -> str | None:
        """The best title there is."""
        return next((self.titles[kind] for kind in TITLES if self.titles.get(kind)), None)

    @property
    def lineage(self) -> Lineage:
        """The segments that lead to the head."""
        return lineage(self.branches, self.base, self.branch)

    def is_live(self, branch: int, place: int, late: int = 0) -> bool:
        """Whether what lies there is on the live branch; ``late`` as ``lineage.keeps`` has it."""
        return branch == self.branch or is_live(self.lineage, branch, place, late)
