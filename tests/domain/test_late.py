"""Entries that come late: the gap they leave, and the place they stand at."""

import pytest

from tests.domain.scenario import KEY, Like, Scenario, given, when
from tests.support.entries import Entry
from tests.support.transcripts import Transcript
from turnlog.domain import events as e
from turnlog.domain.points import Head, load_order

ENTRIES = (e.TurnRecorded, e.EntryRecorded)


def conversation(prompts: int = 4) -> list[list[Entry]]:
    """A batch for every prompt and its answer."""
    s = Transcript(KEY.session_id)
    batches = []
    for n in range(1, prompts + 1):
        first = len(s.entries)
        s.prompt(f"Question {n}?")
        s.answer(f"Answer {n}.")
        batches.append(s.entries[first:])
    return batches


def loaded(past: Scenario) -> list[bytes]:
    """The entries in load order, on whatever branch."""
    bodies = {}
    natural, late = [], []
    for version, event in enumerate(past.happened, 1):
        if isinstance(event, ENTRIES):
            bodies[version] = event.body
            head = Head(version, event.branch, event.before, event.place, 0, None, None)
            (natural if event.place is None else late).append(head)
    return [bodies[head.version] for head in load_order(natural, late)]


# -- gaps ------------------------------------------------------------------------------------------


def test_an_entry_that_hangs_on_a_missing_one_shows_a_gap() -> None:
    one, _, three, _ = conversation()
    past = given(one).when(three)
    (gap,) = past.of(e.GapDetected)
    assert gap.missing == three[0]["parentUuid"]
    assert gap.of == past.version_of(three[0])
    assert past.state.gaps == 1


def test_an_empty_batch_is_nothing_while_something_is_missing() -> None:
    """A portion of a file may be empty; it must never make an append fail."""
    one, _, three, _ = conversation()
    given(one, three).when([]).then()
    given(one, three).when([], from_file=True).then()


def test_a_gap_is_detected_once() -> None:
    one, _, three, _ = conversation()
    sibling = three[0] | {"uuid": "another"}
    past = given(one, three).when([sibling])
    assert past.of(e.GapDetected) == []
    assert past.state.gaps == 1


def test_a_session_that_begins_in_the_middle_has_a_gap() -> None:
    _, two, _, _ = conversation()
    assert when(two).state.gaps == 1


def test_the_missing_entries_fill_the_gap() -> None:
    one, two, three, _ = conversation()
    past = given(one, three).when(two)
    assert past.of(e.GapFilled) == [
        Like(e.GapFilled, missing=two[-1]["uuid"], of=past.version_of(two[-1]))
    ]
    assert past.state.gaps == 0


# -- the place of what comes late ------------------------------------------------------------------


def in_order(*batches: list[Entry]) -> list[bytes]:
    return loaded(when([entry for batch in batches for entry in batch]))


@pytest.mark.parametrize("from_file", [False, True])
def test_a_lost_batch_that_comes_late_stands_where_it_belongs(from_file: bool) -> None:
    """A late prompt must never stand at the end: the CLI dropped it there."""
    one, two, three, four = conversation()
    past = given(one, three, four)
    if from_file:
        past.when([*one, *two, *three, *four], from_file=True)
    else:
        past.when(two)
    assert loaded(past) == in_order(one, two, three, four)
    assert past.state.live[:3] == (4, 4, 8)
    assert past.state.late == 2


def test_two_lost_batches_stand_in_their_order() -> None:
    one, two, three, four = conversation()
    for later in ([two, three], [three, two]):
        past = given(one, four, *later)
        assert loaded(past) == in_order(one, two, three, four)
        assert past.state.gaps == 0


def test_the_beginning_that_comes_late_stands_at_the_beginning() -> None:
    one, two, _, _ = conversation()
    assert loaded(given(two, one)) == in_order(one, two)


def test_what_comes_late_does_not_move_the_head() -> None:
    """The last entry that `load` gives must always be the one the next will hang on."""
    one, two, three, _ = conversation()
    past = given(one, three)
    head, version = past.state.leaf, past.state.leaf_version
    past.when(two)
    assert (past.state.leaf, past.state.leaf_version) == (head, version)
    assert past.state.status == "complete"


