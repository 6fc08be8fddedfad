"""Projections of one's own, kept by a real log: memory, SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sql

import turnlog
from turnlog import InvalidProjection, Log, Projection, Refused, Rows, Table, TurnlogError, events
from turnlog.domain.errors import CannotFold, NewerSchema
from turnlog.projecting.installed import installed_projections

DAY = 24 * 60 * 60 * 1000
KEY = {"project_key": "-home-ada-shop", "session_id": "5e550000-0000-4000-8000-000000000001"}
OTHER = {**KEY, "session_id": "5e550000-0000-4000-8000-000000000002"}


class Spending(Projection):
    """Tokens by model, and what each session is called."""

    name = "spending"
    wants = (events.UsageRecorded, events.SessionRenamed)
    tables: ClassVar = {
        "models": Table(key={"model": str}, columns={"responses": int, "output_tokens": int}),
        "titles": Table(
            key={"session": str},
            columns={"title": str | None, "by_hand": bool, "at": int | None},
        ),
    }

    def fold(self, rows: Rows, recorded: Any) -> None:
        event = recorded.event
        if isinstance(event, events.UsageRecorded):
            gained = event.gained.output_tokens
            rows.add("models", event.model or "?", responses=1, output_tokens=gained)
        else:
            by_hand = event.kind == "custom"
            rows.set("titles", recorded.key.session_id, title=event.title, by_hand=by_hand)


def answer(number: int, model: str = "claude-opus-4-5", tokens: int = 10) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": tokens}
    return {
        "type": "assistant",
        "uuid": f"a0000000-0000-4000-8000-{number:012d}",
        "message": {
            "id": f"msg_{number}",
            "role": "assistant",
            "model": model,
            "stop_reason": "end_turn",
            "usage": usage,
            "content": [{"type": "text", "text": "done"}],
        },
    }


@pytest.fixture
def log(store_url: str) -> Iterator[Log]:
    with turnlog.open(store_url, projections=[Spending]) as log:
        yield log


def test_rows_hold_everything_recorded_so_far(log: Log) -> None:
    """Who reads after an append must never see a row from before it."""
    assert log.rows(Spending, "models") == []
    for number in range(1, 4):
        log.append(KEY, [answer(number, tokens=number)])
        [row] = log.rows(Spending, "models")
        assert row["responses"] == number
    assert row == {"model": "claude-opus-4-5", "responses": 3, "output_tokens": 6}


def test_a_rebuild_gives_the_same_rows(log: Log) -> None:
    for number in range(1, 9):
        log.append(KEY if number % 2 else OTHER, [answer(number, f"model-{number % 3}")])
        if number % 4 == 0:
            log.rename(KEY, f"title {number}")
            log.catch_up("spending")
    before = log.rows(Spending, "models"), log.rows(Spending, "titles")
    assert len(before[0]) == 3
    assert before[1][0]["title"] == "title 8"
    log.rebuild(name="spending")
    assert (log.rows(Spending, "models"), log.rows(Spending, "titles")) == before


def test_rows_are_chosen_and_ordered(log: Log) -> None:
    log.append(KEY, [answer(1, "b", 5), answer(2, "a", 5), answer(3, "c", 7), answer(4, "Z", 1)])

    def models(**asked: Any) -> list[str]:
        return [row["model"] for row in log.rows(Spending, "models", **asked)]

    assert models() == ["Z", "a", "b", "c"]
    assert models(order_by="-output_tokens") == ["c", "a", "b", "Z"]
    assert models(order_by=["output_tokens", "-model"]) == ["Z", "b", "a", "c"]
    assert models(where={"output_tokens": 5}) == ["a", "b"]
    assert models(where={"model": ["a", "c", "nobody's"]}) == ["a", "c"]
    assert models(where={"model": []}) == []
    assert models(limit=2) == ["Z", "a"]
    assert models(limit=0) == []


def test_nothing_and_flags_are_found_and_given_as_they_are(log: Log) -> None:
    log.append(KEY, [answer(1)])
    log.append(OTHER, [answer(2)])
    log.rename(KEY, "Tiles")
    [row] = log.rows(Spending, "titles", where={"by_hand": True})
    assert row == {"session": KEY["session_id"], "title": "Tiles", "by_hand": True, "at": None}
    assert log.rows(Spending, "titles", where={"at": None}) == [row]
    assert log.rows(Spending, "titles", where={"at": [None, 3]}) == [row]
    assert log.rows(Spending, "titles", where={"at": 3}) == []


def test_a_query_is_any_statement_over_the_tables(log: Log) -> None:
    log.append(KEY, [answer(1, "a", 5), answer(2, "a", 6), answer(3, "b", 7)])
    [found] = log.query(
        Spending,
        lambda tables: sql.select(
            sql.func.count().label("models"),
            sql.cast(sql.func.sum(tables["models"].c.output_tokens), sql.BigInteger).label("sum"),
        ),
    )
    assert found == {"models": 2, "sum": 18}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"table": "model"}, "has no table 'model'; name one of models, titles"),
        ({"table": None}, "has no table None"),
        ({"table": "models", "where": {"tokens": 1}}, "has no column 'tokens'; it has model"),
        ({"table": "models", "order_by": "-tokens"}, "has no column 'tokens'"),
        ({"table": "models", "where": {"responses": "1"}}, "models.responses holds int, not '1'"),
        ({"table": "models", "limit": -1}, "a limit is 0 or more"),
    ],
)
def test_what_is_not_there_is_named(asked: dict[str, Any], told: str) -> None:
    with turnlog.open("sqlite://", projections=[Spending]) as log:
        with pytest.raises(TurnlogError) as refused:
            log.rows(Spending, **asked)
        assert told in str(refused.value)


def test_a_log_gives_rows_of_its_own_projections_alone() -> None:
    with (
        turnlog.open("memory:") as log,
        pytest.raises(Refused, match=r"open it with projections=\[Spending\]"),
    ):
        log.rows(Spending, "models")


@pytest.mark.parametrize("given", [Spending, 3, [object], ["spending"], [None]])
def test_what_is_no_list_of_projections_is_refused(given: Any) -> None:
    with pytest.raises(InvalidProjection):
        turnlog.open("memory:", projections=given)


def test_two_of_one_name_are_refused(sqlite_url: str) -> None:
    """Two projections must never write the same tables."""
    other = type("Other", (Spending,), {})
    with pytest.raises(Refused, match="two read models are named 'spending'"):
        turnlog.open(sqlite_url, projections=[Spending, other])
    built_in = type("Mine", (Spending,), {"name": "sessions"})
    with pytest.raises(Refused, match="two read models are named 'sessions'"):
        turnlog.open(sqlite_url, projections=[built_in])
    with turnlog.open(sqlite_url, projections=[Spending, Spending]) as log:
        log.catch_up()


class Wider(Spending):
    """The next version: another table, another column."""

    version = 2
    tables: ClassVar = {
        "models": Table(
            key={"model": str},
            columns={"input_tokens": int, "responses": int, "output_tokens": int},
        ),
        "titles": Spending.tables["titles"],
    }

    def fold(self, rows: Rows, recorded: Any) -> None:
        super().fold(rows, recorded)
        if isinstance(recorded.event, events.UsageRecorded):
            model = recorded.event.model or "?"
            rows.add("models", model, input_tokens=recorded.event.gained.input_tokens)


def test_a_new_version_is_folded_from_the_beginning(durable_url: str) -> None:
    with turnlog.open(durable_url, projections=[Spending]) as log:
        log.append(KEY, [answer(1), answer(2)])
        assert log.rows(Spending, "models")[0]["responses"] == 2
    with turnlog.open(durable_url, projections=[Wider]) as log:
        log.append(KEY, [answer(3)])
        assert log.rows(Wider, "models") == [
            {"model": "claude-opus-4-5", "input_tokens": 3, "responses": 3, "output_tokens": 30}
        ]


def test_a_version_never_goes_backwards(durable_url: str) -> None:
    """An old program must never fold into, or throw away, what a newer one made."""
    with turnlog.open(durable_url, projections=[Wider]) as log:
        log.append(KEY, [answer(1)])
        rows = log.rows(Wider, "models")
    with pytest.raises(NewerSchema, match="never goes backwards"):
        turnlog.open(durable_url, projections=[Spending])
    with turnlog.open(durable_url, projections=[Wider]) as log:
        assert log.rows(Wider, "models") == rows


def refusing(wrong: Any) -> type[Projection]:
    class Refusing(Spending):
        def fold(self, rows: Rows, recorded: Any) -> None:
            if isinstance(recorded.event, events.SessionRenamed) and "!" in recorded.event.title:
                wrong(rows)
            super().fold(rows, recorded)

    return Refusing


@pytest.mark.parametrize(
    "wrong",
    [
        lambda rows: 1 / 0,
        lambda rows: rows.put("sessions_v1_sessions", 1),
        lambda rows: rows.put("models", "a", responses="many"),
    ],
)
def test_a_fold_that_raises_stops_before_its_event_and_the_log_goes_on(
    store_url: str, wrong: Any
) -> None:
    """What an event did to the rows must never stay when its fold raised."""
    kind = refusing(wrong)
    with turnlog.open(store_url, projections=[kind]) as log:
        log.append(KEY, [answer(1)])
        log.rename(KEY, "so far")
        log.rename(KEY, "no!")
        log.append(KEY, [answer(2)])
        with pytest.raises(CannotFold, match=r"SessionRenamed\.v1") as stopped:
            log.rows(kind, "models")
        assert "'spending'" in str(stopped.value)
        assert len(log.load(KEY) or []) == 2


def test_by_policy_an_event_is_set_aside(store_url: str) -> None:
    kind = refusing(lambda rows: 1 / 0)
    kind.policy = "set aside"
    with turnlog.open(store_url, projections=[kind]) as log:
        log.append(KEY, [answer(1)])
        log.rename(KEY, "no!")
        log.append(KEY, [answer(2)])
        assert log.rows(kind, "models")[0]["responses"] == 2
        assert [row["title"] for row in log.rows(kind, "titles")] != ["no!"]


async def test_the_async_log_gives_them_too(sqlite_url: str) -> None:
    async with await turnlog.open_async(sqlite_url, projections=[Spending]) as log:
        await log.append(KEY, [answer(1)])
        assert (await log.rows(Spending, "models"))[0]["responses"] == 1


# -- entry points ------------------------------------------------------------------------------

MODULE = """
from turnlog import Projection, Table, events

