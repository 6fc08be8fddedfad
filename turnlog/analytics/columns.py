"""What an export holds: the columns of each table, the same in every format.

Where OpenTelemetry's conventions for generative AI have a name for a thing, it is used:
https://opentelemetry.io/docs/specs/semconv/gen-ai/ (in development there; attributes as of 1.42).
Its ``gen_ai.usage.input_tokens`` includes what was read from and written to the cache; Anthropic's
``input_tokens``, and ours, does not.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

VERSION = 1
"""Of the tables below. Columns may be added; with any other change the number grows."""

Kind = Literal["integer", "text", "json", "boolean", "time"]
"""Integers have 64 bits; times are milliseconds in UTC; JSON is text that is JSON."""


class Column(NamedTuple):
    """A column of an export."""

    name: str
    kind: Kind
    meaning: str


_SESSION = (
    Column("project_key", "text", "The project's key."),
    Column("gen_ai.conversation.id", "text", "The session's id; its subagents have the same."),
    Column("subpath", "text", "Which subagent's stream; null for the session's own."),
)
_TOKENS = (
    Column("gen_ai.usage.input_tokens", "integer", "All the model read: uncached and cached."),
    Column("gen_ai.usage.output_tokens", "integer", "What it wrote."),
    Column("gen_ai.usage.cache_read.input_tokens", "integer", "Of the input, read from the cache."),
    Column(
        "gen_ai.usage.cache_creation.input_tokens", "integer", "Of the input, written to the cache."
    ),
    Column("input_tokens", "integer", "Of the input, what is not cached: Anthropic's figure."),
    Column("cache_creation_5m", "integer", "Of what was written to the cache, for 5 minutes."),
    Column("cache_creation_1h", "integer", "Of what was written to the cache, for an hour."),
    Column("web_search_requests", "integer", "Searches of the web."),
)

EVENTS = (
    Column("position", "integer", "The event's place in the log; grows, with gaps."),
    *_SESSION,
    Column("version", "integer", "Its place in its stream: 1, 2, 3, no gaps."),
    Column("event", "text", "Its kind, as in the list of events."),
    Column("recorded_at", "time", "By the log's clock."),
    Column("occurred_at", "time", "By its own account; null where it has none."),
    Column("branch", "integer", "The branch it lies on: 0, or the version of a rewind."),
    Column("place", "integer", "Of what came late: the version at whose place it stands."),
    Column("uuid", "text", "Of an entry."),
    Column("kind", "text", "Of an entry: user, assistant, system, and so on."),
    Column("is_prompt", "boolean", "Of an entry: whether a person asked something here."),
    Column("prompt", "integer", "Of an entry: how many prompts there are up to it."),
    Column("turn", "integer", "Of an entry or its usage: which response of its stream."),
    Column("gen_ai.response.id", "text", "Of usage: the id of the response."),
    Column("request_id", "text", "Of usage: the id of the request."),
    Column("gen_ai.response.model", "text", "Of usage: the model that answered."),
    *_TOKENS,
    Column("placeholder", "boolean", "Of usage: an output figure that cannot be believed."),
    Column("status", "text", "Of StatusChanged."),
    Column("stop_reason", "text", "Of StatusChanged."),
    Column("fields", "json", "All the event carries but the entry: see the list of events."),
    Column("entry", "json", "The transcript line as it was recorded; only with `--content all`."),
)

USAGE = (
    Column(
        "occurred_at", "time", "When the model answered; null where the transcript does not say."
    ),
    *_SESSION,
    Column("user_id", "text", "Whose session it is."),
    Column("working_dir", "text", "Where the session worked."),
    Column("vcs.ref.head.name", "text", "The Git branch that was checked out."),
    Column("presence", "text", "present, archived, deleted or erased."),
    Column("prompt", "integer", "Which prompt of its stream it answers."),
    Column(
        "turn",
        "integer",
        "Which response of its stream; null for what a fork took over, and for a subagent's that "
        "its session tells.",
    ),
    Column("response_key", "text", "The same in every copy of the response."),
    Column("gen_ai.response.model", "text", "The model that answered."),
    *_TOKENS,
    Column("cost_nano_usd", "integer", "Billionths of a dollar; null where the price is unknown."),
    Column("billed", "boolean", "Whether this copy is the one that is billed."),
    Column("live", "boolean", "Whether this copy lies on the live branch of a session there is."),
    Column("live_somewhere", "boolean", "Whether any copy does."),
    Column("placeholder", "boolean", "An output figure that cannot be believed."),
    Column("estimated_output_tokens", "integer", "Of a placeholder: what its text may take."),
    Column("fast", "boolean", "Answered in fast mode, at its price."),
)

TABLES: dict[str, tuple[Column, ...]] = {"events": EVENTS, "usage": USAGE}
"""What can be exported, with its columns."""

_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999


def known_time(milliseconds: int | None) -> int | None:
    """A time in the years 1 to 9999, which every tool can read; None for any other."""
    if milliseconds is None or not _FIRST <= milliseconds <= _LAST:
        return None
    return milliseconds
