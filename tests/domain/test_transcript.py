"""What one transcript entry means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.entries import OPUS, usage
from tests.support.transcripts import Transcript
from turnlog.adapters.claude.counting import read_usage
from turnlog.adapters.claude.transcript import milliseconds, understand
from turnlog.adapters.storage.encoding.json_bytes import encode
from turnlog.domain.entry import Entry, Mark, identity_of
from turnlog.domain.usage import Usage

SESSION = "5e550000-0000-4000-8000-000000000001"


def read(entry: dict[str, Any], main: bool = True) -> Entry:
    body, careful = encode(entry)
    return understand(entry, body, SESSION, careful, main=main)


def marks(entry: dict[str, Any], main: bool = True) -> int:
    return read(entry, main).marks


def user(content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "user", "uuid": "u", "message": {"role": "user", "content": content}, **fields}


def assistant(content: Any = (), **message: Any) -> dict[str, Any]:
    content = list(content) if isinstance(content, tuple) else content
    return {"type": "assistant", "uuid": "a", "message": {"content": content, **message}}


# -- prompts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Why?", "Why?"),
        ("  Why?\n", "Why?"),
        ([{"type": "text", "text": "Why?"}], "Why?"),
        ([{"type": "image", "source": {}}, {"type": "text", "text": "Why?"}], "Why?"),
        ([{"type": "image", "source": {}}], None),
        ("<command-name>/review</command-name>", None),
        ("<command-message>review</command-message>", None),
        ("<bash-input>ls</bash-input>", None),
        ("<div> is not centred", "<div> is not centred"),
    ],
)
def test_a_person_asks(content: Any, text: str | None) -> None:
    entry = read(user(content))
    assert entry.marks == Mark.USER | Mark.PROMPT
    assert entry.prompt_text == text


@pytest.mark.parametrize(
    "entry",
    [
        user("[Request interrupted by user]"),
        user([{"type": "text", "text": "[Request interrupted by user for tool use]"}]),
        user("<local-command-stdout>ok</local-command-stdout>"),
        user("<local-command-stderr>no</local-command-stderr>"),
        user("<local-command-caveat>Caveat</local-command-caveat>"),
        user("<bash-stdout>ok</bash-stdout><bash-stderr></bash-stderr>"),
        user("<task-notification>done</task-notification>"),
        user("Be brief.", isMeta=True),
        user("Who calls it?", isSidechain=True),
        user([]),
        user(None),
        user(7),
        {"type": "user"},
        {"type": "user", "message": "Why?"},
    ],
)
def test_what_stands_in_a_persons_name_but_was_not_asked(entry: dict[str, Any]) -> None:
    assert marks(entry) == Mark.USER
    assert read(entry).prompt_text is None


def test_a_subagent_is_asked_in_its_own_stream() -> None:
    assert marks(user("Who calls it?", isSidechain=True), main=False) & Mark.PROMPT


def test_the_result_of_a_tool_is_no_prompt() -> None:
    s = Transcript(SESSION)
    s.prompt("?")
    s.run("Bash", {"command": "ls"}, "cart.py")
    assert marks(s.entries[-1]) == Mark.USER | Mark.TOOL_RESULT


def test_a_summary_of_the_conversation_is_no_prompt() -> None:
    boundary, summary = Transcript(SESSION).compact("So far: …", trigger="manual")
    assert read(boundary).compaction == "manual"
    assert marks(boundary) == Mark.COMPACTION
    assert marks(summary) == Mark.USER | Mark.COMPACTION
    assert read(summary).compaction is None, "one compaction, not two"


def test_entries_of_one_prompt_share_its_id() -> None:
    s = Transcript(SESSION)
    assert read(s.prompt("?", prompt_id="p1")).prompt_id == "p1"
    assert read(s.user("and this", promptId=7)).prompt_id is None


# -- responses -------------------------------------------------------------------------------------


def test_a_response_of_a_model() -> None:
    s = Transcript(SESSION, cwd="/home/ada/shop")
    (entry,) = s.answer("So.", model=OPUS, usage={"output_tokens": 7}).entries
    read_entry = read(entry)
    assert read_entry.marks == Mark.ASSISTANT | Mark.ENDED
    assert read_entry.message_id == entry["message"]["id"]
    assert read_entry.request_id == entry["requestId"]
    assert read_entry.model == OPUS
    assert read_entry.stop_reason == "end_turn"
    assert read_entry.counters is not None
    assert read_entry.counters.output_tokens == 7
    assert read_entry.identity == identity_of(entry["uuid"])
    assert read_entry.occurred_at == s.now
    assert read_entry.working_dir == "/home/ada/shop"
    assert read_entry.native


@pytest.mark.parametrize(
    ("reason", "mark"),
    [
        ("end_turn", Mark.ENDED),
        ("stop_sequence", Mark.ENDED),
        ("max_tokens", Mark.TRUNCATED),
        ("tool_use", 0),
        ("refusal", 0),
        (None, 0),
        (["end_turn"], 0),
    ],
)
def test_why_a_response_stopped(reason: Any, mark: int) -> None:
    assert marks(assistant(id="msg", stop_reason=reason)) == Mark.ASSISTANT | mark


def test_calls_of_tools_and_of_subagents() -> None:
    s = Transcript(SESSION)
    called = s.answer(tools=[("Bash", {"command": "ls"}), ("Task", {}), ("Agent", {})])
    understood = [read(entry) for entry in called.entries]
    assert all(entry.marks & Mark.CALLS_TOOL for entry in understood)
    assert [entry.calls for entry in understood] == [(), (called.tools[1],), (called.tools[2],)]


def test_what_the_cli_writes_in_the_models_place_is_no_response() -> None:
    """A synthetic message must never count as a turn, nor its zeros as usage."""
    entry = read(Transcript(SESSION).api_error())
    assert entry.marks & Mark.ERROR
    assert (entry.message_id, entry.counters, entry.model) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "native"),
    [
        ({}, True),
        ({"sessionId": "another"}, False),
        ({"forkedFrom": {"sessionId": "another", "messageUuid": "u"}}, False),
    ],
)
def test_a_copied_response_is_not_the_sessions_own(change: dict[str, Any], native: bool) -> None:
    (entry,) = Transcript(SESSION).answer("So.").entries
    assert read(entry | change).native is native


@pytest.mark.parametrize(
    ("tokens", "text", "stop_reason", "suspicious"),
    [
        (1, "a" * 400, None, True),
        (1, "a" * 400, "end_turn", False),
        (100, "a" * 400, None, False),
        (1, "a" * 30, None, False),
    ],
)
def test_a_placeholder_is_far_too_few_tokens_for_the_text(
    tokens: int, text: str, stop_reason: str | None, suspicious: bool
) -> None:
    entry = assistant(
        ({"type": "text", "text": text},),
        id="msg",
        stop_reason=stop_reason,
        usage={"output_tokens": tokens},
    )
    assert read(entry).suspicious is suspicious


# -- counters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ({}, Usage()),
        ({"input_tokens": 3, "output_tokens": 5}, Usage(3, 5)),
        ({"cache_read_input_tokens": 9}, Usage(cache_read_input_tokens=9)),
        ({"cache_creation_input_tokens": 8}, Usage(cache_creation_5m=8)),
        (usage(cache_creation_5m=8, cache_creation_1h=16), Usage(3, 0, 0, 8, 16)),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 16}}, Usage(cache_creation_1h=16)),
        (
            {
                "cache_creation_input_tokens": 10,
                "cache_creation": {"ephemeral_1h_input_tokens": 16},
            },
            Usage(cache_creation_1h=10),
        ),
        (usage(web_search_requests=2), Usage(3, web_search_requests=2)),
        ({"input_tokens": -1, "output_tokens": "5"}, Usage()),
        ({"input_tokens": True, "output_tokens": 5.0}, Usage()),
        ({"input_tokens": 1 << 53, "server_tool_use": []}, Usage()),
    ],
)
def test_counters_of_the_api(given: dict[str, Any], counted: Usage) -> None:
    assert read_usage(given) == counted


def test_a_response_in_fast_mode() -> None:
    assert read(assistant(id="msg", usage=usage(speed="fast"))).fast
    assert not read(assistant(id="msg", usage=usage(speed="standard"))).fast


# -- other lines -----------------------------------------------------------------------------------


def test_titles() -> None:
    s = Transcript(SESSION)
    s.prompt("Why?")
    assert read(s.title("Slow checkout")).title == ("ai", "Slow checkout")
    assert read(s.title("checkout", kind="custom")).title == ("custom", "checkout")
    assert read(s.last_prompt()).title == ("last-prompt", "Why?")
    assert read(s.summary("The slow checkout")).title == ("summary", "The slow checkout")
    assert read({"type": "ai-title", "aiTitle": ""}).title is None
    assert read({"type": "ai-title", "aiTitle": 7}).title is None


def test_tags() -> None:
    s = Transcript(SESSION)
    assert read(s.tag("slow")).tag == "slow"
    assert read(s.tag("")).tag == "", "the tag is taken away"
    assert read(s.mode()).tag is None


@pytest.mark.parametrize(
    ("total", "counter"),
    [
        *((0.25, "0.25"), (1, "1"), (1e-7, "1e-07"), (float("nan"), "nan")),
        *(("0.25", None), (True, None), (None, None), (10**5_000, None)),
    ],
    ids=lambda value: f"{value!r:.20}" if not isinstance(value, int) else "integer",
)
def test_the_counter_of_the_cli_is_kept_as_it_came(total: Any, counter: str | None) -> None:
    """A number that Python does not spell must never make an append fail."""
    assert read({"type": "cost-state", "totalCostUSD": total}).cost_counter == counter


def test_which_call_started_a_subagent() -> None:
    assert read({"type": "agent_metadata", "toolUseId": "toolu_1"}).called_by == "toolu_1"


def test_a_kind_nobody_knows_is_taken_as_it_is() -> None:
    entry = {"type": "hologram", "uuid": "h", "parentUuid": "u", "cwd": "/home/ada", "x": [1]}
    understood = read(entry)
    assert understood.kind == "hologram"
    assert (understood.identity, understood.parent) == (identity_of("h"), identity_of("u"))
    assert (understood.marks, understood.working_dir) == (0, "/home/ada")


def test_a_line_that_was_spelled_otherwise_keeps_its_spelling() -> None:
    entry = understand({"type": "mode"}, b'{"type":"mode"}', SESSION, raw=b'{ "type": "mode" }')
    assert entry.body == b'{"type":"mode"}\n{ "type": "mode" }'
    assert entry.digest == read({"type": "mode"}).digest, "the same entry all the same"
    assert entry.marks == Mark.RAW


# -- identities ------------------------------------------------------------------------------------


@given(st.text(st.characters(codec=None, categories=None), max_size=40), st.text(max_size=40))
def test_two_spellings_are_two_identities(one: str, other: str) -> None:
    """Two entries must never be taken for one because their uuids look alike."""
    assert (identity_of(one) == identity_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0A" * 16, "0a" * 16),
        ("0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", "0A0A0A0A-0A0A-0A0A-0A0A-0A0A0A0A0A0A"),
        ("0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a", "0a" * 16),
        ("a" * 15, "\0" + "a" * 15),
        ("a" * 300, "a" * 301),
    ],
)
def test_uuids_that_look_alike(one: str, other: str) -> None:
    assert identity_of(one) != identity_of(other)


# -- timestamps ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1970-01-01T00:00:00.000Z", 0),
        ("1970-01-01T00:01:01.234Z", 61_234),
        ("1970-01-01T00:00:01.001Z", 1_001),
        ("1970-01-01T00:00:01.001999+00:00", 1_001),
        ("1970-01-01T02:00:01+02:00", 1_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01T00:00:xx.000Z", None),
        ("1970-13-01T00:00:00.000Z", None),
        ("yesterday", None),
        ("", None),
        ("\ud800" * 24, None),
        (1_700_000_000, None),
        (None, None),
    ],
)
def test_timestamps(text: object, ms: int | None) -> None:
    assert milliseconds(text) == ms


# -- garbage ---------------------------------------------------------------------------------------

texts = st.text(st.characters(codec=None, categories=None), max_size=8)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["tool_use", "tool_result", "text", "Task", "compact_boundary", "end_turn"])
)
FIELDS = [
    *("uuid", "parentUuid", "timestamp", "sessionId", "cwd", "requestId", "promptId", "forkedFrom"),
    *("isMeta", "isSidechain", "isCompactSummary", "isApiErrorMessage", "subtype", "trigger"),
    *("message", "content", "type", "id", "name", "input", "text", "thinking", "model", "speed"),
    *("usage", "output_tokens", "cache_creation", "cache_creation_input_tokens", "stop_reason"),
    *("server_tool_use", "ephemeral_1h_input_tokens", "compactMetadata", "toolUseId", "tag"),
    *("customTitle", "aiTitle", "lastPrompt", "summary", "totalCostUSD", "startTime", "version"),
]
garbage = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | texts, inner, max_size=6)
    ),
    max_leaves=20,
)
KINDS = [
    *("user", "assistant", "system", "custom-title", "ai-title", "last-prompt", "summary"),
    *("tag", "cost-state", "result", "agent_metadata"),
]
entries = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS) | garbage},
    optional={name: garbage for name in FIELDS if name != "type"},
)


@given(entries, st.booleans())
def test_nothing_in_any_field_is_ever_too_strange(entry: dict[str, Any], main: bool) -> None:
    """An entry must never be refused: the SDK drops a whole batch after three errors."""
    understood = understand(entry, b"{}", SESSION, main=main)
    assert isinstance(understood.kind, str)
    assert understood.counters is None or min(understood.counters) >= 0
    assert understood.identity != b""
