"""What can happen in a session, each a fact that never changes.

Every event has a ``TOPIC``: its stable, versioned name in the log. An event's fields are of two
sorts. Facts (numbers, ids, names of kinds) stay in the header for ever; content (anything a
person wrote) lies in the body, which can be erased. ``CONTENT`` names the fields of the body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from .entry import Entry, Mark
from .errors import UnknownTopic
from .lineage import Lineage
from .usage import NOTHING, Usage

Status = Literal["active", "complete", "incomplete", "error", "abandoned"]


class SessionEvent(BaseModel):
    """The fields every event has."""

    # Validators are built when first needed: a process meets few of the kinds.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    TOPIC: ClassVar[str]
    CONTENT: ClassVar[tuple[str, ...]] = ()

    branch: int = 0
    """The branch it lies on, decided when it was appended."""
    occurred_at: int | None = None
    """When it happened by its own account, milliseconds since 1970 UTC; None where it has none."""
    identity: bytes | None = None
    """By what it is known again, within its stream's life."""
    place: int | None = None
    """Set on what came late: the version at whose place in the transcript it stands."""

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """Build from fields that were checked already: a third of the cost of validation."""
        return _built(cls, _defaults(cls) | fields, set(fields))

    @classmethod
    def whole(cls, values: dict[str, Any]) -> Self:
        """Build from a value for every field, checked already. The dict becomes the event's own."""
        every = _EVERY_FIELD.get(cls)
        if every is None:
            every = _EVERY_FIELD[cls] = set(values)
        return _built(cls, values, every)


_EVERY_FIELD: dict[type[BaseModel], set[str]] = {}
_Event = TypeVar("_Event", bound=SessionEvent)
_set = object.__setattr__


def _built(cls: type[_Event], values: dict[str, Any], given: set[str]) -> _Event:
    event = object.__new__(cls)
    _set(event, "__dict__", values)
    _set(event, "__pydantic_fields_set__", given)
    _set(event, "__pydantic_extra__", None)
    _set(event, "__pydantic_private__", None)
    return event


_DEFAULTS: dict[type[BaseModel], dict[str, Any]] = {}


def _defaults(cls: type[BaseModel]) -> dict[str, Any]:
    defaults = _DEFAULTS.get(cls)
    if defaults is None:
        fields = cls.model_fields.items()
        defaults = {name: None if f.is_required() else f.default for name, f in fields}
        _DEFAULTS[cls] = defaults
    return defaults


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


class SessionStarted(SessionEvent):
    """A stream began: a session's own or a subagent's."""

    TOPIC: ClassVar[str] = "SessionStarted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = (
        "working_dir",
        "prompt",
        "metadata",
        "user_id",
        "machine",
        "git_branch",
        "actor",
    )
    project_key: str
    session_id: str
    subpath: str | None = None
    source: Literal["sdk", "import", "api"] = "api"
    model: str | None = None
    called_by: str | None = None
    """The tool call in the parent session that started this subagent."""
    forked_from: Origin | None = None
    base: Lineage = ()
    figures: Figures = Figures()
    """What the part taken over by a fork adds up to."""
    leaf: str | None = None
    """The identity of the last entry taken over, in hexadecimal."""
    user_id: str | None = None
    working_dir: str | None = None
    prompt: str | None = None
    machine: str | None = None
    git_branch: str | None = None
    """The branch checked out in the working directory, where that is a Git repository."""
    metadata: dict[str, Any] = {}
    actor: str | None = None
    """Who began it by hand."""


class SessionDescribed(SessionEvent):
    """More was told of a session, or something else; what is None stays as it was."""

    TOPIC: ClassVar[str] = "SessionDescribed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("user_id", "working_dir", "prompt", "actor")
    user_id: str | None = None
    working_dir: str | None = None
    prompt: str | None = None
    model: str | None = None
    actor: str | None = None


