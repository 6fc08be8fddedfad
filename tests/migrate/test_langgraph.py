"""Threads of LangGraph's SQLite checkpoints."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import msgpack
import pytest

from tests.migrate.conftest import HERE, Foreign, lines, shown, talk
from turnlog import Log, MissingExtra


def test_a_thread_comes_along_with_its_messages(log: Log) -> None:
    summary = log.migrate(HERE / "langgraph.db")
    assert summary.kinds == ("langgraph",)
    assert lines(talk(log, "langgraph", "chat")) == [
        *("user: one", "assistant: About one", "user: look", "assistant: "),
        *("tool: found the sea", "user: two", "assistant: About two"),
    ]
    assert summary.notes == {"threads without messages, left out": 1}
    row = log.session("chat")
    assert (row.prompts, row.turns, row.models) == (3, 3, ("claude-sonnet-4-5",))
    assert row.billed.usage == (100, 14, 60, 40, 0, 0), "LangChain's input counts what is cached"
    assert row.billed.cost_nano_usd == 678_000


def test_every_checkpoint_can_be_gone_back_to(log: Log) -> None:
    summary = log.migrate(HERE / "langgraph.db")
    chat = talk(log, "langgraph", "chat")
    found = [c for c in log.checkpoints(chat.key) if c.kind == "version"]
    assert [c.label for c in found][:4] == [
        *("step 0, loop", "step 1, loop", "step 2, loop", "step 3, input"),
    ]
    assert summary.checkpoints == 45
    at_step_5 = next(c for c in found if c.label == "step 5, loop")
    log.rewind(chat.key, f"checkpoint:{at_step_5.name}")
    assert lines(chat)[-1] == "assistant: "
    assert len(lines(chat)) == 4


def test_time_travel_is_a_rewind(log: Log) -> None:
    """A run that was left must never be part of what the newest checkpoint holds."""
    log.migrate(HERE / "langgraph.db")
    forked = talk(log, "langgraph", "forked")
    assert lines(forked) == [
        *("user: one", "assistant: About one", "user: another", "assistant: About another"),
    ]
    left, head = log.branches(forked.key)
    assert (left.is_head, head.is_head, head.parent) == (False, True, left.number)
    assert head.reason == "migrated from langgraph"
    row = log.session("forked")
    assert (row.live.usage.output_tokens, row.billed.usage.output_tokens) == (14, 21)


def test_messages_that_were_removed_left_the_context(log: Log) -> None:
    log.migrate(HERE / "langgraph.db")
    trimmed = talk(log, "langgraph", "trimmed")
    assert len(lines(trimmed)) == 8
    assert shown(trimmed) == [
        *("user: three", "assistant: About three", "user: four", "assistant: About four"),
    ]


def test_a_channel_that_holds_only_what_was_written_is_put_together(log: Log) -> None:
    log.migrate(HERE / "langgraph-delta.db")
    assert lines(talk(log, "langgraph", "delta")) == [
        *("user: one", "assistant: About one", "user: two", "assistant: About two"),
    ]


def test_a_subgraph_is_a_stream_below_its_thread(log: Log) -> None:
    """An answer that a graph and its subgraph hold must never be paid twice."""
    log.migrate(HERE / "langgraph.db")
    assert lines(talk(log, "langgraph", "nested", "subgraphs/inner")) == [
        *("user: deep", "assistant: About deep"),
    ]
    row = log.session("nested")
    assert (row.subagents, row.billed.usage.output_tokens) == (1, 7)
    assert row.live.usage == row.billed.usage


def test_the_newest_checkpoint_alone(log: Log) -> None:
    summary = log.migrate(HERE / "langgraph.db", history=False)
    assert (summary.rewinds, summary.trims) == (0, 0)
    assert len(lines(talk(log, "langgraph", "trimmed"))) == 4
    assert lines(talk(log, "langgraph", "forked"))[2:] == [
        *("user: another", "assistant: About another"),
    ]


@pytest.mark.parametrize("thread", ["chat", "forked", "trimmed"])
def test_a_thread_that_grew_is_brought_up_to_date(log: Log, foreign: Foreign, thread: str) -> None:
    """However often one moves, the log must hold what moving once would have given."""
    with closing(sqlite3.connect(HERE / "langgraph.db")) as connection:
        ids = connection.execute(
            "SELECT checkpoint_id FROM checkpoints WHERE thread_id = ? ORDER BY 1", (thread,)
        ).fetchall()
    for (upto,) in ids[:: len(ids) // 4 or 1]:
        earlier = foreign(
            "langgraph.db",
            f"DELETE FROM checkpoints WHERE thread_id != '{thread}' OR checkpoint_id > '{upto}'",
        )
        log.migrate(earlier)
    log.migrate(HERE / "langgraph.db")
    grown = talk(log, "langgraph", thread)
    with_one_go = [*lines(grown), *shown(grown)]
    log.migrate(HERE / "langgraph.db", project="once")
    once = talk(log, "once", thread)
    assert with_one_go == [*lines(once), *shown(once)]
    assert len(log.branches(grown.key)) == len(log.branches(once.key))


def put(path: Path, kind: str, data: bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO checkpoints VALUES ('evil', '', 'c1', NULL, ?, ?, ?)", (kind, data, b"{}")
        )


def test_nothing_is_unpickled(log: Log, foreign: Foreign, tmp_path: Path) -> None:
    """A database must never be able to run anything."""
    trace = tmp_path / "was-run"
    path = foreign("langgraph.db")
    put(path, "pickle", f"cos\nsystem\n(S'touch {trace}'\ntR.".encode())
    summary = log.migrate(path)
    assert not trace.exists()
    assert summary.unread == 1
    assert summary.unread_things[0].why == "it is pickled, and nothing is unpickled"
    assert summary.sessions == 5


def test_nothing_is_called(log: Log, foreign: Foreign, tmp_path: Path) -> None:
    """What names a function and its arguments must never be more than its arguments."""
    trace = tmp_path / "was-run"
    call = msgpack.ExtType(0, msgpack.packb(["os", "system", f"touch {trace}"]))
    human = msgpack.ExtType(
        5, msgpack.packb(["os", "system", {"type": "human", "content": "hi"}, "x"])
    )
    path = foreign("langgraph.db")
    checkpoint = {"channel_values": {"messages": [human, call]}, "ts": call}
    put(path, "msgpack", msgpack.packb(checkpoint))
    log.migrate(path)
    assert not trace.exists()
    assert lines(talk(log, "langgraph", "evil"))[0] == "user: hi"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("msgpack", b"\xc1"),
        ("msgpack", b"\x81\xa1a"),
        ("msgpack", b"\x91" * 5_000 + b"\xc0"),
        ("json", b"{"),
        ("msgpack+aes", b"secret"),
        ("something", b""),
    ],
)
def test_what_cannot_be_read_is_told_and_hides_nothing(
    log: Log, foreign: Foreign, kind: str, data: bytes
) -> None:
    path = foreign("langgraph.db")
    put(path, kind, data)
    summary = log.migrate(path)
    assert summary.unread == 1
    assert "thread 'evil'" in summary.unread_things[0].where
    assert summary.recorded == 25


def test_without_msgpack_it_is_said_what_to_install(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(MissingExtra, match=r"turnlog\[migrate\]"):
        log.migrate(HERE / "langgraph.db")
    assert log.sessions() == []


def test_the_first_release_is_read(log: Log) -> None:
    """Checkpoints of before msgpack are JSON that names classes."""
    summary = log.migrate(HERE / "langgraph-1.db")
    assert (summary.recorded, summary.rewinds, summary.unread) == (6, 1, 0)
    assert lines(talk(log, "langgraph", "first")) == [
        *("user: one", "assistant: About one", "user: another", "assistant: About another"),
    ]
    assert log.session("first").billed.usage[:2] == (300, 21)


def test_the_older_spelling_is_read(log: Log, foreign: Foreign) -> None:
    """Checkpoints of before msgpack are JSON that names constructors."""
    path = foreign("langgraph.db")
    put(
        path,
        "json",
        b'{"ts": "2024-05-01T10:00:00+00:00", "channel_values": {"messages": ['
        b'{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"], '
        b'"kwargs": {"content": "hello", "id": "h1"}}, '
        b'{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "AIMessageChunk"], '
        b'"kwargs": {"content": [{"type": "text", "text": "hi"}], "id": "a1"}}]}}',
    )
    log.migrate(path)
    assert lines(talk(log, "langgraph", "evil")) == ["user: hello", "assistant: hi"]
