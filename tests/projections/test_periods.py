"""Local days over UTC quarters of an hour, and the rows that cover a period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.errors import Refused
from turnlog.projections.sessions.tables import QUARTER, SPANS
from turnlog.projections.usage.periods import DAY, day_text, offset_in, runs
from turnlog.projections.usage.query import pieces

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
_2026 = 1_767_225_600_000 // QUARTER


@given(st.integers(-5_000, 5_000), st.integers(0, 10_000))
def test_the_pieces_of_a_period_cover_it_once(begin: int, length: int) -> None:
    """No quarter of an hour must ever be counted twice, or not at all."""
    end = begin + length
    found = sorted((piece.begin, piece.end) for piece in pieces(begin, end))
    assert all(a < b for a, b in found)
    assert [b for _, b in found[:-1]] == [a for a, _ in found[1:]]
    assert not found or (found[0][0], found[-1][1]) == (begin, end)
    for piece in pieces(begin, end):
        assert piece.span in SPANS
        assert piece.begin % piece.span == piece.end % piece.span == 0


@given(st.sampled_from(ZONES), st.sets(st.integers(0, 3 * 365), max_size=20))
def test_every_quarter_of_an_hour_belongs_to_the_day_of_its_place(
    zone: str, days: set[int]
) -> None:
    """A day must hold what was spent on it there, also when the clock is set."""
    there = ZoneInfo(zone)
    utc_days = [_2026 + day * DAY for day in sorted(days)]
    for run in runs(utc_days, offset_in(zone)):
        for quarter in (run.begin, (run.begin + run.end) // 2, run.end - 1):
            moment = datetime.fromtimestamp(quarter * QUARTER / 1000, UTC).astimezone(there)
            if (quarter - _2026) // DAY in days:
                assert day_text((quarter + run.offset) // DAY) == moment.date().isoformat()


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_on_which_the_clock_is_set_has_its_own_length(day: str, hours: int) -> None:
    noon = int(datetime.fromisoformat(f"{day}T12:00+00:00").timestamp() * 1000) // QUARTER
    around = [noon // DAY * DAY + n * DAY for n in (-1, 0, 1)]
    quarters = [
        quarter
        for run in runs(around, offset_in("Europe/Berlin"))
        for quarter in range(run.begin, run.end)
        if day_text((quarter + run.offset) // DAY) == day
    ]
    assert len(quarters) == 4 * hours


def test_what_is_no_time_zone_is_refused() -> None:
    for name in ("Mars/Base", "", "../etc/passwd", "Europe/Berlin\0"):
        with pytest.raises(Refused, match="is no time zone"):
            offset_in(name)


def test_a_time_beyond_the_calendar_has_a_day() -> None:
    """A transcript's strange time must never make the figures fail."""
    far = (datetime(9999, 12, 31, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=QUARTER
    )
    for zone in (*ZONES, None):
        for day in (far // DAY * DAY, -far // DAY * DAY):
            for run in runs([day], offset_in(zone)):
                assert day_text((run.begin + run.offset) // DAY)