class SessionLocated(SessionEvent):
    """The working directory, where the first entries did not tell it."""

    TOPIC: ClassVar[str] = "SessionLocated.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("working_dir",)
    working_dir: str


class WorkspaceChanged(SessionEvent):
    """Another Git branch is checked out from the next entry on."""

    TOPIC: ClassVar[str] = "WorkspaceChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("git_branch", "working_dir")
    git_branch: str
    working_dir: str | None = None
    """Where, as that entry has it."""


class PromptRemembered(SessionEvent):
    """A prompt known from the CLI's history alone; its transcript is gone, or not here yet."""

    TOPIC: ClassVar[str] = "PromptRemembered.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("prompt", "pasted")
    prompt: str
    pasted: dict[str, Any] = {}


class _Recorded(SessionEvent):
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    body: bytes
    """The entry, verbatim."""
    kind: str
    marks: int = 0
    parent: int | None = None
    """The version of the entry it hangs on, where that is recorded."""
    before: int | None = None
    """Set on a late entry: the version it stands before when the session is loaded."""
    turn: int | None = None
    prompt: int | None = None

    @classmethod
    def of(
        cls,
        entry: Entry,
        identity: bytes,
        branch: int,
        marks: int,
        parent: int | None,
        before: int | None,
        place: int | None,
        turn: int | None,
        prompt: int,
    ) -> Self:
        """An entry as it is recorded. Every entry passes here, so the fields are set at once."""
        values = {
            "branch": branch,
            "occurred_at": entry.occurred_at,
            "identity": identity,
            "place": place,
            "body": entry.body,
            "kind": entry.kind,
            "marks": marks,
            "parent": parent,
            "before": before,
            "turn": turn,
            "prompt": prompt,
        }
        return _built(cls, values, _ENTRY_FIELDS)

    @property
    def entry(self) -> dict[str, Any]:
        """The entry as an object; an empty one where its bytes were erased, or not asked for."""
        line, _, _ = self.body.partition(b"\n")  # behind it, the line as it was found
        entry: dict[str, Any] = json.loads(line) if line else {}
        return entry


_ENTRY_FIELDS = set(_Recorded.model_fields)


class TurnRecorded(_Recorded):
    """A user's or an assistant's entry."""

    TOPIC: ClassVar[str] = "TurnRecorded.v1"

    @property
    def role(self) -> str:
        """``assistant`` or ``user``."""
        return "assistant" if self.marks & Mark.ASSISTANT else "user"


class EntryRecorded(_Recorded):
    """Any other transcript line: titles, modes, attachments, kinds nobody knows yet."""

    TOPIC: ClassVar[str] = "EntryRecorded.v1"


class EntryConflicted(SessionEvent):
    """Another content under a uuid that is recorded already. Kept, never loaded."""

    TOPIC: ClassVar[str] = "EntryConflicted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    of: int
    """The version that holds the first content."""
    body: bytes


class EntryCorrupted(SessionEvent):
    """Bytes that are no entry, kept as they were found."""

    TOPIC: ClassVar[str] = "EntryCorrupted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("body",)
    body: bytes
    why: str
    """Our own words; nothing of the content."""


