"""Points in time: how they are written, and where they lie."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.entry import Mark
from turnlog.domain.errors import InvalidPoint, PointNotFound
from turnlog.domain.points import Head, Place, Point, anchor_end, load_order, resolve

FIRST = Place(0, 0)
MARKS = {"P": Mark.USER | Mark.PROMPT, "t": Mark.USER | Mark.TOOL_RESULT, ".": 0}


def heads(shape: str) -> list[Head]:
    """A transcript in shorthand: P a prompt, a figure an entry of that turn, t a tool's result."""
    return [
        Head(
            version=version,
            branch=0,
            before=None,
            place=None,
            marks=MARKS.get(letter, Mark.ASSISTANT),
            turn=int(letter) if letter.isdigit() else None,
            occurred_at=None,
        )
        for version, letter in enumerate(shape, 1)
    ]


def late(version: int, before: int, place: int | None = None, letter: str = ".") -> Head:
    return heads(letter)[0]._replace(version=version, before=before, place=place or before)


def find(point: str, of: str | Sequence[Head]) -> Place:
    return resolve(Point.of(point), heads(of) if isinstance(of, str) else of, FIRST)


# -- how points are written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("prompt:2", Point("prompt", "2", 2)),
        ("prompt:0", Point("prompt", "0", 0)),
        ("turn:3", Point("turn", "3", 3)),
        ("version:120", Point("version", "120", 120)),
        ("120", Point("version", "120", 120)),
        ("position:1200", Point("position", "1200", 1200)),
        (120, Point("version", "120", 120)),
        (Point("turn", "3", 3), Point("turn", "3", 3)),
        ("checkpoint:before the refactoring", Point("checkpoint", "before the refactoring")),
        ("checkpoint:a:b", Point("checkpoint", "a:b")),
        ("message:0a-1b", Point("message", "0a-1b")),
        ("time:1970-01-01T00:00Z", Point("time", "1970-01-01T00:00Z", 0)),
        ("time:1970-01-01T02:00:01+02:00", Point("time", "1970-01-01T02:00:01+02:00", 1000)),
        ("time:1970-01-02", Point("time", "1970-01-02", 86_400_000)),
        ("recorded:1970-01-01T00:00:00.250Z", Point("recorded", "1970-01-01T00:00:00.250Z", 250)),
    ],
)
def test_a_point_is_written(text: Any, point: Point) -> None:
    assert Point.of(text) == point
    assert Point.of(str(point)) == point


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "prompt",
        "prompt:",
        "prompt:two",
        "prompt:-1",
        "prompt:1.5",
        "prompt: 1",
        "prompt:²",
        "prompt:٣",
        "turn:1e3",
        "version:" + "9" * 16,
        -1,
        "Prompt:1",
        "rewind:1",
        "checkpoint:",
        "message:",
        "time:",
        "time:yesterday",
        "time:2026-02-30T00:00Z",
        "time:25:00",
        "recorded:\ud800",
    ],
)
def test_a_point_written_wrongly_is_refused_with_how_it_is_written(text: Any) -> None:
    with pytest.raises(InvalidPoint, match=r"prompt:2|turn:2|version:2|2026-01-30"):
        Point.of(text)


