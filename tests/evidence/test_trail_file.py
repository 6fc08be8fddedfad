"""An exported trail: whatever is done to the file, the verifier finds and names it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turnlog
from turnlog import Seal, SessionKey
from turnlog.domain.errors import InvalidEvidence, Refused, UnknownSession
from turnlog.evidence.checking_files import FileVerified, verify_lines
from turnlog.evidence.exporting import export
from turnlog.evidence.proofs import Proof
from turnlog.evidence.seals import seal_log

SHOP = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
ATLAS = SessionKey("-home-ada-atlas", "5e550000-0000-4000-8000-000000000002")
AGENT = SHOP._replace(subpath="subagents/agent-1")
ROOT = Path(__file__).parents[2]


def note(uuid: str, **more: Any) -> dict[str, Any]:
    return {"type": "note", "uuid": uuid, **more}


def fill(log: turnlog.Log) -> None:
    for n in range(3):
        log.append(SHOP, [note(f"s{n}", text="é\u2028"), note(f"t{n}")])
        log.append(ATLAS, [note(f"a{n}"), "no entry at all"])
    log.append(AGENT, [note("g1")])
    log.rename(SHOP, "Checkout", "ada")


class Trail:
    """A log's trail, its seal, and the proof of one session."""

    def __init__(self, url: str = "sqlite://") -> None:
        with turnlog.open(url) as log:
            fill(log)
            self.seal = seal_log(log.store, "ada")
            self.proof = log.prove(SHOP)
            log.append(ATLAS, [note("later")])
            self.lines = self._export(log)
            self.bare = self._export(log, content=False)
            self.part = self._export(log, after=7)
            self.session = self._export(log, key=SHOP)

    def _export(self, log: turnlog.Log, **asked: Any) -> list[bytes]:
        lines: list[bytes] = []
        export(log.store, lines.append, **asked)
        return lines


TRAIL = Trail()
LAST = len(TRAIL.lines)


def told(lines: list[bytes], seal: Seal | Proof | None = None) -> list[str]:
    return [str(problem) for problem in verify_lines(lines, seal).problems]


