"""Whatever a transcript may hold comes back as it was, from every store."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest

import turnlog
from turnlog.domain.errors import Refused, TurnlogError
from turnlog.domain.keys import SessionKey
from turnlog.projections.sessions import Filter

KEY = SessionKey("shop", "session")
NASTY = [
    "a\0b",
    "\ud800",
    "x\udfff\ud83d y",
    "\U0001f600\uffff\u2028",
    "\\u0000",
    "%s %% ?",
    "';--",
    "é" * 3000,
]


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as opened:
        yield opened


def assistant(**fields: Any) -> dict[str, Any]:
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    entry: dict[str, Any] = {
        "type": "assistant",
        "uuid": "u1",
        "requestId": "r",
        "message": message,
    }
    entry["timestamp"] = "2026-01-30T14:23:00.000Z"
    entry.update(fields)
    return entry


def user(**fields: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "Hello"}
    return {"type": "user", "uuid": "u0", "cwd": "/home", "message": message, **fields}


def texts(nasty: str) -> list[dict[str, Any]]:
    """Entries that hold a text in every field that anything is made of."""
    answer = assistant(uuid=nasty + "2", parentUuid=nasty + "missing", requestId=nasty)
    answer["message"] |= {"id": nasty, "model": nasty, "stop_reason": nasty}
    tool = {"type": "tool_use", "id": nasty, "name": "Task", "input": {nasty: nasty}}
    calling = assistant(uuid=nasty + "3")
    calling["message"] |= {"id": nasty + "b", "content": [tool], "stop_reason": "tool_use"}
    return [
        user(uuid=nasty + "1", cwd=nasty, sessionId=nasty, promptId=nasty, version=nasty),
        answer,
        calling,
        {"type": nasty, "x": nasty},
        {"type": "custom-title", "customTitle": nasty, "sessionId": nasty},
        {"type": "ai-title", "aiTitle": nasty},
        {"type": "last-prompt", "lastPrompt": nasty},
        {"type": "tag", "tag": nasty},
        {"type": "summary", "summary": nasty, "leafUuid": nasty},
        {"type": "cost-state", "totalCostUSD": nasty, "cost": {"total": nasty}},
        {
            "type": "system",
            "subtype": "compact_boundary",
            "uuid": nasty + "4",
            "compactMetadata": {"trigger": nasty, "preTokens": nasty},
        },
        {"type": "attachment", "uuid": nasty + "5", "attachment": {"type": nasty}},
        user(uuid=nasty + "6", message={"role": "user", "content": nasty}),
    ]


def keep(log: turnlog.Log, key: SessionKey, entries: list[Any]) -> None:
    """What is appended comes back as it was, and is known when it comes again."""
    given = copy.deepcopy(entries)
    appended = log.append(key, entries)
    assert appended.recorded == len(entries), (key, appended)
    assert repr(log.load(key)) == repr(given), key
    assert log.append(key, entries).recorded == 0, key
    assert_sound(log)


def assert_sound(log: turnlog.Log) -> None:
    """Nothing failed on the way."""
    with log.store.read() as reader:
        assert reader.stale() == {}
    assert log.verify().holds


def test_any_text_in_any_field_comes_back(log: turnlog.Log) -> None:
    """No character may stop an append, be changed, or make a read model stale."""
    for nasty in NASTY:
        keep(log, SessionKey("shop", ascii(nasty)[:50]), texts(nasty))
    assert len(log.sessions()) == len(NASTY)
    log.rebuild()
    assert_sound(log)


NUMBERS = [
    2**70,
    -(2**70),
    2**63,
    1e400,
    -1e400,
    math.nan,
    1e-320,
    10**400,
    -1,
    True,
    None,
    "12",
    [],
    {},
]


def numbers(number: Any) -> list[Any]:
    """Entries that hold a value wherever a number is looked for."""
    answer = assistant(timestamp=number)
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens")
    answer["message"]["usage"] = {
        **dict.fromkeys(names, number),
        "cache_creation_input_tokens": number,
        "cache_creation": {"ephemeral_1h_input_tokens": number},
        "server_tool_use": {"web_search_requests": number},
        "speed": number,
    }
    odd = user(uuid="u9", timestamp=number, isMeta=number, promptId=number, parentUuid=number)
    odd["message"] = {"role": "user", "content": number, "id": number, "usage": number}
    odd["cwd"] = number
    return [
        user(),
        answer,
        odd,
        {"type": "cost-state", "totalCostUSD": number, "x": [number]},
        {"type": "custom-title", "customTitle": number},
        {"type": "tag", "tag": number},
    ]


def test_any_number_in_any_field_comes_back(log: turnlog.Log) -> None:
    """No number may stop an append, be changed, or make a read model stale."""
    for n, number in enumerate(NUMBERS):
        keep(log, SessionKey("shop", f"{n}: {number!r:.20}"), numbers(number))
    log.rebuild()
    assert_sound(log)


def test_more_tokens_than_there_can_be_are_counted_somehow(log: turnlog.Log) -> None:
    """Counters that fit one by one but not added up must never stop an append."""
    entries = [user()]
    for n in range(3):
        answer = assistant(uuid=f"a{n}", requestId=f"r{n}")
        answer["message"] |= {
            "id": f"msg_{n}",
            "usage": {"input_tokens": 2**62, "output_tokens": 2**62},
        }
        entries.append(answer)
    keep(log, KEY, entries)
    log.rebuild()
    assert_sound(log)


def test_a_body_of_64_mb_comes_back(log: turnlog.Log) -> None:
    entry = user(message={"role": "user", "content": "0123456789abcdef" * (4 << 20)})
    log.append(KEY, [entry])
    loaded = log.load(KEY)
    assert loaded is not None
    assert loaded == [entry]


def test_an_entry_nested_10000_deep_comes_back(log: turnlog.Log) -> None:
    deep: Any = "end"
    for _ in range(10_000):
        deep = [deep]
    log.append(KEY, [user(toolUseResult=deep)])
    loaded = log.load(KEY)
    assert loaded is not None
    found = loaded[0]["toolUseResult"]
    for _ in range(10_000):
        (found,) = found
    assert found == "end"


KEYS = [
    SessionKey("a/b", "c"),
    SessionKey("a", "b/c"),
    SessionKey("..", "../../etc"),
    SessionKey("p\0q", "\ud800"),
    SessionKey("%", "100%"),
    SessionKey("\n\t", "s", "sub/\0/agent"),
    SessionKey("p" * 500, "s" * 500),
    SessionKey("Ä", "ß", "\U0001f600"),
]


def test_any_key_names_a_session(log: turnlog.Log) -> None:
    for n, key in enumerate(KEYS):
        log.append(key, [user(uuid=f"u{n}")])
    for n, key in enumerate(KEYS):
        assert log.load(key) == [user(uuid=f"u{n}")]
    with log.store.read() as reader:
        assert set(reader.streams()) == set(KEYS)
    assert log.load(SessionKey("a/b", "c/d")) is None
    log.rebuild()
    assert_sound(log)


def test_what_is_no_object_is_kept_as_it_was_found(log: turnlog.Log) -> None:
    """What is no entry must never stop the others, nor get lost."""
    for odd in (
        [],
        "text",
        7,
        None,
        math.nan,
        {"no": "type"},
        {"type": None},
        {"type": {}},
        object(),
    ):
        log.append(KEY, [odd])
    log.append(KEY, [user()])
    assert user() in (log.load(KEY) or [])
    assert_sound(log)


def test_any_text_may_be_asked_for(log: turnlog.Log) -> None:
    """A question with a strange character in it must get an answer or one of our own errors."""
    log.append(KEY, [user()])
    fields = ("user_id", "project", "directory", "model", "text")
    for nasty in NASTY:
        for field in fields:
            assert log.sessions(Filter(**{field: nasty})) == []  # type: ignore[arg-type]
        assert log.sessions(Filter(tags=(nasty,))) == []
        with pytest.raises(Refused, match="is no status"):
            log.sessions(Filter(status=nasty))  # type: ignore[arg-type]
        with pytest.raises(TurnlogError):
            log.session(nasty)
        for kind in ("checkpoint", "message", "time", "prompt"):
            with pytest.raises(TurnlogError):
                log.at(KEY, f"{kind}:{nasty}")


def test_what_people_say_of_a_session_may_hold_any_text(log: turnlog.Log) -> None:
    for n, nasty in enumerate(NASTY):
        key = SessionKey("shop", str(n))
        log.append(key, [user()], user_id=nasty)
        log.rename(key, nasty, actor=nasty)
        log.rewind(key, to="prompt:0", reason=nasty, actor=nasty)
        assert log.state(key).titles["custom"] == nasty
    assert_sound(log)