@given(st.sampled_from(["", "time:", "turn:"]), st.text())
def test_any_text_is_a_point_or_refused(kind: str, text: str) -> None:
    """What was typed must never reach the terminal as it is: it may hold control characters."""
    try:
        assert str(Point.of(kind + text)).endswith(text)
    except InvalidPoint as refused:
        told = str(refused)
    else:
        told = ""
    assert told.isprintable()


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_a_time_is_exact_to_the_millisecond(ms: int) -> None:
    """A point must never lie a millisecond before the entry it was copied from."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert Point.of(f"time:{moment.isoformat()}").number == ms


# -- prompts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "version"),
    [("prompt:0", 0), ("prompt:1", 4), ("prompt:2", 7), ("prompt:3", 9)],
)
def test_a_prompt_ends_just_before_the_next_begins(point: str, version: int) -> None:
    assert find(point, ".P1.P2tP3").version == version


def test_what_comes_before_the_first_prompt_belongs_to_it() -> None:
    assert find("prompt:1", "..P1P2").version == 4


def test_turns_and_prompts_that_are_not_there_are_counted() -> None:
    with pytest.raises(PointNotFound, match=r"prompt:4.*2 prompts.*prompt:2"):
        find("prompt:4", "P1P2")
    with pytest.raises(PointNotFound, match=r"turn:3.*1 turns.*turn:1"):
        find("turn:3", "P11.")
    with pytest.raises(PointNotFound, match="nothing was said"):
        find("prompt:1", "..")


# -- turns -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "point", "version"),
    [
        ("P1P2", "turn:0", 0),
        ("P1P2", "turn:1", 2),
        ("P11t2", "turn:1", 4),
        ("P1ttt2", "turn:1", 5),
        ("P1t.t.2", "turn:1", 5),
        ("P1.t2", "turn:1", 4),
        ("P12tt", "turn:1", 2),
        ("P1t2tP3", "turn:2", 5),
        ("P1P2t", "turn:2", 5),
        ("P1Pt2", "turn:1", 2),
        ("P5t3t", "turn:2", 5),
        ("P1t", "turn:1", 3),
    ],
)
def test_a_turn_ends_after_the_results_of_all_its_tools(
    shape: str, point: str, version: int
) -> None:
    assert find(point, shape).version == version


def test_entries_of_a_response_need_not_be_adjacent() -> None:
    """A response must never be cut in the middle: the API refuses what is left."""
    assert find("turn:1", "P1t1t2").version == 5
    assert find("turn:1", "P121t").version == 4


# -- anchors of checkpoints ------------------------------------------------------------------------


def test_a_checkpoint_lies_where_its_prompt_or_its_response_ends() -> None:
    line = heads("P1t2P3")
    assert anchor_end(line, 1, "prompt") == Place(4, 0)
    assert anchor_end(line, 2, "turn") == Place(3, 0)
    assert anchor_end(line, 5, "prompt") == Place(6, 0)
    assert anchor_end(line, 9, "prompt") is None


# -- late entries ----------------------------------------------------------------------------------


def test_late_entries_stand_where_they_belong() -> None:
    line = [*heads("....")]
    order = load_order(line, [late(5, before=3), late(6, before=3), late(7, before=1)])
    assert [head.version for head in order] == [7, 1, 2, 5, 6, 3, 4]


def test_late_entries_stand_before_late_entries() -> None:
    order = load_order(heads("..."), [late(4, before=3), late(5, before=4, place=3)])
    assert [head.version for head in order] == [1, 2, 5, 4, 3]


def test_late_entries_are_given_where_the_entry_they_stand_before_is_not() -> None:
    """The end of a line must never be dropped because what follows it was cut off."""
    came = [late(5, before=3), late(6, before=5, place=3), late(7, before=3)]
    order = load_order(heads(".."), came)
    assert [head.version for head in order] == [1, 2, 6, 5, 7]


def test_a_late_prompt_is_counted_where_it_stands() -> None:
    line = list(load_order(heads("P1P2"), [late(5, 3, letter="P"), late(6, 3, letter="3")]))
    assert [head.version for head in line] == [1, 2, 5, 6, 3, 4]
    assert find("prompt:1", line) == Place(2, 0)
    assert find("prompt:2", line) == Place(2, 0, late_upto=3)
    assert find("prompt:3", line) == Place(4, 0)


@given(st.integers(1, 30), st.data())
def test_load_order_keeps_every_entry_once(n: int, data: st.DataObject) -> None:
    """A late entry must never be lost or given twice."""
    line = [heads(".")[0]._replace(version=v) for v in range(1, n + 1)]
    came: list[Head] = []
    for version in range(n + 1, n + 1 + data.draw(st.integers(0, 12))):
        before = data.draw(st.sampled_from([*line, *came]))
        came.append(late(version, before.version, before.place or before.version))
    order = [head.version for head in load_order(line, came)]
    assert sorted(order) == list(range(1, n + len(came) + 1))
    assert [v for v in order if v <= n] == list(range(1, n + 1))
    for head in came:
        assert order.index(head.version) < order.index(head.before or 0)
