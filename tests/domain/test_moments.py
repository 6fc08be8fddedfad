"""Moments of the whole log: how they are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from turnlog.domain.errors import InvalidPoint
from turnlog.domain.moments import Moment


@pytest.mark.parametrize(
    ("asked", "moment"),
    [
        ("position:1200", Moment("position", 1200)),
        ("1200", Moment("position", 1200)),
        (0, Moment("position", 0)),
        (Moment("position", 7), Moment("position", 7)),
        ("recorded:1970-01-01T00:00:01Z", Moment("recorded", 1000)),
        ("1970-01-01T00:00:01", Moment("recorded", 1000)),
        ("1970-01-02", Moment("recorded", 86_400_000)),
        ("1970-01-01T02:00:01+02:00", Moment("recorded", 1000)),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), Moment("recorded", 1000)),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), Moment("recorded", 0)),
    ],
)
def test_a_moment_is_a_position_or_a_time(asked: str | int, moment: Moment) -> None:
    assert Moment.of(asked) == moment


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "-1",
        -1,
        "position:",
        "position:x",
        "position:-3",
        "position:" + "9" * 30,
        "9" * 30,
        "recorded:",
        "recorded:yesterday",
        "prompt:2",
        "time:2026-01-30",
        "tomorrow",
        "2026-13-01",
        "2026-01-30T25:00Z",
        "2026-01-30T10:00+99:00",
        "²",
    ],
)
def test_what_is_no_moment_is_refused_with_how_one_is_written(asked: str | int) -> None:
    with pytest.raises(InvalidPoint, match=r"position:1200|2026-01-30T14:23Z"):
        Moment.of(asked)
