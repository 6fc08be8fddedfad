"""The working set of a user's projection: what a batch writes is what was asked, row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite

from tests.storage.storing import opened
from turnlog.adapters.storage.postgres.driver import DriverCursor
from turnlog.adapters.storage.postgres.store import PostgresStore
from turnlog.domain import events
from turnlog.domain.errors import InvalidProjection
from turnlog.projections.engine.own import OwnModel, model_of
from turnlog.projections.engine.projection import Projection
from turnlog.projections.engine.table import Table
from turnlog.projections.engine.working_set import Rows, write_out


class Notes(Projection):
    """Every type of column, and names that are words of SQL."""

    name = "notes"
    wants = (events.SessionRenamed,)
    tables: ClassVar = {
        "order": Table(
            key={"group": str, "at": int},
            columns={
                "select": int,
                "total": int,
                "text": str | None,
                "flag": bool,
                "at_most": int | None,
            },
            indexes=("text", ("flag", "text")),
        ),
        "seen": Table(key={"flag": bool}),
    }

    def fold(self, rows: Rows, recorded: Any) -> None:
        raise AssertionError("not folded here")


Batch = Callable[[], Any]


@contextmanager
def on_sqlite() -> Iterator[tuple[OwnModel, Callable[[], Rows]]]:
    engine = create_engine("sqlite://")
    model = model_of(Notes)(sqlite.dialect(), "notes_v1")
    with engine.begin() as connection:
        model.create(connection)
        raw: Any = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        yield model, lambda: model.rows(raw.cursor())
    engine.dispose()


@contextmanager
def on_postgres(url: str) -> Iterator[tuple[OwnModel, Callable[[], Rows]]]:
    with opened(url) as store:
        assert isinstance(store, PostgresStore)
        model = model_of(Notes)(store.engine.dialect, "notes_v1")
        with store.engine.begin() as connection:
            model.create(connection)
        with store._connection() as connection:
            yield model, lambda: model.rows(DriverCursor(connection))


@pytest.fixture(params=["sqlite", "postgres"])
def batch(request: pytest.FixtureRequest) -> Iterator[Callable[[], Rows]]:
    """Begins the next batch on the same tables."""
    if request.param == "sqlite":
        with on_sqlite() as (_, begin):
            yield begin
    else:
        with on_postgres(request.getfixturevalue("postgres_url")) as (_, begin):
            yield begin


def whole(**columns: Any) -> dict[str, Any]:
    return {"select": 0, "total": 0, "text": None, "flag": False, "at_most": None} | columns


KEYS = st.tuples(st.sampled_from(["", "a", "Z", "é", "%s '\"\\{}"]), st.sampled_from([-1, 0, 7]))
NUMBERS = st.integers(-(2**40), 2**40)
COLUMNS = st.fixed_dictionaries(
    {},
    optional={
        "select": NUMBERS,
        "total": NUMBERS,
        "text": st.none() | st.sampled_from(["", "x", "NULL", "two\nlines"]),
        "flag": st.booleans(),
        "at_most": st.none() | NUMBERS,
    },
)
SUMS = st.fixed_dictionaries({}, optional={"select": NUMBERS, "total": NUMBERS})
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, COLUMNS),
    st.tuples(st.just("set"), KEYS, COLUMNS),
    st.tuples(st.just("add"), KEYS, SUMS),
    st.tuples(st.just("add"), KEYS, SUMS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("find"), st.sampled_from([{}, {"text": None}, {"flag": True, "text": "x"}])),
    st.tuples(st.just("cut")),
)


def follow(begin: Callable[[], Rows], steps: list[Any]) -> None:
    """Do the same to the tables and to a plain dict."""
    rows, plain = begin(), {}
    for name, *told in steps:
        if name == "cut":
            write_out(rows)
            rows = begin()
        elif name == "get":
            expected = plain.get(told[0])
            key = dict(zip(("group", "at"), told[0], strict=True))
            assert rows.get("order", told[0]) == (None if expected is None else key | expected)
        elif name == "find":
            assert rows.find("order", **told[0]) == listed(plain, told[0])
        elif name == "delete":
            rows.delete("order", told[0])
            plain.pop(told[0], None)
        elif name == "put":
            rows.put("order", told[0], **told[1])
            plain[told[0]] = whole(**told[1])
        elif name == "set":
            rows.set("order", told[0], **told[1])
            plain[told[0]] = plain.get(told[0], whole()) | told[1]
        else:
            rows.add("order", told[0], **told[1])
            row = plain.setdefault(told[0], whole())
            plain[told[0]] = row | {c: row[c] + n for c, n in told[1].items()}
    write_out(rows)
    assert begin().find("order") == listed(plain, {})


def listed(plain: dict[Any, Any], equal: dict[str, Any]) -> list[dict[str, Any]]:
    found = sorted(plain.items(), key=lambda item: (item[0][0].encode(), item[0][1]))
    return [
        {"group": key[0], "at": key[1], **row}
        for key, row in found
        if all(row[name] == value for name, value in equal.items())
    ]


@given(steps=st.lists(STEPS, max_size=25))
@settings(max_examples=150)
def test_rows_do_what_a_dict_does_wherever_the_batches_are_cut(steps: list[Any]) -> None:
    """A sum must never be lost or doubled because its row was read, written or cut off before."""
    with on_sqlite() as (_, begin):
        follow(begin, steps)


def test_rows_do_what_a_dict_does_on_postgresql_too(postgres_url: str) -> None:
    with on_postgres(postgres_url) as (_, begin):

        @given(steps=st.lists(STEPS, max_size=25))
        @settings(max_examples=60)
        def check(steps: list[Any]) -> None:
            rows = begin()
            for row in rows.find("order"):
                rows.delete("order", (row["group"], row["at"]))
            write_out(rows)
            follow(begin, steps)

        check()


def test_many_rows_go_as_one_statement(batch: Callable[[], Rows]) -> None:
    for _ in range(2):
        rows = batch()
        for number in range(50):
            rows.add("order", ("a", number), total=number)
            rows.put("order", ("b", number), text=f"line {number}", flag=True)
        write_out(rows)
    found = batch().find("order")
    assert [row["total"] for row in found[:50]] == [2 * number for number in range(50)]
    assert [row["text"] for row in found[50:]] == [f"line {number}" for number in range(50)]


def test_a_row_that_was_added_to_is_never_read(batch: Callable[[], Rows]) -> None:
    """Counting must cost one upsert a key and batch, however many events there are."""
    rows = batch()
    table = rows._tables["order"]
    seen: list[str] = []

    class Cursor:
        def executemany(self, sql: str, parameters: Any) -> None:
            seen.append(f"{sql.split()[0]} {len(parameters)}")

    table._cursor = Cursor()
    for number in range(1_000):
        rows.add("order", ("a", number % 10), total=1)
    write_out(rows)
    assert seen == ["INSERT 10"]


def test_a_table_may_have_a_key_alone(batch: Callable[[], Rows]) -> None:
    rows = batch()
    rows.put("seen", True)
    rows.add("seen", False)
    write_out(rows)
    rows = batch()
    rows.add("seen", True)
    write_out(rows)
    assert batch().find("seen") == [{"flag": False}, {"flag": True}]
    assert batch().find("seen", flag=True) == [{"flag": True}]


def test_texts_that_no_text_column_takes_are_shown(batch: Callable[[], Rows]) -> None:
    """A NUL in a prompt must never stop a projection on one of the databases."""
    rows = batch()
    rows.put("order", ("a\0", 1), text="\ud800 \0")
    assert rows.get("order", ("a\0", 1)) == {"group": "a␀", "at": 1} | whole(text="\ufffd ␀")
    rows.add("order", ("a\0", 1), total=1)
    write_out(rows)
    assert [row["total"] for row in batch().find("order", group="a\0")] == [1]


def test_a_row_that_is_given_is_a_copy(batch: Callable[[], Rows]) -> None:
    rows = batch()
    rows.put("order", ("a", 1), total=1)
    row = rows.get("order", ("a", 1))
    assert row is not None
    row["total"] = 2
    assert rows.get("order", ("a", 1)) == {"group": "a", "at": 1} | whole(total=1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda r: r.add("sessions_v1_sessions", 1, total=1), "no table 'sessions_v1_sessions'"),
        (lambda r: r.get("events", 1), "its own alone: order, seen"),
        (lambda r: r.put("order", "a"), "the key is group, at"),
        (lambda r: r.put("order", ("a", 1, 2)), "the key is group, at"),
        (lambda r: r.put("order", ("a", None)), "order.at holds int, not None"),
        (lambda r: r.put("order", ("a", 1.0)), "order.at holds int, not 1.0"),
        (lambda r: r.put("order", ("a", 2**63)), "does not fit into 64 bits"),
        (lambda r: r.put("order", ("a", 1), totl=1), "no column 'totl'; it has group, at"),
        (lambda r: r.put("order", ("a", 1), at=2), "order.at is part of the key"),
        (lambda r: r.put("order", ("a", 1), text=b"x"), "order.text holds str or None, not b'x'"),
        (lambda r: r.put("order", ("a", 1), flag=2), "order.flag holds bool, not 2"),
        (lambda r: r.put("order", ("a", 1), total=None), "order.total holds int, not None"),
        (lambda r: r.add("order", ("a", 1), total=0.5), "an int can be added, not 0.5"),
        (lambda r: r.add("order", ("a", 1), at_most=1), "order.at_most is declared as int | None"),
        (lambda r: r.add("order", ("a", 1), text=1), "only what is declared as int"),
        (lambda r: r.find("order", title="x"), "no column 'title'"),
        (lambda r: r.put("order", ("a" * 2_001, 1)), "2000 bytes; this text has 2001"),
        (lambda r: r.put("order", ("é" * 1_001, 1)), "this text has 2002"),
        (lambda r: r.put("order", ("a", 1), text="x" * 3_000), "part of a key or an index"),
    ],
)
def test_what_a_table_cannot_hold_is_refused_before_any_database_sees_it(
    wrong: Callable[[Rows], Any], told: str
) -> None:
    """A mistake must name the table, the column and the value, on every database the same."""
    with on_sqlite() as (_, begin), pytest.raises(InvalidProjection) as refused:
        wrong(begin())
    assert told in str(refused.value)


def test_a_sum_that_no_column_holds_is_refused(batch: Callable[[], Rows]) -> None:
    """A sum must never become a float, as SQLite would make of it."""
    rows = batch()
    rows.add("order", ("a", 1), total=2**63 - 1)
    rows.add("order", ("a", 1), total=1)
    with pytest.raises(InvalidProjection, match="does not fit into 64 bits"):
        write_out(rows)


def test_a_sum_that_grows_too_great_in_the_database_is_refused(batch: Callable[[], Rows]) -> None:
    rows = batch()
    rows.add("order", ("a", 1), total=2**63 - 1)
    write_out(rows)
    rows = batch()
    rows.add("order", ("a", 1), total=1)
    with pytest.raises(Exception, match=r"out of range|CHECK constraint failed"):
        write_out(rows)
