"""The same entry again, wholly, partly, late: recorded once. Another under its uuid: kept."""

from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from tests.domain.scenario import KEY, Like, Scenario, given, when
from tests.support.entries import Entry
from tests.support.transcripts import Transcript
from turnlog.domain import events as e
from turnlog.domain.batch import BATCHES_REMEMBERED
from turnlog.domain.commands import delete

ENTRIES = (e.TurnRecorded, e.EntryRecorded)


def conversation() -> list[Entry]:
    """A conversation, titles and modes between its entries."""
    s = Transcript(KEY.session_id)
    s.mode()
    for n in range(3):
        s.prompt(f"Question {n}?")
        s.run("Bash", {"command": "ls"}, str(n), thinking="Hm.")
        s.title(f"Title {n % 2}")
        s.answer(f"Answer {n}.")
    return s.entries


def titled(*titles: str) -> list[Entry]:
    return [{"type": "ai-title", "aiTitle": title} for title in titles]


def bodies(past: Scenario) -> list[bytes]:
    return [event.body for event in past.all_of(*ENTRIES)]


# -- entries with a uuid ---------------------------------------------------------------------------


def test_a_batch_that_comes_again_changes_nothing() -> None:
    given(conversation()).when(conversation()).then()


@pytest.mark.parametrize("from_file", [False, True])
def test_entries_that_come_again_in_other_batches_change_nothing(from_file: bool) -> None:
    entries = [entry for entry in conversation() if "uuid" in entry]
    past = given(entries)
    for part in (entries[3:], entries[:3], entries[::2], entries[::-1]):
        past.when(part, from_file=from_file).then()


@generated(st.data())
def test_however_often_and_in_whatever_parts_entries_come_they_are_recorded_once(
    data: st.DataObject,
) -> None:
    """A duplicate must never be recorded: the mirror delivers at least once."""
    entries = [entry for entry in conversation() if "uuid" in entry]
    past, sent = Scenario(), 0
    while sent < len(entries):
        upto = data.draw(st.integers(sent + 1, len(entries)))
        again = data.draw(st.integers(0, sent))
        past.when(entries[again:upto])
        sent = upto
    assert bodies(past) == bodies(when(entries))
    assert past.state.live == when(entries).state.live


def test_an_entry_twice_in_one_batch_is_recorded_once() -> None:
    (mode, prompt, *_) = conversation()
    assert len(when([mode, prompt, prompt]).of(*ENTRIES)) == 2


# -- another content under the same uuid -----------------------------------------------------------


def changed(entry: Entry) -> Entry:
    return entry | {"message": {"role": "user", "content": "Something else."}}


def test_another_content_under_a_uuid_is_a_conflict() -> None:
    """A conflict must never be dropped, and never replace what was there."""
    prompt = conversation()[1]
    past = given(conversation())
    live = past.state.live
    past.when([changed(prompt)])
    past.then(Like(e.EntryConflicted, of=past.version_of(prompt)))
    assert b"Something else" in past.new[0].body
    assert past.state.live == live


def test_a_conflict_that_comes_again_is_known() -> None:
    """The same conflict must never be recorded twice: the mirror delivers at least once."""
    prompt = conversation()[1]
    past = given(conversation(), [changed(prompt)])
    past.when([changed(prompt)]).then()
    past.when([prompt]).then()
    past.when([prompt | {"third": True}]).then(e.EntryConflicted)


def test_a_conflict_within_one_batch() -> None:
    prompt = conversation()[1]
    past = when([prompt, changed(prompt), changed(prompt)])
    assert len(past.of(e.EntryConflicted)) == 1


def test_the_order_of_fields_is_part_of_the_content() -> None:
    """`load` must never give back an entry that nobody appended."""
    prompt = conversation()[1]
    turned = dict(reversed(prompt.items()))
    given([prompt]).when([turned]).then(e.EntryConflicted)


# -- entries without uuid --------------------------------------------------------------------------


