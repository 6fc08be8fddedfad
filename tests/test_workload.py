"""The synthetic workload is distributed like real sessions."""

from __future__ import annotations

from statistics import mean, quantiles

import pytest
import zstandard

from tests.support import workload
from tests.support.config_dir import encode_line
from tests.support.entries import Entry


@pytest.fixture(scope="module")
def session() -> list[Entry]:
    return workload.entries(4_000, seed=3)


@pytest.fixture(scope="module")
def lines(session: list[Entry]) -> list[bytes]:
    return [encode_line(entry) for entry in session]


@pytest.mark.parametrize("count", [0, 1, 7, 500])
def test_a_session_has_as_many_entries_as_asked_for(count: int) -> None:
    assert len(workload.entries(count)) == count


def test_a_shorter_session_is_the_beginning_of_a_longer_one(session: list[Entry]) -> None:
    assert workload.entries(100, seed=3) == session[:100]
    assert workload.entries(100, seed=4) != session[:100]


def test_entries_are_as_large_as_real_ones(lines: list[bytes]) -> None:
    sizes = [len(line) for line in lines]
    hundredths = quantiles(sizes, n=100)
    assert 1_000 < hundredths[49] < 1_400
    assert 7_000 < hundredths[94] < 13_000
    assert 20_000 < hundredths[98] < 50_000
    assert 1_900 < mean(sizes) < 2_900


def test_entries_compress_as_real_ones_do(lines: list[bytes]) -> None:
    compressor = zstandard.ZstdCompressor(level=3)
    whole = b"".join(lines)
    one_by_one = sum(len(compressor.compress(line)) for line in lines)
    blocks = [whole[start : start + 2**18] for start in range(0, len(whole), 2**18)]
    in_blocks = sum(len(compressor.compress(block)) for block in blocks)
    assert 2.0 < len(whole) / one_by_one < 2.9
    assert 4.0 < len(whole) / in_blocks < 6.0


def test_some_entries_have_no_uuid_and_repeat_earlier_ones(
    session: list[Entry], lines: list[bytes]
) -> None:
    without = [line for entry, line in zip(session, lines, strict=True) if "uuid" not in entry]
    assert 0.08 < len(without) / len(lines) < 0.16
    assert len(set(without)) < len(without) / 2


def test_uuids_are_unique_across_sessions() -> None:
    sessions = list(workload.sessions(9, 60))
    uuids = [entry["uuid"] for s in sessions for entry in s.entries if "uuid" in entry]
    assert len(uuids) == len(set(uuids))
    assert len({s.session_id for s in sessions}) == 9
    assert len({s.cwd for s in sessions}) == 3


def test_batches_hold_everything_in_order() -> None:
    assert [list(batch) for batch in workload.batches(range(7), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