def event_of(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


def name_of(line: bytes) -> str:
    event = event_of(line)
    return f"{event['stream']}, version {event['version']}"


@pytest.fixture
def trail(store_url: str) -> Trail:
    return Trail(store_url)


def test_a_trail_holds_on_every_store(trail: Trail) -> None:
    for lines in (trail.lines, trail.bare, trail.part, trail.session):
        assert told(lines) == []
    found = verify_lines(trail.lines, trail.seal)
    assert found.holds
    assert (found.events, found.streams) == (len(trail.lines) - 2, 4)
    assert told(trail.bare, trail.seal) == []
    assert told(trail.session, trail.proof) == []
    bodies = [event_of(line).get("body") for line in trail.bare[1:-1]]
    assert set(bodies) == {None}


def test_lines_may_lose_their_ends_on_the_way() -> None:
    assert told([line.rstrip(b"\n") + b"\r\n" for line in TRAIL.lines]) == []
    assert told([line.rstrip(b"\n") for line in TRAIL.lines], TRAIL.seal) == []


# -- one thing is done to the file ---------------------------------------------------------------

places = st.integers(1, LAST - 2)
"""Of events; the first line and the last are none."""


@given(places)
def test_a_missing_line_is_named(at: int) -> None:
    problems = told(TRAIL.lines[:at] + TRAIL.lines[at + 1 :])
    stream, version = name_of(TRAIL.lines[at]).split(", ")
    assert any(f"{version} of {stream} is missing" in what for what in problems), problems
    assert problems[0].startswith(f"line {at + 1}")


@given(places, places)
def test_a_moved_line_is_named(at: int, to: int) -> None:
    lines = list(TRAIL.lines)
    lines.insert(to, lines.pop(at))
    problems = told(lines)
    assert (problems == []) == (at == to)
    if at != to:
        # Of those that changed places, the one or the others may be said to have moved.
        between = TRAIL.lines[min(at, to) : max(at, to) + 1]
        names = [name_of(line) for line in between]
        assert any(name in what and "moved" in what for name in names for what in problems)
        assert any(what.startswith(f"line {min(at, to) + 1} ") for what in problems), problems


@given(places, places)
def test_a_line_that_stands_there_twice_is_named(at: int, to: int) -> None:
    lines = list(TRAIL.lines)
    lines.insert(to + 1, lines[at])
    problems = told(lines)
    name = name_of(TRAIL.lines[at])
    assert any(name in what for what in problems), problems


@given(st.integers(1, LAST - 1))
def test_a_trail_that_is_cut_off_is_named(length: int) -> None:
    problems = told(TRAIL.lines[:length])
    assert any(f"line {length}: the trail is cut off" in what for what in problems)


@given(st.integers(0, LAST - 1), st.data())
@settings(max_examples=150)
def test_a_byte_that_was_changed_is_found_in_its_line(at: int, data: st.DataObject) -> None:
    """No byte of the file may be changed unseen, whether it means something or not."""
    line = TRAIL.lines[at]
    where = data.draw(st.integers(0, len(line) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != line[where] and b not in b"\r\n"))
    lines = list(TRAIL.lines)
    lines[at] = line[:where] + bytes([byte]) + line[where + 1 :]
    if lines[at][-68:-2].lower() == line[-68:-2] and lines[at][:-68] == line[:-68]:
        return  # the same hash in capital letters
    try:
        problems = told(lines)
    except InvalidEvidence:
        assert at == 0  # the first line says what the others are
        return
    assert any(what.startswith((f"line {at + 1} ", f"line {at + 1}:")) for what in problems)


FIELDS: dict[str, Callable[[Any], Any]] = {
    "position": lambda value: value + 1,
    "stream": lambda value: value + "x",
    "version": lambda value: value + 1,
    "topic": lambda value: "SessionDeleted.v1",
    "recorded_at": lambda value: value - 1,
    "header": lambda value: value.replace("null", "7", 1),
    "identity": lambda value: "00" if value is None else None,
    "seed": lambda value: "00" * 16 if value is None else None,
    "body": lambda value: "{}",
    "body_hash": lambda value: "00" * 32 if value is None else None,
    "chain": lambda value: "00" * 32,
}


@given(places, st.sampled_from(sorted(FIELDS)))
@settings(max_examples=200)
def test_a_field_that_was_edited_is_named_even_if_the_lines_are_hashed_anew(
    at: int, field: str
) -> None:
    """Whoever writes the file anew after an edit must still be found by the events' own chains."""
    members = [json.loads(line) for line in TRAIL.lines]
    value = members[at].get(field)
    if field == "body" and "body_base64" in members[at]:
        del members[at]["body_base64"]
    members[at][field] = FIELDS[field](value)
    if members[at][field] == value:
        return
    problems = told(hashed_anew(members))
    assert problems != []
    if field != "position":  # no chain covers it: the line after says that it comes too late
        assert any(what.startswith(f"line {at + 1}") for what in problems), problems


def hashed_anew(members: list[dict[str, Any]]) -> list[bytes]:
    from turnlog.evidence.lines import LineWriter

    writer = LineWriter()
    for line in members:
        line.pop("line", None)
    return [writer.line(line) for line in members]


def test_a_trail_that_was_written_anew_is_not_what_was_sealed() -> None:
    """A file that is whole in itself and tells another story must not pass for the log's."""
    with turnlog.open("sqlite://") as log:
        fill(log)
        log.store.write(lambda transaction: transaction.keep_log_id("00" * 16))
        lines: list[bytes] = []
        export(log.store, lines.append)
    members = [json.loads(line) for line in lines]
    members[0]["log"] = TRAIL.seal.log
    members[0]["upto"] = 1000
    forged = hashed_anew(members)
    assert told(forged) == []
    assert any("not those that were sealed" in what for what in told(forged, TRAIL.seal))
    assert told(forged, TRAIL.proof) != []


def test_content_that_was_taken_out_is_missed() -> None:
    members = [json.loads(line) for line in TRAIL.lines]
    at = next(n for n, line in enumerate(members) if line.get("body") and line["version"] == 2)
    members[at].update(body=None, seed=None)
    assert any("content is missing" in what for what in told(hashed_anew(members)))


def test_a_line_costs_the_same_wherever_it_stands() -> None:
    """What is remembered of the lines before must never grow with them."""
    from turnlog.evidence.checking_files import _Checking
    from turnlog.evidence.heading import read_head

    checking = _Checking(read_head(TRAIL.lines[0].rstrip()), None)
    for number, line in enumerate(TRAIL.lines[1:], 2):
        checking.take(number, line.rstrip())
        assert len(checking._before) == 1
    assert all(len(stream.chains) == 1 for stream in checking._streams.found.values())


# -- what is no trail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b""],
        [b"\xff\n"],
        [b"{}\n"],
        [b"[" * 100_000],
        TRAIL.lines[1:],
        [b'{"format":"other","line":"' + b"00" * 32 + b'"}\n'],
    ],
)
def test_what_is_no_trail_is_said_to_be_none(lines: list[bytes]) -> None:
    with pytest.raises(InvalidEvidence, match="trail"):
        verify_lines(lines)


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_any_bytes_are_told_or_refused(lines: list[bytes]) -> None:
    found = verify_lines([TRAIL.lines[0], *lines])
    assert isinstance(found, FileVerified)
    assert not found.holds


