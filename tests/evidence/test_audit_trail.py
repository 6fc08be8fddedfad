"""The audit trail: who did what, when, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, select

import turnlog
from tests.storage.tampering import meddling, number_of
from tests.support.transcripts import Transcript
from turnlog import AuditFilter, Deed, SessionKey
from turnlog.adapters.storage.sql.schema import blocks
from turnlog.domain.errors import Refused
from turnlog.domain.evolving import fold
from turnlog.projections.audit.kinds import DEEDS, KINDS, SOURCES, source_of
from turnlog.projections.audit.tables import NAME, tables_of

SHOP = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
ATLAS = SessionKey("-home-ada-atlas", "5e550000-0000-4000-8000-000000000002")
AGENT = SHOP._replace(subpath="subagents/agent-1")


def prompt(uuid: str, text: str) -> dict[str, Any]:
    return {"type": "user", "uuid": uuid, "message": {"role": "user", "content": text}}


def fill(log: turnlog.Log) -> None:
    log.append(SHOP, [prompt("u1", "Round prices")], user_id="ada", source="sdk")
    log.append(SHOP, [prompt("u2", "Now the tests")])
    log.append(AGENT, [prompt("g1", "Find the tests")])
    log.append(ATLAS, [prompt("a1", "Draw a map")], user_id="bob", source="import")
    log.rename(SHOP, "Checkout", "ada")
    log.rewind(SHOP, "prompt:1", "wrong turn", "bob")
    log.checkpoint(ATLAS, "map", actor="bob")
    log.set_status(ATLAS, "abandoned", why="given up", actor="ada")
    log.seal("ada", "end of the week")
    log.delete(ATLAS, "no longer needed", "ada")


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as opened:
        yield opened


def told(deeds: list[Deed]) -> list[tuple[str, str | None]]:
    return [(deed.kind, deed.actor) for deed in deeds]


def test_the_trail_tells_who_did_what_the_newest_first(log: turnlog.Log) -> None:
    assert log.audit() == []
    fill(log)
    deeds = log.audit()
    assert told(deeds)[:6] == [
        ("SessionDeleted", "ada"),
        ("LogSealed", "ada"),
        ("StatusChanged", "ada"),
        ("CheckpointCreated", "bob"),
        ("SessionRewound", "bob"),
        ("SessionRenamed", "ada"),
    ]
    newest, seal, status, *_ = deeds
    assert (newest.key, newest.reason, newest.source) == (ATLAS, "no longer needed", "api")
    assert newest.user_id == "bob"
    assert (seal.key, seal.reason) == (None, "end of the week")
    assert seal.seal is not None
    assert seal.seal.position < seal.position
    assert (status.reason, status.source) == ("given up", "api")
    prompts = [deed for deed in deeds if deed.kind == "TurnRecorded"]
    assert [(deed.key, deed.source) for deed in prompts] == [
        (key, "transcript") for key in (ATLAS, AGENT, SHOP, SHOP)
    ]
    positions = [deed.position for deed in deeds]
    assert positions == sorted(positions, reverse=True)


def test_each_deed_is_found_in_the_log_by_its_position(log: turnlog.Log) -> None:
    fill(log)
    by_position = {
        recorded.position: recorded for key in (SHOP, AGENT, ATLAS) for recorded in log.events(key)
    }
    for deed in log.audit():
        if deed.key is not None:
            recorded = by_position[deed.position]
            assert (deed.key, deed.version, deed.event) == (
                recorded.key,
                recorded.version,
                recorded.event,
            )
            assert deed.recorded_at == recorded.recorded_at


FILTERS: dict[str, AuditFilter] = {
    "session": AuditFilter(session=SHOP),
    "subagent": AuditFilter(session=AGENT),
    "kind": AuditFilter(kinds=("rewound", "SessionRenamed", "logsealed.v1")),
    "actor": AuditFilter(actor="ada"),
    "source": AuditFilter(source="import"),
    "project": AuditFilter(project="shop"),
    "user": AuditFilter(user_id="bob"),
    "nothing": AuditFilter(actor="nobody"),
    "together": AuditFilter(actor="ada", kinds=("SessionDeleted",), project="atlas"),
}


def test_filters_choose_and_pages_follow_one_another(log: turnlog.Log) -> None:
    fill(log)
    every = log.audit()
    expected = {
        "session": [d for d in every if d.key in (SHOP, AGENT)],
        "subagent": [d for d in every if d.key == AGENT],
        "kind": [d for d in every if d.kind in ("SessionRewound", "SessionRenamed", "LogSealed")],
        "actor": [d for d in every if d.actor == "ada"],
        "source": [d for d in every if d.source == "import"],
        "project": [d for d in every if d.key in (SHOP, AGENT)],
        "user": [d for d in every if d.user_id == "bob"],
        "nothing": [],
        "together": [every[0]],
    }
    assert {name: log.audit(asked) for name, asked in FILTERS.items()} == expected
    for asked in (AuditFilter(), *FILTERS.values()):
        pages: list[Deed] = []
        before = None
        while page := log.audit(asked, 2, before):
            pages += page
            before = page[-1].position
        assert pages == log.audit(asked)


def test_times_are_those_of_recording(log: turnlog.Log) -> None:
    fill(log)
    every = log.audit()
    middle = every[4].recorded_at
    since = log.audit(AuditFilter(since=middle))
    until = log.audit(AuditFilter(until=middle))
    assert {d.position for d in since} == {d.position for d in every if d.recorded_at >= middle}
    assert sorted((*since, *until), key=lambda d: -d.position) == every


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        (AuditFilter(kinds=("nothing",)), 1),
        (AuditFilter(source="mail"), 1),
        (AuditFilter(since=2, until=1), 1),
        (AuditFilter(project="x" * 100_000), 1),
        (AuditFilter(), 0),
        (AuditFilter(), 10_001),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: AuditFilter, limit: int) -> None:
    with turnlog.open("memory:") as log, pytest.raises(Refused):
        log.audit(asked, limit)


NASTY = ["", "\0", "\ud800", "%", "_", "'", '"', "*", "\U0001f600", "x" * 100_000]


def test_any_text_may_be_asked_for(log: turnlog.Log) -> None:
    """A strange character must get an answer or one of our own errors."""
    fill(log)
    for text in NASTY:
        for name in ("actor", "user_id"):
            log.audit(AuditFilter(**{name: text}))
        if len(text) < 1_000:  # longer than any project's name
            log.audit(AuditFilter(project=text))
        for name in ("kinds", "source"):
            value: Any = (text,) if name == "kinds" else text
            with pytest.raises(Refused):
                log.audit(AuditFilter(**{name: value}))


def test_any_name_may_act(log: turnlog.Log) -> None:
    """A name that no text column takes must never stop the trail."""
    log.append(SHOP, [prompt("u1", "Hello")])
    for n, name in enumerate(NASTY):
        log.rename(SHOP, f"Title {n}", name)
    assert [deed.actor or "" for deed in log.audit(limit=len(NASTY))] == NASTY[::-1]
    for name in NASTY[1:]:
        assert log.audit(AuditFilter(actor=name))[0].actor == name


def test_every_kind_has_a_source() -> None:
    """A new kind of event must be a deed with a source, or none, on purpose."""
    there = {kind.__name__ for kind in turnlog.events.EVENTS.values()}
    assert there - set(KINDS) == {
        "EntryRecorded",
        "SessionLocated",
        "SubagentLinked",
        "UsageRecorded",
        "WorkspaceChanged",
    }
    for kind in DEEDS:
        marks = {"marks": 0} if "marks" in kind.model_fields else {}
        assert source_of(kind.trusted(**marks)) in (None, *SOURCES)


# -- the read model ------------------------------------------------------------------------------


def rows(log: turnlog.Log) -> list[Any]:
    log.catch_up(NAME)
    with log.store.read() as reader:
        tables = tables_of(reader.live(NAME))
        return [
            sorted(map(tuple, reader.query(select(table))))
            for table in tables.metadata.sorted_tables
        ]


def test_a_rebuild_gives_the_same_rows(durable_url: str) -> None:
    with turnlog.open(durable_url) as log:
        fill(log)
        before = rows(log)
        assert any(before)
        log.rebuild()
        assert rows(log) == before


def test_who_acted_in_a_session_goes_when_it_is_erased(durable_url: str) -> None:
    """Names are content: erased in the log, they must not live on in the trail."""
    with turnlog.open(durable_url) as log:
        fill(log)
        rows(log)
        with meddling(durable_url) as connection:
            number = number_of(connection, SHOP)
            connection.execute(delete(blocks).where(blocks.c.stream == number))

        def erased(transaction: Any) -> None:
            stream = transaction.open(SHOP)
            event = turnlog.events.SessionErased(bodies=4, actor="the law")
            transaction.record(stream, [event], fold(stream.state, [event]))

        log.store.write(erased)
        live = rows(log)
        assert {d.actor for d in log.audit(AuditFilter(session=SHOP))} == {None, "the law"}
        assert log.audit(AuditFilter(actor="bob", session=SHOP)) == []
        assert "Checkout" not in str(live)
        assert log.audit(AuditFilter(user_id="ada")) == []
        log.rebuild()
        assert rows(log) == live


def test_the_trail_says_when_another_session_is_billed(durable_url: str) -> None:
    """What a session is billed for must never change without a word in its trail."""
    origin = Transcript(seed=1)
    origin.prompt("Why is the checkout slow?")
    origin.answer("The total is computed once per row.")
    copy = origin.fork(by="sdk")
    copy.prompt("And on Sundays?")
    copy.answer("The same.")
    first, second = (SessionKey("shop", s.session_id) for s in (origin, copy))
    with turnlog.open(durable_url) as log:
        log.append(second, copy.entries)
        cost = log.session(copy.session_id).billed.cost_nano_usd
        assert not log.audit(AuditFilter(kinds=("BillingMoved",)))
        log.append(first, origin.entries)
        [moved] = log.audit(AuditFilter(kinds=("BillingMoved",)))
        assert (moved.key, moved.billed_before) == (first, second)
        assert log.session(copy.session_id).billed.cost_nano_usd == cost - (
            moved.cost_nano_usd or 0
        )
        assert isinstance(moved.event, turnlog.events.UsageRecorded)
        for key in (first, second):
            assert moved in log.audit(AuditFilter(session=key))
        assert moved in log.audit(AuditFilter(project="sho", source="transcript"))
        assert moved not in log.audit(AuditFilter(source="api"))
        assert moved not in log.audit(AuditFilter(user_id="nobody"))
        for session in (None, first, second):
            log.rebuild(name="sessions", session=session)
            assert log.audit(AuditFilter(kinds=("billingmoved",))) == [moved]


def test_a_copy_without_a_better_right_moves_nothing() -> None:
    origin = Transcript(seed=1)
    origin.prompt("?")
    origin.answer("!")
    with turnlog.open("memory:") as log:
        for transcript in (origin, origin.fork(by="cli")):
            log.append(SessionKey("shop", transcript.session_id), transcript.entries)
        assert not log.audit(AuditFilter(kinds=("BillingMoved",)))