def test_a_file_tells_the_place_of_lines_without_uuid() -> None:
    one, two, three, _ = conversation()
    two = [*two, {"type": "mode", "mode": "plan"}]
    past = given(one, three).when([*one, *two, *three], from_file=True)
    assert loaded(past) == in_order(one, two, three)


def test_a_file_read_in_parts_gives_the_same_places() -> None:
    one, two, three, four = conversation()
    past = given(one, four)
    past.when(two, from_file=True, preceding=one[-1]["uuid"], follower=three[0]["uuid"])
    past.when(three, from_file=True, preceding=two[-1]["uuid"], follower=four[0]["uuid"])
    past.when(four, from_file=True, preceding=three[-1]["uuid"])
    whole = given(one, four).when([*one, *two, *three, *four], from_file=True)
    assert whole.state.live == past.state.live
    assert loaded(whole) == in_order(one, two, three, four)


def test_a_line_without_uuid_that_was_lost_with_the_missing_entry_stays_with_it() -> None:
    one, two, three, _ = conversation()
    title = {"type": "ai-title", "aiTitle": "Between"}
    past = given(one, three).when([*two, title])
    assert loaded(past) == in_order(one, [*two, title], three)


# -- what is last wins, in the order of the transcript ---------------------------------------------


def titled(title: str) -> Entry:
    return {"type": "ai-title", "aiTitle": title}


@pytest.mark.parametrize("from_file", [False, True])
def test_an_older_title_that_comes_late_does_not_replace_the_newer(from_file: bool) -> None:
    """Last-wins state must follow the order of the transcript, never that of arrival."""
    one, two, three, _ = conversation()
    two, three = [*two, titled("Old")], [*three, titled("New")]
    past = given(one, three)
    past.when([*one, *two, *three], from_file=True) if from_file else past.when(two)
    assert past.state.title == "New"


def test_a_late_title_shows_where_no_later_one_was_given() -> None:
    one, two, three, _ = conversation()
    past = given([*one, titled("Old")], three).when([*two, titled("New"), titled("Newest")])
    assert past.state.title == "Newest"


def test_a_first_prompt_that_comes_late_is_the_title() -> None:
    one, two, three, _ = conversation()
    assert given(three, [*one, *two]).state.title == "Question 1?"
    assert given(one, three, two).state.title == "Question 1?"


def test_an_older_tag_that_comes_late_does_not_replace_the_newer() -> None:
    """A tag must never come back that was replaced in the transcript."""
    one, two, three, _ = conversation()
    past = given(one, [*three, {"type": "tag", "tag": "new"}])
    past.when([*two, {"type": "tag", "tag": "old"}])
    assert past.state.tags == ("new",)


def parted() -> list[Entry]:
    """A prompt of two entries, its answer, and another prompt."""
    s = Transcript(KEY.session_id)
    s.prompt("Look at this:", prompt_id="p1")
    s.user("and at that.", promptId="p1")
    s.answer("Seen.")
    s.prompt("Next?")
    s.answer("Next.")
    return s.entries


@pytest.mark.parametrize("lost", [(0,), (1,), (0, 1), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("from_file", [False, True])
def test_entries_of_one_prompt_are_one_prompt_when_some_come_late(
    lost: tuple[int, ...], from_file: bool
) -> None:
    """A prompt must never count twice because a part of it was lost on the way."""
    entries = parted()
    came = [entry for n, entry in enumerate(entries) if n not in lost]
    late = [entries[n] for n in lost]
    past = given(came)
    past.when(entries, from_file=True) if from_file else past.when(late)
    assert past.state.live.prompts == 2
    assert loaded(past) == in_order(entries)


def test_prompts_that_come_late_are_told_apart_by_their_ids() -> None:
    """Two prompts must never be taken for one because both came late."""
    one, two, three, four = conversation()
    assert given(one, four, [*two, *three]).state.live.prompts == 4


def test_figures_are_the_same_in_whatever_order_the_batches_come() -> None:
    one, two, three, four = conversation()
    expected = when([*one, *two, *three, *four]).state
    for order in ([one, two, three, four], [one, four, two, three], [four, three, two, one]):
        past = given(*order)
        assert past.state.live == expected.live
        assert past.state.billed == expected.billed
        assert past.state.status == expected.status