def test_a_trail_of_a_part_is_not_compared_with_the_whole() -> None:
    for lines in (TRAIL.part, TRAIL.session):
        with pytest.raises(InvalidEvidence, match="part of the log"):
            verify_lines(lines, TRAIL.seal)
    with pytest.raises(InvalidEvidence, match="seal is of the log"):
        verify_lines(Trail().lines, TRAIL.seal)
    later = TRAIL.seal._replace(position=10_000)
    with pytest.raises(InvalidEvidence, match="export it again"):
        verify_lines(TRAIL.lines, later)


def test_a_trail_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "trail.jsonl"
    with turnlog.open("sqlite://") as log:
        fill(log)
        done = log.export_audit(path)
        assert turnlog.verify_file(path).line == done.line
        assert path.stat().st_mode & 0o077 == 0, "what was said is for its owner's eyes"
        with pytest.raises(Refused, match="there already"):
            log.export_audit(path)
        with pytest.raises(UnknownSession):
            log.export_audit(tmp_path / "other", SHOP._replace(session_id="nobody"))
        with pytest.raises(FileNotFoundError):
            log.export_audit(tmp_path / "no" / "folder")
    assert [found.name for found in tmp_path.iterdir()] == ["trail.jsonl"]


def test_an_empty_log_has_a_trail() -> None:
    with turnlog.open("sqlite://") as log:
        lines: list[bytes] = []
        export(log.store, lines.append)
        assert len(lines) == 2
        assert told(lines, seal_log(log.store)) == []


def verifier_on_the_page() -> Callable[..., None]:
    page = (ROOT / "docs/evidence.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(import hashlib.*?)```", page, re.DOTALL)
    found: dict[str, Any] = {}
    exec(compile(code, "docs/evidence.md", "exec"), found)
    verify: Callable[..., None] = found["verify"]
    return verify


def test_the_verifier_on_the_page_is_one() -> None:
    """Whoever writes one in another language goes by that page: it must say how it is."""
    verify = verifier_on_the_page()
    seal = TRAIL.seal.as_json()
    for lines in (TRAIL.lines, TRAIL.bare):
        verify(lines, seal)
    verify(TRAIL.part)
    verify(TRAIL.session)
    for at, line in enumerate(TRAIL.lines):
        before, behind = TRAIL.lines[:at], TRAIL.lines[at + 1 :]
        for other in ([*before, *behind], [*before, line.replace(b"0", b"1", 1), *behind]):
            with pytest.raises((AssertionError, ValueError, KeyError)):
                verify(other)
    with pytest.raises(AssertionError):
        verify(TRAIL.lines, {**seal, "root": "00" * 32})


def test_a_trail_tells_what_was_redacted_and_erased() -> None:
    """Neither may a lawful change pass for damage, nor another change for a lawful one."""
    verify = verifier_on_the_page()
    message = {"role": "user", "content": "The secret, and the password."}
    asked: dict[str, Any] = {"type": "user", "uuid": str(UUID(int=1)), "message": message}
    lines: list[bytes] = []
    with turnlog.open("sqlite://") as log:
        fill(log)
        log.append(SHOP, [asked])
        log.archive(SHOP)
        log.redact(SHOP, asked["uuid"], texts=["secret"])
        log.redact(SHOP, asked["uuid"], texts=["password"])
        log.erase(ATLAS)
        export(log.store, lines.append)
    assert told(lines) == []
    verify(lines)
    members = [event_of(line) for line in lines]
    redacted = next(n for n, line in enumerate(members) if asked["uuid"] in str(line.get("body")))
    assert "The [redacted], and the [redacted]." in members[redacted]["body"]
    members[redacted]["body"] = members[redacted]["body"].replace("and", "not")
    edited = hashed_anew(members)
    assert any("its content was edited" in what for what in told(edited))
    with pytest.raises(AssertionError):
        verify(edited)
