"""Keys that nobody would choose: each names its own session everywhere, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.bad_input.conftest import Process
from turnlog import InvalidKey, SessionKey, TurnlogError
from turnlog.adapters.cli import run

ENTRY = {"type": "user", "uuid": "1", "message": {"role": "user", "content": "Hello"}}

STRANGE = {
    "a slash": ("a/b", "c/d", None),
    "two dots": ("..", "..", "../.."),
    "a path to elsewhere": ("/etc", "../../../../etc/passwd", None),
    "control characters": ("\x00\x07", "\x1b[31m\r\n", "\x7f\x9b"),
    "half a character": ("\ud800", "x\udfff", None),
    "what turns text around": ("\u202e", "\u200f\u2066", None),
    "blank": (" ", "\t", None),
    "wildcards": ("%_*?", "'; DROP TABLE events; --", None),
    "an option": ("--help", "--db", None),
    "the mark of other streams": ("!t", "!u", "!"),
    "as long as can be": ("p" * 500, "s" * 523, None),
}

WRONG: dict[str, tuple[object, str]] = {
    "empty": (SessionKey("p", ""), "session_id must be text that is not empty, got ''"),
    "without a project": (SessionKey("", "s"), "project_key must be text that is not empty"),
    "10 KB": (SessionKey("p", "s" * 10_000), "takes 10002 characters, at most 1024 fit: p/sss"),
    "340 half characters": (SessionKey("p", "\ud800" * 340), "at most 1024 fit"),
    "a number": ({"project_key": "p", "session_id": 7}, "session_id must be text .* got 7"),
    "nothing": ({}, "project_key must be text that is not empty, got None"),
    "bytes": ({"project_key": b"p", "session_id": "s"}, "got b'p'"),
    "a text": ("p/s", "a key has project_key, session_id and subpath, got 'p/s'"),
    "None": (None, "a key has project_key, session_id and subpath, got None"),
    "a subpath of no text": (SessionKey("p", "s", 7), "subpath must be text or absent"),  # type: ignore[arg-type]
}


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as opened:
        yield opened


def test_every_key_names_its_own_session(log: turnlog.Log) -> None:
    """Two keys must never share a session, whatever characters they are made of."""
    keys = [SessionKey(*key) for key in STRANGE.values()]
    for number, key in enumerate(keys):
        log.append(key, [{**ENTRY, "uuid": str(number)}])
    for number, key in enumerate(keys):
        assert log.load(key) == [{**ENTRY, "uuid": str(number)}]
        assert SessionKey.parse(key.stream_id) == key
    main = {key for key in keys if key.subpath is None}
    listed = {SessionKey(s.project_key, s.session_id) for s in log.sessions()}
    assert {key for key in main if log.load(key)} == main
    assert len(listed) >= len(main)
    assert log.verify().holds


@pytest.mark.parametrize("key", [value[0] for value in WRONG.values()], ids=list(WRONG))
def test_what_cannot_name_a_session_is_refused(log: turnlog.Log, key: Any) -> None:
    """A wrong key must never write anything, nor be answered with somebody's session."""
    told = next(told for value, told in WRONG.values() if value is key)
    asked: list[Callable[[], object]] = [
        lambda: log.append(key, [ENTRY]),
        lambda: log.load(key),
        lambda: list(log.iter_entries(key)),
        lambda: list(log.events(key)),
        lambda: log.state(key),
        lambda: log.at(key, "prompt:1"),
        lambda: log.subkeys(key),
        lambda: log.rewind(key, "prompt:1"),
        lambda: log.fork(key),
        lambda: log.rename(key, "x"),
        lambda: log.checkpoint(key, "x"),
        lambda: log.delete(key),
        lambda: log.undelete(key),
        lambda: log.branches(key),
        lambda: log.checkpoints(key),
        lambda: log.subagents(key),
    ]
    for ask in asked:
        with pytest.raises(InvalidKey, match=told):
            ask()
    assert log.sessions() == []


def test_a_session_of_a_strange_key_can_be_named_on_the_command_line(
    process: Callable[..., Process], tmp_path: Path
) -> None:
    """No id may act on the terminal, nor make its session unreachable."""
    path = tmp_path / "log.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        for number, (project, session, _) in enumerate(STRANGE.values()):
            log.append(SessionKey(project, session), [{**ENTRY, "uuid": str(number)}])
    listing = process("sessions", "--db", path)
    assert not set(listing.stdout) & {"\x00", "\x07", "\x1b", "\x7f", "\x9b", "\r", "\u202e"}
    rows = json.loads(process("sessions", "--json", "--db", path).stdout)["sessions"]
    assert len(rows) == len(STRANGE)
    for name in ("c/d", "..", "s" * 523):
        done = process("show", "--db", path, "--", name)
        assert (done.returncode, done.stderr) == (0, ""), name
        assert "Hello" in done.stdout


@pytest.mark.parametrize("name", ["", " ", "\x1b[31m", "x" * 10_000, "\udcff", "../..", "%", "*"])
def test_a_name_of_no_session_is_told(
    history: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A strange name must never match sessions by a pattern, nor be answered with a traceback."""
    assert run(["show", "--db", str(history), "--", name]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("turnlog: ")
    assert "\x1b" not in told.err
    assert len(told.err) < 1000


@pytest.mark.parametrize(
    "point", ["", ":", "prompt:", "prompt:-1", "prompt:x", "prompt:" + "9" * 400, "turn:1e5",
              "version:\ud800", "time:yesterday", "time:0000-00-00", "checkpoint:" + "x" * 10_000,
              "message:\x00", "nowhere:1", "prompt:\uff11"],
)  # fmt: skip
def test_a_point_that_makes_no_sense_is_told(point: str) -> None:
    """A wrong point must never be taken for another one."""
    key = SessionKey("p", "s")
    with turnlog.open("sqlite://") as log:
        log.append(key, [ENTRY])
        before = log.state(key).version
        for ask in (log.at, log.rewind, log.fork):
            with pytest.raises(TurnlogError) as problem:
                ask(key, point)
            assert len(str(problem.value)) < 1000
        assert log.state(key).version == before