def test_a_title_given_back_is_recorded_again() -> None:
    """A, B, A must never end as B: the lines without uuid are repeated on purpose."""
    past = when(titled("A", "B", "A"))
    assert len(past.of(e.EntryRecorded)) == 3
    assert past.state.title == "A"
    later = given(titled("A", "B")).when(titled("A"))
    assert later.state.title == "A"


def test_a_title_given_back_in_a_batch_of_its_own_is_recorded_again() -> None:
    """A, B, A must never end as B, where the mirror sends every line by itself."""
    assert given(titled("A"), titled("B")).when(titled("A")).state.title == "A"


def test_a_line_that_repeats_the_latest_of_its_kind_is_a_duplicate() -> None:
    past = given(titled("A")).when([{"type": "mode", "mode": "normal"}, *titled("A", "A", "B")])
    assert [event.kind for event in past.of(e.EntryRecorded)] == ["mode", "ai-title"]


def test_a_batch_of_lines_without_uuid_that_comes_again_changes_nothing() -> None:
    given(titled("A", "B")).when(titled("A", "B")).then()


def test_a_batch_is_remembered_for_a_while() -> None:
    past = given(titled("A", "B"))
    for n in range(BATCHES_REMEMBERED - 1):
        past.given(titled(f"{n}"))
    past.when(titled("A", "B")).then()
    past.given(titled("the last"))
    assert len(past.when(titled("A", "B")).of(e.EntryRecorded)) == 2


def test_an_import_knows_what_the_mirror_recorded() -> None:
    """An import after the mirror must never record a line a second time."""
    s = Transcript(KEY.session_id)
    s.mode()
    past, sent = Scenario(), 0
    for _ in range(2):
        s.prompt("?")
        s.title("A")
        s.answer("So.")
        s.title("B")
        s.title("A")
        past.when(s.entries[sent:])
        sent = len(s.entries)
    past.when(s.entries, from_file=True)
    missing = [event.kind for event in past.of(*ENTRIES)]
    assert missing == ["ai-title"], "only the second A, which repeated the latest of its kind"
    past.when(s.entries, from_file=True).then()


def test_an_import_of_the_same_file_again_changes_nothing() -> None:
    lines = [*titled("A", "A", "B", "A"), *conversation(), *titled("A", "A")]
    past = when(lines, from_file=True)
    assert len(past.of(*ENTRIES)) == len(lines), "in a file every line counts"
    past.when(lines, from_file=True).then()


# -- bytes that are no entry -----------------------------------------------------------------------


def test_what_is_corrupt_is_kept_once() -> None:
    """A retry must never record the same broken bytes again."""
    batch: list[Any] = ["torn", *conversation(), "torn", "torn"]
    past = given(batch)
    assert len(past.all_of(e.EntryCorrupted)) == 3
    past.when(batch).then()


# -- a new life ------------------------------------------------------------------------------------


def test_what_comes_after_a_deletion_is_new() -> None:
    """Entries appended after a deletion must never be taken for those that were deleted."""
    past = given(conversation(), lambda state: delete(state, None, None))
    first = past.at(len(past.happened) - 1)
    past.when(conversation())
    assert [event.body for event in past.of(*ENTRIES)] == [
        event.body for event in when(conversation()).of(*ENTRIES)
    ]
    assert past.state.live == first.live
    assert past.state.titles == first.titles
    assert past.state.status == first.status


def test_a_new_life_counts_its_prompts_from_one() -> None:
    """The only prompt of a deleted session must never be taken for one that was asked already."""
    s = Transcript(KEY.session_id)
    s.prompt("?")
    s.answer("So.")
    past = given(s.entries, lambda state: delete(state, None, None)).when(s.entries)
    assert past.state.live.prompts == 1
    assert [x.checkpoint_id for x in past.of(e.CheckpointCreated)] == ["prompt-1"]


def test_a_new_life_does_not_depend_on_its_batches() -> None:
    """What a response counts must never depend on what a deleted life knew of it."""
    past = given(conversation(), lambda state: delete(state, None, None))
    for entry in conversation():
        past.when([entry])
    once = when(conversation()).state
    assert past.state.live[:2] == once.live[:2]
    assert past.state.live.usage == once.live.usage
