"""What a user declares as a projection is checked before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Optional

import pytest

from turnlog.domain import events
from turnlog.domain.errors import InvalidProjection
from turnlog.projections.engine.own import model_of, registration_of
from turnlog.projections.engine.projection import Projection
from turnlog.projections.engine.registry import Registry
from turnlog.projections.engine.table import Table
from turnlog.projections.engine.working_set import Rows


class Titles(Projection):
    name = "titles"
    wants = (events.SessionRenamed,)
    tables: ClassVar = {"titles": Table(key={"session": str}, columns={"title": str})}

    def fold(self, rows: Rows, recorded: Any) -> None:
        rows.put("titles", recorded.key.session_id, title=recorded.event.title)


def test_a_declaration_says_how_the_engine_keeps_it() -> None:
    registration = registration_of(Titles)
    assert (registration.name, registration.version) == ("titles", 1)
    assert (registration.lifecycle, registration.policy) == ("caught up", "pause")
    model = model_of(Titles)
    assert (model.topics, model.content) == ({"SessionRenamed.v1"}, "notes")
    assert registration_of(Titles) == registration


@pytest.mark.parametrize(
    ("wants", "content", "read"),
    [
        ((events.UsageRecorded,), "notes", "none"),
        ((events.UsageRecorded,), "all", "none"),
        ((events.SessionRenamed,), "all", "notes"),
        ((events.TurnRecorded,), "all", "all"),
        ((events.TurnRecorded,), "none", "none"),
    ],
)
def test_no_more_is_read_than_the_events_hold(wants: Any, content: Any, read: str) -> None:
    class Some(Titles):
        pass

    Some.wants, Some.content = wants, content
    assert model_of(Some).content == read


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", None, "None is no name for a projection"),
        ("name", "", "'' is no name"),
        ("name", "Titles", "small letters"),
        ("name", "my titles", "small letters"),
        ("name", "titles; DROP TABLE events", "small letters"),
        ("name", "título", "small letters"),
        ("name", "1st", "a letter first"),
        ("name", "x" * 31, "at most 30"),
        ("name", "titles_v2", "looks like one with a version"),
        ("version", 0, "a number from 1"),
        ("version", -1, "a number from 1"),
        ("version", "2", "not '2'"),
        ("version", True, "not True"),
        ("version", 100_000, "to 99999"),
        ("content", "some", "content is none, notes or all, not 'some'"),
        ("policy", "skip", "policy is pause or set aside, not 'skip'"),
        ("wants", (), "wants no events"),
        ("wants", events.UsageRecorded, "wants no events"),
        ("wants", ("UsageRecorded.v1",), "is no kind of event"),
        ("wants", (events.SessionEvent,), "is no kind of event"),
        ("tables", {}, "has no tables"),
        ("tables", {"Titles": Table(key={"a": int})}, "no name for a table"),
        ("tables", {"x" * 21: Table(key={"a": int})}, "at most 20"),
        ("tables", {"titles": {"a": int}}, "not a Table"),
        ("fold", Projection.fold, "has no fold"),
    ],
)
def test_a_declaration_that_cannot_be_kept_says_what_is_wrong(
    field: str, value: Any, told: str
) -> None:
    wrong = type("Wrong", (Titles,), {field: value})
    with pytest.raises(InvalidProjection) as refused:
        model_of(wrong)
    assert told in str(refused.value)
    assert "Wrong" in str(refused.value)


@pytest.mark.parametrize("given", [Titles(), object, None, "titles", {}])
def test_what_is_no_projection_says_what_one_is(given: Any) -> None:
    with pytest.raises(InvalidProjection, match="derives from turnlog"):
        model_of(given)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Table(key={}), "has no key"),
        (lambda: Table(key="a"), "has no key"),  # type: ignore[arg-type]
        (lambda: Table(key={"a": int}, columns=["b"]), "columns are written"),  # type: ignore[arg-type]
        (lambda: Table(key={"A": int}), "no name for a column"),
        (lambda: Table(key={"a-b": int}), "no name for a column"),
        (lambda: Table(key={1: int}), "no name for a column"),  # type: ignore[dict-item]
        (lambda: Table(key={"a": int | None}), "part of the key, which never holds None"),
        (lambda: Table(key={"a": int}, columns={"a": int}), "'a' is declared twice"),
        (lambda: Table(key={"a": float}), "an int of a smaller unit"),
        (lambda: Table(key={"a": int}, columns={"b": Decimal}), "nano-dollars"),
        (lambda: Table(key={"a": int}, columns={"b": datetime}), "milliseconds"),
        (lambda: Table(key={"a": int}, columns={"b": bytes}), "hexadecimal"),
        (lambda: Table(key={"a": int}, columns={"b": dict[str, int]}), "JSON"),
        (lambda: Table(key={"a": int}, columns={"b": int | str}), "share str, int, bool"),
        (lambda: Table(key={"a": int}, columns={"b": "int"}), "share str, int, bool"),
        (lambda: Table(key={"a": int}, columns={"b": 3}), "share str, int, bool"),
        (lambda: Table(key={"a": int}, indexes=("b",)), "'b', which is no column"),
    ],
)
def test_a_table_that_the_databases_do_not_share_is_refused(
    make: Callable[[], Table], told: str
) -> None:
    with pytest.raises(InvalidProjection) as refused:
        make()
    assert told in str(refused.value)


def test_an_optional_column_is_declared_either_way() -> None:
    one = Table(key={"a": int}, columns={"b": Optional[str], "c": str | None})  # noqa: UP045
    assert [column.optional for column in one.columns] == [True, True]


def test_two_projections_of_one_name_are_refused() -> None:
    class Others(Titles):
        pass

    registry = Registry((registration_of(Titles), registration_of(Titles)))
    with pytest.raises(Exception, match="two read models are named 'titles'"):
        registry.add(registration_of(Others))


def test_a_projection_keeps_nothing_in_its_object() -> None:
    """What a fold keeps outside its rows would be lost at the next start, or doubled."""

    class Counting(Titles):
        count = 0

        def fold(self, rows: Rows, recorded: Any) -> None:
            self.count += 1

    with pytest.raises(InvalidProjection, match="keeps nothing but its rows"):
        Counting().fold(None, None)  # type: ignore[arg-type]
