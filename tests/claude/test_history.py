"""The prompts of `history.jsonl` are read, and gathered where their transcript is gone."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import pytest

from turnlog.adapters.claude.history import (
    HistoryLine,
    PromptOnly,
    Unfinished,
    prompt_only,
    read_history,
)
from turnlog.adapters.claude.recovery import Corrupt
from turnlog.domain.keys import SessionKey

ONE = "11111111-0000-4000-8000-000000000001"
TWO = "22222222-0000-4000-8000-000000000002"
MIDNIGHT = 1_757_894_400_000  # 2025-09-15T00:00Z, in milliseconds


def line(display: str = "hello", **fields: Any) -> bytes:
    found = {
        "display": display,
        "pastedContents": {},
        "timestamp": MIDNIGHT,
        "project": "/home/ada/shop",
        **fields,
    }
    return json.dumps({key: value for key, value in found.items() if value is not ...}).encode()


def read(*lines: bytes, end: bytes = b"\n") -> list[HistoryLine | Corrupt | Unfinished]:
    return list(read_history(io.BytesIO(b"\n".join(lines) + end)))


def prompts(*lines: bytes) -> list[HistoryLine]:
    found = read(*lines)
    assert all(isinstance(item, HistoryLine) for item in found)
    return [item for item in found if isinstance(item, HistoryLine)]


def groups(*lines: bytes, known: frozenset[str] = frozenset()) -> list[PromptOnly]:
    return prompt_only(prompts(*lines), known)


# -- reading ---------------------------------------------------------------------------------------


def test_a_line() -> None:
    pasted = {"1": {"id": 1, "type": "text", "contentHash": "0123456789abcdef"}}
    raw = line("look at [Pasted text #1]", pastedContents=pasted, sessionId=ONE)

    assert prompts(raw) == [
        HistoryLine("look at [Pasted text #1]", pasted, MIDNIGHT, "/home/ada/shop", ONE, raw)
    ]


@pytest.mark.parametrize("session", [..., None, "", 7])
def test_older_lines_name_no_session(session: object) -> None:
    (found,) = prompts(line(sessionId=session))

    assert found.session_id is None


def test_what_is_not_known_stays_in_the_raw_line() -> None:
    raw = line(pastedContents=["odd"], later={"a": 1})

    (found,) = prompts(raw)

    assert found.pasted_contents == {}
    assert found.raw == raw


def test_surrogates_and_carriage_returns() -> None:
    (found,) = prompts(b'{"display":"\\ud83d","timestamp":1,"project":"/"}\r')

    assert found.display == "\ud83d"


def test_the_day_is_that_of_utc() -> None:
    before, after = prompts(line(timestamp=MIDNIGHT - 1), line(timestamp=MIDNIGHT + 0.5))

    assert (before.day, after.day) == (date(2025, 9, 14), date(2025, 9, 15))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "a torn record"),
        (b"[]", "an array, no object"),
        (line(display=...), "`display`"),
        (line(display=["hello"]), "`display`"),
        (line(project=...), "`project`"),
        (line(timestamp=...), "`timestamp`"),
        (line(timestamp="yesterday"), "`timestamp`"),
        (line(timestamp=10**18), "`timestamp`"),
        (line(timestamp=float("nan")), "`timestamp`"),
        (b'{"a":' * 10_000, "a torn record"),
    ],
)
def test_a_broken_line_is_kept_with_the_reason(raw: bytes, reason: str) -> None:
    """A broken line must cost neither itself nor its neighbours."""
    first, broken, last = read(line(), raw, line())

    assert isinstance(broken, Corrupt)
    assert broken.data == raw
    assert reason in broken.reason
    assert isinstance(first, HistoryLine)
    assert isinstance(last, HistoryLine)


def test_prompts_are_saved_out_of_a_broken_line() -> None:
    torn = line("lost")[:40]

    one, broken, two, three = read(line("one"), torn + line("two") + line("three"))

    assert broken == Corrupt(torn, "a torn record")
    assert [found.display for found in (one, two, three) if isinstance(found, HistoryLine)] == [
        "one",
        "two",
        "three",
    ]


def test_blank_lines_are_nothing() -> None:
    assert len(read(b"", line(), b"\r", line())) == 2


def test_a_last_line_that_is_being_written() -> None:
    """It will be whole at the next reading: until then it is neither read nor called corrupt."""
    assert read(line(), line()[:40], end=b"")[1:] == [Unfinished(line()[:40])]


def test_a_last_line_without_line_feed() -> None:
    (found,) = read(line(), end=b"")

    assert isinstance(found, HistoryLine)


# -- sessions of which the prompts are left --------------------------------------------------------


def test_the_prompts_of_a_session_whose_transcript_is_gone() -> None:
    (group,) = groups(
        line("one", sessionId=ONE),
        line("known", sessionId=TWO),
        line("two", sessionId=ONE, timestamp=MIDNIGHT + 90_000_000),
        known=frozenset({TWO}),
    )

    assert group.key == SessionKey("-home-ada-shop", ONE)
    assert (group.project, group.session_id, group.day) == ("/home/ada/shop", ONE, None)
    assert [prompt.display for prompt in group.prompts] == ["one", "two"]


def test_prompts_without_session_are_gathered_by_project_and_day() -> None:
    found = groups(
        line("late", timestamp=MIDNIGHT - 1),
        line("early"),
        line("elsewhere", project="/home/ada/blog"),
        line("early too"),
    )

    assert [(group.project, group.day, len(group.prompts)) for group in found] == [
        ("/home/ada/shop", date(2025, 9, 14), 1),
        ("/home/ada/shop", date(2025, 9, 15), 2),
        ("/home/ada/blog", date(2025, 9, 15), 1),
    ]
    assert found[1].key == SessionKey("-home-ada-shop", "history-2025-09-15")
    assert found[1].session_id is None


def test_directories_that_share_a_slug_share_a_day() -> None:
    """Two groups of one key would be recorded as one session, and differ at each import."""
    (group,) = groups(line(project="/home/ada/shop"), line(project="/home/ada-shop"))

    assert [prompt.project for prompt in group.prompts] == ["/home/ada/shop", "/home/ada-shop"]


def test_the_order_is_that_of_the_file() -> None:
    """Timestamps run backwards where clocks are set: they are no order."""
    (group,) = groups(
        line("first", sessionId=ONE), line("second", sessionId=ONE, timestamp=MIDNIGHT - 5)
    )

    assert [prompt.display for prompt in group.prompts] == ["first", "second"]
