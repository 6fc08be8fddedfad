"""The arithmetic of the benchmarks: a figure that is wrong is worse than none."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measure, report, totals
from benchmarks.bench import Bench, Measured, Row, SkippedError
from benchmarks.measure import Disk, Ratio, compare
from benchmarks.read_models import share
from benchmarks.report import Outcome, render
from benchmarks.workload import Workload, read_directory
from tests.support.workload import sessions


@pytest.fixture
def workload(tmp_path: Path) -> Workload:
    for transcript in sessions(3, 60, seed=5):
        transcript.write(tmp_path)
    return read_directory(tmp_path, "synthetic")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only stands where the work puts it, in seconds."""
    now = [0.0]
    monkeypatch.setattr("benchmarks.measure.time.perf_counter", lambda: now[0])
    return now


def side(clock: list[float], name: str, seconds: float, ran: list[str]) -> measure.Side:
    def step() -> None:
        clock[0] += seconds
        ran.append(name)

    return lambda _: [step, step]


def test_a_ratio_is_ours_over_the_base(clock: list[float]) -> None:
    ran: list[str] = []
    ratio = compare(side(clock, "ours", 3, ran), side(clock, "base", 2, ran), rounds=3)
    assert (ratio.median, ratio.low, ratio.high, ratio.rounds) == (1.5, 1.5, 1.5, 3)
    assert (ratio.ours_seconds, ratio.base_seconds) == (6, 4)


def test_steps_alternate_and_neither_side_always_begins(clock: list[float]) -> None:
    ran: list[str] = []
    compare(side(clock, "ours", 1, ran), side(clock, "base", 1, ran), rounds=2, warmups=0)
    assert ran == ["ours", "base", "base", "ours", "base", "ours", "ours", "base"]


def test_a_warm_up_round_never_counts(clock: list[float]) -> None:
    """A first round that pays for imports and caches must never be in a figure."""

    def slow_at_first(number: int) -> list[Any]:
        return [lambda: clock.__setitem__(0, clock[0] + (100 if number < 0 else 2))]

    ratio = compare(slow_at_first, side(clock, "base", 1, []), rounds=2)
    assert ratio.high == 1


def test_a_scaled_figure_counts_work_one_by_one() -> None:
    measured = Measured.of(Ratio(0.5, 0.4, 0.6, 3, 1e-4, 2.0), scale=0.1)
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.05, 0.04, 0.06))
    assert measured.note == "100 µs against 2.00 s a round"


def test_a_share_is_what_the_greater_time_has_more() -> None:
    measured = share(Ratio(1.25, 1.0, 2.0, 3, 0.5, 0.4), "with and without")
    assert (measured.value, measured.low, measured.high) == pytest.approx((0.2, 0.0, 0.5))


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.4, "aim reached"), (1.8, "must reached"), (2.7, "missed by 50%")],
)
def test_a_verdict_names_the_mark_that_was_reached(value: float, verdict: str) -> None:
    row = Row("append-1", "1 entry an append", lambda _: never(), must=1.8, aim=1.4)
    assert row.verdict(Measured(value, value, value, 1)) == verdict


def never() -> Measured:
    raise AssertionError("this row is not measured here")


def test_no_two_entries_of_a_stream_are_duplicates(workload: Workload) -> None:
    """A store that rightly drops duplicates must never be timed while it drops what it is given."""
    entries = list(islice(workload.stream("one"), 1_000))
    uuids = [entry["uuid"] for entry in entries if "uuid" in entry]
    assert len(uuids) == len(set(uuids))
    lines = [json.dumps(entry) for entry in entries]
    assert len(lines) == len(set(lines))


def test_links_still_hold_in_a_stream(workload: Workload) -> None:
    entries = list(islice(workload.stream("one"), 1_000))
    known = {entry["uuid"] for entry in entries if "uuid" in entry}
    linked = [entry for entry in entries if entry.get("parentUuid")]
    broken = [entry for entry in linked if entry["parentUuid"] not in known]
    assert len(linked) > 100
    # The stream begins somewhere inside a transcript: there the first few parents are missing.
    assert len(broken) <= 5


def test_two_streams_share_no_id(workload: Workload) -> None:
    one, two = (
        {entry["uuid"] for entry in islice(workload.stream(name), 500) if "uuid" in entry}
        for name in ("one", "two")
    )
    assert not one & two


@pytest.mark.parametrize(
    ("disk", "warns"),
    [(Disk("ext4", 300), False), (Disk("ext4", 4), True), (Disk("tmpfs", 300), True)],
)
def test_a_disk_that_does_not_sync_is_said_aloud(disk: Disk, warns: bool) -> None:
    assert bool(disk.warning) is warns


def test_scratch_databases_do_not_stay(tmp_path: Path, workload: Workload) -> None:
    with Bench(tmp_path, 1, workload).scratch() as directory:
        (directory / "x.db").write_bytes(b"x")
    assert not directory.exists()


def test_measuring_one_row_keeps_the_figures_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    earlier = {"rows": [{"name": "a", "value": 1}, {"name": "b", "value": 1}]}
    (tmp_path / "latest.json").write_text(json.dumps(earlier))
    rows = report.merged("latest", "rows", [{"name": "b", "value": 2}, {"name": "c", "value": 2}])
    assert rows == [{"name": n, "value": v} for n, v in (("a", 1), ("b", 2), ("c", 2))]


def test_the_page_says_what_was_measured_and_what_was_not(workload: Workload) -> None:
    row = Row("append-1", "1 entry an append", lambda _: never(), must=1.8, aim=1.4)
    outcomes = [
        Outcome(row, Measured(1.5, 1.25, 2.0, 5, "200 appends a round")),
        Outcome(Row("memory", "peak memory", lambda _: never(), unit="MB"), None, "needs Linux"),
    ]
    environment = report.environment(Disk("ext4", 300), workload)
    page = render(
        {"environment": environment, "rows": [outcome.record() for outcome in outcomes]}, None
    )
    assert "| 1 entry an append | ≤ 1.8 | ≤ 1.4 | 1.50 (1.25-2.00) | must reached |" in page
    assert "| peak memory | - | - | - | skipped | needs Linux |" in page
    assert str(workload.directory) not in page


def test_without_node_the_totals_are_left_out(
    workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Node must still measure everything else, and say what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    [row] = totals.ROWS
    with pytest.raises(SkippedError, match="needs Node"):
        row.measure(Bench(tmp_path, 1, workload))