class UsageRecorded(SessionEvent):
    """Counters of one response as they were seen. Deltas, cost and owner are projected."""

    TOPIC: ClassVar[str] = "UsageRecorded.v1"
    message_id: str | None = None
    turn: int | None = None
    request_id: str | None = None
    model: str | None = None
    counters: Usage = NOTHING
    counted: Usage = NOTHING
    """The best counters of the same response recorded before."""
    fast: bool = False
    source: Literal["response", "cost-state", "result", "progress", "tool-result"] = "response"
    """A response of this stream; the CLI's running total, in its transcript or in a result of the
    SDK; or what a subagent used, as its progress or its result tells in its session's stream."""
    quality: Literal["exact", "placeholder"] = "exact"
    characters: int = 0
    """Of a placeholder: how much text the response holds as far as it was seen."""
    finished: bool = False
    native: bool = True
    cli_version: str | None = None
    """The release of the CLI that counted; of a response, where it is another than before."""
    total_cost_usd: str | None = None
    """The CLI's own running total, spelled as it came."""
    counting_since: int | None = None
    """When that total began at zero, milliseconds since 1970 UTC, where the CLI says so."""
    api_ms: int | None = None
    """The running total beside it: milliseconds that the CLI waited for models."""
    model_usage: str | None = None
    """Of a result, the running totals by model: JSON, in the CLI's own words."""
    agent: str | None = None
    """The subagent that used it, where its session's stream tells."""
    called_by: str | None = None
    """The tool call that started that subagent."""
    of_session: str | None = None
    """The session in which it did, where the entry was copied from another one."""

    @property
    def gained(self) -> Usage:
        """The delta this adds to what was counted of the response; never negative."""
        return self.counters.beyond(self.counted)


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


class StatusChanged(SessionEvent):
    """The session was found in another state."""

    TOPIC: ClassVar[str] = "StatusChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("why", "actor")
    status: Status
    stop_reason: str | None = None
    why: str | None = None
    actor: str | None = None


class SessionRewound(SessionEvent):
    """An earlier point is the head again. What came after it stays on its own branch."""

    TOPIC: ClassVar[str] = "SessionRewound.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("titles", "reason", "actor")
    target: int
    """The last version kept."""
    target_late: int | None = None
    """Late entries standing before this version are kept too."""
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


class SubagentCalled(SessionEvent):
    """A tool call that starts a subagent; its stream is live while this entry is."""

    TOPIC: ClassVar[str] = "SubagentCalled.v1"
    tool_use_id: str
    of: int


class SubagentLinked(SessionEvent):
    """In a subagent's stream: which tool call of the parent started it."""

    TOPIC: ClassVar[str] = "SubagentLinked.v1"
    tool_use_id: str


class SessionRenamed(SessionEvent):
    """A title. The best kind that is set shows: custom, ai, last-prompt, summary, prompt."""

    TOPIC: ClassVar[str] = "SessionRenamed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("title", "actor")
    title: str
    kind: Literal["custom", "ai", "last-prompt", "summary", "prompt"] = "custom"
    source: Literal["transcript", "api"] = "api"
    actor: str | None = None


class SessionTagged(SessionEvent):
    """The tags, whole."""

    TOPIC: ClassVar[str] = "SessionTagged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("tags", "actor")
    tags: tuple[str, ...]
    source: Literal["transcript", "api"] = "api"
    actor: str | None = None


class MetadataChanged(SessionEvent):
    """The metadata, whole."""

    TOPIC: ClassVar[str] = "MetadataChanged.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("metadata", "actor")
    metadata: dict[str, Any]
    actor: str | None = None


class ContextSummarized(SessionEvent):
    """A compaction: a summary stands for older context from here on."""

    TOPIC: ClassVar[str] = "ContextSummarized.v1"
    of: int
    trigger: str = "auto"


class ContextTrimmed(SessionEvent):
    """The messages before one left the live context. They stay in the log, and in ``load``."""

    TOPIC: ClassVar[str] = "ContextTrimmed.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    first_kept: str
    """The uuid of the first message that stays."""
    reason: str | None = None
    actor: str | None = None


class ContinuationAttempted(SessionEvent):
    """The application tried to go on with an interrupted answer."""

    TOPIC: ClassVar[str] = "ContinuationAttempted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("why", "actor")
    attempt: int
    why: str | None = None
    actor: str | None = None


class GapDetected(SessionEvent):
    """An entry hangs on one that never arrived. ``identity`` makes the missing one findable."""

    TOPIC: ClassVar[str] = "GapDetected.v1"
    missing: str
    of: int


class GapFilled(SessionEvent):
    """The missing entry arrived after all."""

    TOPIC: ClassVar[str] = "GapFilled.v1"
    missing: str
    of: int


