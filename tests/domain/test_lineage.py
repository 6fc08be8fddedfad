"""Which versions are live after any series of rewinds."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.lineage import (
    BASE,
    FIRST,
    Cut,
    Lineage,
    Segment,
    among_both,
    among_of,
    is_among,
    is_live,
    keeps,
    lineage,
)


@dataclass
class Naive:
    """A stream as lists: what was live at every version, in full."""

    live: list[list[int]] = field(default_factory=lambda: [[]])
    branch_of: list[int] = field(default_factory=lambda: [FIRST])
    branches: dict[int, Cut] = field(default_factory=dict)

    def record(self) -> None:
        self._add([*self.live[-1], len(self.live)], self.branch_of[-1])

    def rewind(self, target: int) -> None:
        branch = len(self.live)
        cut = Cut(self.branch_of[target], target) if target else Cut(BASE, 0)
        self._add(self.live[target], branch)
        self.branches[branch] = cut

    def _add(self, live: list[int], branch: int) -> None:
        self.live.append(live)
        self.branch_of.append(branch)

    def lineage(self, base: Lineage = ()) -> Lineage:
        return lineage(self.branches, base, self.branch_of[-1])


# None records an entry, a number rewinds to that part of what there is.
series = st.lists(st.none() | st.floats(0, 1), max_size=40)


def follow(steps: list[float | None]) -> Naive:
    stream = Naive()
    for step in steps:
        if step is None:
            stream.record()
        else:
            stream.rewind(round(step * (len(stream.live) - 1)))
    return stream


@given(series)
def test_any_series_of_rewinds_keeps_what_a_naive_list_keeps(steps: list[float | None]) -> None:
    stream = follow(steps)
    line = stream.lineage()
    entries = [v for v, step in enumerate(steps, 1) if step is None]
    kept = [v for v in entries if is_live(line, stream.branch_of[v], v)]
    assert kept == stream.live[-1]


@given(series)
def test_the_segments_follow_each_other_in_the_order_of_the_transcript(
    steps: list[float | None],
) -> None:
    stream = follow(steps)
    entries = [v for v, step in enumerate(steps, 1) if step is None]
    read = [
        version
        for segment in stream.lineage()
        for version in entries
        if stream.branch_of[version] == segment.branch and keeps(segment, version)
    ]
    assert read == stream.live[-1]


@given(series)
def test_every_earlier_head_can_be_reached_again(steps: list[float | None]) -> None:
    stream = follow(steps)
    for version in range(1, len(stream.live)):
        line = lineage(stream.branches, (), stream.branch_of[version], version)
        assert [
            v
            for v in range(1, len(stream.live))
            if v in stream.live[-1] + stream.live[version]
            and steps[v - 1] is None
            and is_live(line, stream.branch_of[v], v)
        ] == stream.live[version]


def test_a_rewind_of_a_rewind_brings_the_abandoned_back() -> None:
    stream = follow([None] * 4)
    stream.rewind(2)
    stream.record()
    stream.rewind(4)
    assert stream.live[-1] == [1, 2, 3, 4]
    assert stream.lineage() == (Segment(0, 4), Segment(7, None))


def test_the_empty_session_keeps_nothing() -> None:
    stream = follow([None] * 3)
    stream.rewind(0)
    stream.record()
    assert stream.lineage() == (Segment(4, None),)
    assert not is_live(stream.lineage(), FIRST, 1)


def test_a_fork_stands_on_its_origin() -> None:
    base = (Segment(0, 7, "origin"),)
    stream = follow([None] * 2)
    assert stream.lineage(base) == (*base, Segment(0, None))
    stream.rewind(1)
    assert stream.lineage(base) == (*base, Segment(0, 1), Segment(3, None))


def test_a_fork_rewound_into_its_origin_keeps_only_that_of_it() -> None:
    base, kept = (Segment(0, 7, "origin"),), (Segment(0, 3, "origin"),)
    assert lineage({3: Cut(BASE, 0, None, kept)}, base, 3) == (*kept, Segment(3, None))
    assert lineage({3: Cut(BASE, 0, None, ())}, base, 3) == (Segment(3, None),)


def test_versions_of_the_origin_are_not_those_of_the_fork() -> None:
    """Equal version numbers of two streams must never be taken for each other."""
    line = (Segment(0, 7, "origin"), Segment(9, None))
    assert not is_live(line, 0, 5)
    assert is_live(line, 9, 12)


@pytest.mark.parametrize(
    ("upto", "late_upto", "place", "kept"),
    [
        (5, None, 5, True),
        (5, None, 6, False),
        (5, 6, 6, True),
        (5, 6, 7, False),
        (None, None, 9, True),
    ],
)
def test_a_late_entry_is_kept_with_the_place_it_stands_at(
    upto: int | None, late_upto: int | None, place: int, kept: bool
) -> None:
    assert keeps(Segment(0, upto, None, late_upto), place, late=True) is kept


versions = st.sets(st.integers(1, 30))


@given(versions, versions)
def test_a_cut_within_late_entries_tells_them_apart(some: set[int], others: set[int]) -> None:
    """Of what stands at one place, what was kept must never be taken for what was left."""
    kept, left = some | {31}, others - some
    segment = Segment(0, 40, None, 41, None, among_of(kept, left))
    assert {v for v in kept | left if keeps(segment, 41, v)} == kept
    assert keeps(segment, 40, 5)
    assert not keeps(segment, 42, min(kept))


@given(versions, versions)
def test_a_cut_within_a_cut_keeps_what_both_keep(one: set[int], other: set[int]) -> None:
    every = set(range(1, 33))
    first, second = one | {31}, other | {31}
    both = among_both(among_of(first, every - first), among_of(second, every - second))
    assert {v for v in every if is_among(both, v)} == first & second
    assert among_both((), both) == both == among_both(both, ())


def test_a_segment_is_written_as_it_was_before_cuts_knew_of_late_entries() -> None:
    """A fork or a snapshot of an earlier release must never read differently."""
    assert Segment(0, 7, "origin", 8, 9).plain == [0, 7, "origin", 8, 9]
    assert Segment(0, 7, "origin", 8, 9, (4, 6)).plain == [0, 7, "origin", 8, 9, [4, 6]]