class Titles(Projection):
    name = "titles"
    wants = (events.SessionRenamed,)
    tables = {"titles": Table(key={"session": str}, columns={"title": str})}

    def fold(self, rows, recorded):
        rows.put("titles", recorded.key.session_id, title=recorded.event.title)

class Again(Titles):
    pass

class Taken(Titles):
    name = "sessions"

nothing = 3
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package; its entry points are written into it."""
    (tmp_path / "ada_projections.py").write_text(MODULE)
    (tmp_path / "ada_broken.py").write_text("import a_module_that_nobody_has\n")
    info = tmp_path / "ada_projections-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ada-projections\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return info / "entry_points.txt"


def test_projections_of_installed_packages_are_found(package: Path) -> None:
    package.write_text("[turnlog.projections]\ntitles = ada_projections:Titles\n")
    [found] = installed_projections()
    with turnlog.open("memory:", projections=[found]) as log:
        log.append(KEY, [answer(1)])
        log.rename(KEY, "Tiles")
        assert log.rows(found) == [{"session": KEY["session_id"], "title": "Tiles"}]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("ada_broken:Titles", "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"),
        ("ada_projections:Nobody", "AttributeError"),
        ("ada_projections:nothing", "derives from turnlog.Projection"),
        ("ada_projections:Taken", "the name 'sessions' is taken by turnlog itself"),
        ("ada_projections:Again", "the name 'titles' is taken by ada-projections"),
    ],
)
def test_a_broken_package_is_told_of_and_never_stops_the_log(
    package: Path, value: str, told: str
) -> None:
    """A package that cannot be imported must never keep a log from opening."""
    package.write_text(
        f"[turnlog.projections]\na_titles = ada_projections:Titles\nwrong = {value}\n"
    )
    problems: list[str] = []
    found = installed_projections(problems.append)
    assert [projection.__name__ for projection in found] == ["Titles"]
    [problem] = problems
    assert problem.startswith(f"the projection 'wrong' of ada-projections ({value}) is left out")
    assert told in problem
    with pytest.warns(UserWarning, match="is left out"):
        installed_projections()