class FileKept(SessionEvent):
    """A file that the transcript points to and the CLI would delete, kept once per content."""

    TOPIC: ClassVar[str] = "FileKept.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("name", "digest")
    name: str
    """Its place in the configuration directory."""
    digest: str = ""
    """SHA-256 of its content, in hexadecimal: the key of the content's own table."""
    kind: str
    size: int


class SessionArchived(SessionEvent):
    """Out of the daily lists, still readable."""

    TOPIC: ClassVar[str] = "SessionArchived.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionPacked(SessionEvent):
    """The bodies were merged into large blocks and compressed for good; nothing reads otherwise."""

    TOPIC: ClassVar[str] = "SessionPacked.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("actor",)
    blocks_before: int
    blocks_after: int
    bytes_before: int
    """Of compressed bodies."""
    bytes_after: int
    actor: str | None = None


class SessionDeleted(SessionEvent):
    """``load`` gives nothing and the lists leave it out; what is appended later is a new life."""

    TOPIC: ClassVar[str] = "SessionDeleted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionRestored(SessionEvent):
    """A deletion or an archiving was taken back."""

    TOPIC: ClassVar[str] = "SessionRestored.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    reason: str | None = None
    actor: str | None = None


class SessionErased(SessionEvent):
    """The content is gone for good; the headers stay. What is appended later is a new life."""

    TOPIC: ClassVar[str] = "SessionErased.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "exported", "actor")
    bodies: int = 0
    reason: str | None = None
    exported: str | None = None
    """The file that the session was written to before, and the SHA-256 of it."""
    actor: str | None = None


class EntryRedacted(SessionEvent):
    """Something in an event's content was taken out for good, and reads ``[redacted]`` now."""

    TOPIC: ClassVar[str] = "EntryRedacted.v1"
    CONTENT: ClassVar[tuple[str, ...]] = ("reason", "actor")
    of: int
    """The version whose content it was: an entry, or a title that repeated it."""
    digest: str = ""
    """The salted hash of the content as it is now, in hexadecimal, where it was there before."""
    automatic: bool = False
    """Whether patterns found it while it arrived: then it was never recorded otherwise."""
    reason: str | None = None
    actor: str | None = None


EVENTS: dict[str, type[SessionEvent]] = {
    event.TOPIC: event
    for event in (
        SessionStarted,
        SessionDescribed,
        SessionLocated,
        WorkspaceChanged,
        PromptRemembered,
        TurnRecorded,
        EntryRecorded,
        EntryConflicted,
        EntryCorrupted,
        UsageRecorded,
        CheckpointCreated,
        StatusChanged,
        SessionRewound,
        TranscriptForked,
        SessionForked,
        SubagentCalled,
        SubagentLinked,
        SessionRenamed,
        SessionTagged,
        MetadataChanged,
        ContextSummarized,
        ContextTrimmed,
        ContinuationAttempted,
        GapDetected,
        GapFilled,
        FileKept,
        SessionArchived,
        SessionPacked,
        SessionDeleted,
        SessionRestored,
        SessionErased,
        EntryRedacted,
    )
}

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTS: dict[str, tuple[str, Upcast]] = {}
"""Older topics: the topic that replaced each, and how its fields become the newer ones'."""


def revive(topic: str, fields: Mapping[str, Any]) -> SessionEvent:
    """Make an event of stored fields, whatever version wrote them.

    Raises:
        UnknownTopic: this release does not know the topic.
    """
    values = dict(fields)
    while topic in UPCASTS:
        topic, upcast = UPCASTS[topic]
        values = upcast(values)
    if topic not in EVENTS:
        raise UnknownTopic(
            f"the log holds an event of kind {topic!r}, which this release of turnlog does not "
            "know; read it with the release that wrote it, or a later one"
        )
    return EVENTS[topic].model_validate(values)
