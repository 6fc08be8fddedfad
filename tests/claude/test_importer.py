"""Importing transcripts: every line once, whatever state a file is in and however often."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import turnlog
from docs.demo.make_history import HISTORY
from tests.support import workload
from tests.support.config_dir import encode_line, write_lines
from tests.support.contents import contents, entries_of, transcripts
from tests.support.transcripts import Transcript
from turnlog.adapters.claude import importer, portions
from turnlog.adapters.claude.directory import NotAClaudeDirectory, PathNotFound
from turnlog.domain import events as e
from turnlog.domain.keys import SessionKey
from turnlog.importing.summary import ImportSummary, Progress
from turnlog.projections.sessions import Filter

SLUG = "-home-ada-shop"


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as log:
        yield log


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(sqlite_url, synchronous="NORMAL") as log:
        yield log


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    return tmp_path / "claude"


def short() -> Transcript:
    """A session of three prompts, a tool and a title."""
    s = Transcript(seed=7)
    s.mode()
    for n in range(3):
        s.prompt(f"Question {n}")
        s.run("Read", {"file_path": f"/home/ada/shop/{n}.py"}, f"text {n}")
        s.answer(f"Answer {n}")
        s.title(f"Title {n}")
        s.mode()
    return s


def key_of(s: Transcript, subpath: str | None = None) -> SessionKey:
    return SessionKey(SLUG, s.session_id, subpath)


def run(log: turnlog.Log, path: Path, **settings: Any) -> ImportSummary:
    return log.import_claude(path, workers=1, machine="ada", **settings)


def figures(summary: ImportSummary) -> tuple[int, int]:
    return summary.recorded, summary.known


# -- all of it, and once -------------------------------------------------------------------------


def test_a_history_is_imported_line_for_line(log: turnlog.Log) -> None:
    """`load` must never give back anything but the lines of the file."""
    summary = run(log, HISTORY)
    files = transcripts(HISTORY)
    for key, path in files.items():
        loaded = log.load(key)
        assert loaded is not None
        assert [entry for entry in loaded if entry["type"] != "agent_metadata"] == entries_of(path)
    assert summary.files == len(files)
    assert summary.recorded == sum(len(log.load(key) or []) for key in files)
    assert (summary.sessions, summary.subagents, summary.prompt_only) == (6, 1, 1)
    assert (summary.corrupt, summary.conflicts, summary.skipped) == (0, 0, 0)
    assert {session.source for session in log.sessions()} == {"import"}
    assert {session.machine for session in log.sessions()} == {"ada"}
    assert log.verify().holds


def test_an_import_again_adds_nothing_and_reads_nothing(log: turnlog.Log) -> None:
    """Importing again and again must never record a line twice, or take as long as the first."""
    first = run(log, HISTORY)
    before = contents(log)
    again = run(log, HISTORY)
    assert contents(log) == before
    assert again.unchanged == again.files == first.files
    assert (again.recorded, again.known, again.bytes, again.prompts) == (0, 0, 0, 0)


def test_a_file_that_was_touched_is_read_again_and_adds_nothing(
    log: turnlog.Log, claude: Path
) -> None:
    s = short()
    path = s.write(claude)
    run(log, claude)
    before = contents(log)
    os.utime(path, (1, 1))
    assert figures(run(log, claude)) == (0, len(s.entries))
    path.rename(path.with_name("x"))
    path.write_bytes(path.with_name("x").read_bytes())
    path.with_name("x").unlink()
    assert figures(run(log, claude)) == (0, len(s.entries))
    assert contents(log) == before


def test_another_machine_has_files_of_its_own(sqlite: turnlog.Log, claude: Path) -> None:
    """A file must never be passed by because one of that path was imported elsewhere."""
    s = short()
    s.write(claude)
    run(sqlite, claude)
    summary = sqlite.import_claude(claude, workers=1, machine="bob")
    assert figures(summary) == (0, len(s.entries))
    assert sqlite.session(s.session_id).machine == "ada"


def test_several_processes_record_what_one_does(tmp_path: Path, claude: Path) -> None:
    """How many processes read must never show in what is recorded."""
    for s in workload.sessions(9, 150, seed=3):
        s.write(claude)
    alone, together = (turnlog.open(f"sqlite:///{tmp_path / name}.db") for name in "ab")
    with alone, together:
        one = alone.import_claude(claude, workers=1, machine="ada")
        three = together.import_claude(claude, workers=3, machine="ada")
        assert contents(together) == contents(alone)
        one.seconds = three.seconds = 0
        assert one == three
        assert together.import_claude(claude, workers=3, machine="ada").unchanged == 9


def test_the_user_is_kept(sqlite: turnlog.Log) -> None:
    run(sqlite, HISTORY, user_id="ada")
    assert {session.user_id for session in sqlite.sessions()} == {"ada"}


def test_progress_goes_on_to_the_end(sqlite: turnlog.Log) -> None:
    told: list[Progress] = []
    run(sqlite, HISTORY, progress=told.append)
    assert told == sorted(told, key=lambda p: (p.files, p.bytes))
    assert (told[-1].files, told[-1].bytes) == (told[-1].files_total, told[-1].bytes_total)
    assert told[-1].bytes == sum(path.stat().st_size for path in transcripts(HISTORY).values())
    told.clear()
    run(sqlite, HISTORY, progress=told.append)
    assert told[-1].files == told[-1].files_total


def test_there_must_be_something_to_import(sqlite: turnlog.Log, tmp_path: Path) -> None:
    with pytest.raises(PathNotFound):
        run(sqlite, tmp_path / "nowhere")
    with pytest.raises(NotAClaudeDirectory):
        run(sqlite, tmp_path)
    assert sqlite.sessions() == []


# -- files that grow and change ------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 2, 5, 9, 16])
def test_a_file_that_grew_is_read_on(log: turnlog.Log, claude: Path, cut: int) -> None:
    """What an import in two steps records must never differ from what a file says."""
    s = short()
    path = s.write(claude)
    write_lines(path, s.entries[:cut])
    run(log, claude)
    assert log.load(key_of(s)) == s.entries[:cut]
    s.write(claude, history=False)
    summary = run(log, claude)
    assert summary.recorded == len(s.entries) - cut
    assert summary.known <= 1, "only lines without uuid at the end are read a second time"
    assert log.load(key_of(s)) == s.entries
    assert run(log, claude).unchanged == 1


def test_equal_lines_without_uuid_are_all_kept_across_imports(
    sqlite: turnlog.Log, claude: Path
) -> None:
    """A title A, B, A must never end as B because the file was read in steps."""
    s = Transcript(seed=1)
    s.prompt("Hello")
    s.answer("Hello")
    for title in "ABABA":
        s.title(title)
        s.write(claude, history=False)
        run(sqlite, claude)
    assert sqlite.load(key_of(s)) == s.entries
    assert sqlite.session(s.session_id).title == "A"


def test_a_file_written_anew_is_read_from_its_beginning(log: turnlog.Log, claude: Path) -> None:
    """Another file under the same name must never be taken for the rest of the old one."""
    s = short()
    path = s.write(claude)
    write_lines(path, s.entries[:6])
    run(log, claude)
    other = Transcript(s.session_id, seed=99)
    for n in range(20):
        other.prompt(f"Another question {n}")
        other.answer(f"Another answer {n}")
    content = b"".join(map(encode_line, other.entries))
    assert len(content) > path.stat().st_size
    with path.open("r+b") as file:  # in place: the inode stays
        file.write(content)
    run(log, claude)
    recorded = log.load(key_of(s))
    assert recorded is not None
    assert [entry for entry in recorded if entry in other.entries] == other.entries


def test_a_file_that_shrank_is_read_from_its_beginning(sqlite: turnlog.Log, claude: Path) -> None:
    s = short()
    path = s.write(claude)
    run(sqlite, claude)
    write_lines(path, s.entries[:4])
    assert figures(run(sqlite, claude)) == (0, 4)
    s.answer("More")
    write_lines(path, [*s.entries[:4], s.entries[-1]])
    assert run(sqlite, claude).recorded == 1


def test_a_live_mirror_is_completed(log: turnlog.Log, claude: Path) -> None:
    """A batch that the mirror lost must never stay lost, or come back in the wrong place."""
    s = Transcript(seed=7)
    for n in range(5):
        s.prompt(f"Question {n}")
        s.run("Read", {"file_path": f"/home/ada/shop/{n}.py"}, f"text {n}")
        s.answer(f"Answer {n}")
        s.title(f"Title {n}")
    s.write(claude)
    batches = list(workload.batches(s.entries, 4))
    for number, batch in enumerate(batches):
        if number != 2:
            log.append(key_of(s), batch, user_id="ada")
    summary = run(log, claude)
    assert summary.recorded == len(batches[2])
    assert log.load(key_of(s)) == s.entries
    assert run(log, claude).recorded == 0
    assert log.state(key_of(s)).gaps == 0


def test_a_whole_mirror_is_recognised(log: turnlog.Log, claude: Path) -> None:
    """What the mirror recorded must never be recorded again by an import."""
    s = workload.session(120, seed=5, cwd="/home/ada/shop")
    s.write(claude)
    for batch in workload.batches(s.entries, 17):
        log.append(key_of(s), batch)
    mirrored = log.load(key_of(s))
    assert mirrored is not None
    summary = run(log, claude)
    # The mirror takes an entry without uuid that equals the latest of its kind for a repetition.
    assert summary.recorded == len(s.entries) - len(mirrored)
    assert all("uuid" not in entry for entry in s.entries if entry not in mirrored)
    assert log.load(key_of(s)) == s.entries


# -- the end of a file ---------------------------------------------------------------------------


def test_a_line_that_is_still_being_written_waits(log: turnlog.Log, claude: Path) -> None:
    """Half a line must never be recorded as corrupt while its writer is at it."""
    s = short()
    path = s.write(claude)
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) - 2, len(whole) - 40):
        path.write_bytes(whole[:size])
        summary = run(log, claude)
        assert summary.corrupt == 0
        assert summary.unfinished == (size < len(whole) - 1)
    path.write_bytes(whole)
    run(log, claude)
    assert log.load(key_of(s)) == s.entries


def test_a_whole_last_line_needs_no_line_feed(sqlite: turnlog.Log, claude: Path) -> None:
    s = short()
    path = s.write(claude)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert run(sqlite, claude).recorded == len(s.entries)
    path.write_bytes(whole)
    assert run(sqlite, claude).recorded == 0
    assert sqlite.load(key_of(s)) == s.entries


def test_a_torn_last_line_of_an_old_file_is_kept_as_it_is(
    sqlite: turnlog.Log, claude: Path
) -> None:
    """A torn line must never be lost because nobody finishes it."""
    s = short()
    path = s.write(claude)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert run(sqlite, claude).unfinished == 1
    hour_ago = path.stat().st_mtime - importer.SETTLED - 10
    os.utime(path, (hour_ago, hour_ago))
    summary = run(sqlite, claude)
    assert (summary.corrupt, summary.unfinished) == (1, 0)
    assert summary.corrupt_pieces[0].path == path
    assert run(sqlite, claude).unchanged == 1
    # And should it be finished after all, it is an entry.
    path.write_bytes(whole)
    assert run(sqlite, claude).recorded == 1
    assert sqlite.load(key_of(s)) == s.entries


# -- broken lines --------------------------------------------------------------------------------


def broken_file(claude: Path, *lines: bytes) -> tuple[Transcript, Path]:
    """A session with lines between its second and its third entry."""
    s = Transcript(seed=3)
    s.prompt("One")
    s.answer("Two")
    s.prompt("Three")
    path = s.write(claude)
    good = [encode_line(entry) for entry in s.entries]
    path.write_bytes(b"".join([*good[:2], *(line + b"\n" for line in lines), *good[2:]]))
    return s, path


def corrupt_bodies(log: turnlog.Log, key: SessionKey) -> list[bytes]:
    return [r.event.body for r in log.events(key) if isinstance(r.event, e.EntryCorrupted)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"user","uuid":"8f2',
        b"\0" * 300,
        b'"a text"',
        b"[1,2]",
        b"null",
        b"12",
        b"\xff\xfe",
        b'{"type":',
        b"not json at all",
        b'{"a":' + b"9" * 100_001 + b"}",
    ],
)
def test_what_is_no_entry_is_kept_as_it_was_found(
    sqlite: turnlog.Log, claude: Path, line: bytes
) -> None:
    """Bytes of a transcript must never be lost because they make no sense."""
    s, path = broken_file(claude, line)
    summary = run(sqlite, claude)
    assert corrupt_bodies(sqlite, key_of(s)) == [line]
    offset = path.read_bytes().index(b"\n" + line + b"\n") + 1
    piece = summary.corrupt_pieces[0]
    assert (summary.corrupt, piece.path, piece.offset, piece.size) == (1, path, offset, len(line))
    assert piece.reason
    assert sqlite.load(key_of(s)) == s.entries
    os.utime(path, (1, 1))
    run(sqlite, claude)
    assert corrupt_bodies(sqlite, key_of(s)) == [line]


def test_glued_and_torn_records_are_recovered(sqlite: turnlog.Log, claude: Path) -> None:
    one, two = (Transcript(seed=n).prompt(f"p{n}") for n in (21, 22))
    glued = encode_line(one)[:-1] + encode_line(two)[:-1]
    other = Transcript(seed=23).prompt("after a torn one")
    torn = b'{"type":"assistant","uuid":"0f' + encode_line(other)[:-1]
    s, _ = broken_file(claude, glued, torn)
    summary = run(sqlite, claude)
    assert (summary.recovered, summary.corrupt) == (3, 1)
    assert sqlite.load(key_of(s)) == [*s.entries[:2], one, two, other, *s.entries[2:]]


@pytest.mark.parametrize(
    "line",
    [
        b'{ "type": "mode",  "mode": "normal" }',
        b'{"type":"x","n":1e400}',
        b'{"type":"x","n":NaN}',
        b'{"type":"x","n":1.0e-7,"m":1180591620717411303424}',
        b'{"type":"x","s":"\\ud800 \\u0000 \\u00e9"}',
        b'{"type":"x","type":"y"}',
        b'{"no":"type"}',
        b"{}",
        b'\xef\xbb\xbf{"type":"x"}',
        b'{"type":"x"}\r',
        b'{"type":"x","deep":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
)
def test_an_odd_entry_comes_back_as_it_was(sqlite: turnlog.Log, claude: Path, line: bytes) -> None:
    """An entry that Python's own decoder reads must come back as it reads it."""
    s, path = broken_file(claude, line)
    run(sqlite, claude)
    loaded = sqlite.load(key_of(s))
    assert loaded is not None
    odd = loaded.pop(2)
    assert loaded == s.entries
    if b"deep" in line:
        for _ in range(10_000):
            odd = odd["deep"] if isinstance(odd, dict) else odd[0] if odd else odd
        assert odd == []
    else:
        assert repr(odd) == repr(json.loads(line.decode("utf-8-sig")))
    os.utime(path, (1, 1))
    assert run(sqlite, claude).recorded == 0


def test_a_line_spelled_otherwise_keeps_its_own_bytes(sqlite: turnlog.Log, claude: Path) -> None:
    """The bytes of a file must never be lost where they cannot be made again."""
    line = b'{ "type": "mode", "mode": "normal" }'
    s, _ = broken_file(claude, line)
    assert run(sqlite, claude).respelled == 1
    bodies = [
        r.event.body for r in sqlite.events(key_of(s)) if isinstance(r.event, e.EntryRecorded)
    ]
    assert [body.partition(b"\n")[2] for body in bodies] == [line]


def test_a_large_entry(sqlite: turnlog.Log, claude: Path) -> None:
    s = Transcript(seed=4)
    s.prompt("x" * (20 << 20))
    s.answer("y")
    s.write(claude)
    run(sqlite, claude)
    assert sqlite.load(key_of(s)) == s.entries


def test_a_line_without_end_ends_the_reading(
    sqlite: turnlog.Log, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of gigabytes without a line feed must never take the memory of the machine."""
    monkeypatch.setattr(portions, "LONGEST_LINE", 1 << 20)
    _, path = broken_file(claude, b"\0" * (3 << 20))
    summary = run(sqlite, claude)
    assert [skipped.path for skipped in summary.skipped_files] == [path]
    assert "a line of more than 1,048,576 bytes" in summary.skipped_files[0].reason


def test_a_file_of_nothing(sqlite: turnlog.Log, claude: Path) -> None:
    path = short().write(claude)
    for content in (b"", b"\n\n \n"):
        path.write_bytes(content)
        assert run(sqlite, claude).recorded == 0
    assert sqlite.load(SessionKey(SLUG, path.stem)) is None
    assert run(sqlite, claude).unchanged == 1


def test_lines_of_other_sessions_stay_in_their_file(sqlite: turnlog.Log, claude: Path) -> None:
    foreign = Transcript("another-session", seed=8).prompt("Elsewhere")
    s, _ = broken_file(claude, encode_line(foreign)[:-1])
    run(sqlite, claude)
    assert sqlite.load(key_of(s)) == [*s.entries[:2], foreign, *s.entries[2:]]
    assert sqlite.load(SessionKey(SLUG, "another-session")) is None


def test_one_uuid_with_two_contents_is_a_conflict(sqlite: turnlog.Log, claude: Path) -> None:
    s = Transcript(seed=3)
    s.prompt("One")
    s.answer("Two")
    other = {**s.entries[0], "message": {"role": "user", "content": "Other"}}
    path = s.write(claude)
    write_lines(path, [*s.entries, other, s.entries[0]])
    summary = run(sqlite, claude)
    assert (summary.recorded, summary.conflicts, summary.known) == (2, 1, 1)
    assert sqlite.load(key_of(s)) == s.entries


def test_a_file_that_cannot_be_read_is_told(sqlite: turnlog.Log, claude: Path) -> None:
    """One bad file must never keep the others from being imported."""
    s = short()
    s.write(claude)
    project = claude / "projects" / SLUG
    (project / f"{'x' * 120}.jsonl").symlink_to(project / "nowhere")
    os.mkfifo(project / "fifo.jsonl")
    long = claude / "projects" / ("ä" * 100) / f"{'ö' * 100}.jsonl"
    write_lines(long, s.entries)
    summary = run(sqlite, claude)
    assert summary.recorded == len(s.entries)
    reasons = {skipped.path.name: skipped.reason for skipped in summary.skipped_files}
    assert "symbolic link" in reasons[f"{'x' * 120}.jsonl"]
    assert "FIFO" in reasons["fifo.jsonl"]
    assert "characters" in reasons[long.name]


# -- subagents -----------------------------------------------------------------------------------


def with_subagent() -> tuple[Transcript, Transcript]:
    s = Transcript(seed=12)
    s.prompt("Look into it")
    task = {"description": "Look", "prompt": "Look around", "subagent_type": "Explore"}
    call = s.answer(tools=[("Task", task)])
    agent = s.subagent(call.tools[0])
    agent.answer("Nothing here")
    s.subagent_result(agent, "Nothing here")
    s.answer("It is nothing")
    return s, agent


@pytest.mark.parametrize("flat", [False, True])
def test_a_subagent_comes_along(log: turnlog.Log, claude: Path, flat: bool) -> None:
    s, agent = with_subagent()
    s.write(claude, flat_subagents=flat)
    summary = run(log, claude)
    key = key_of(s, f"subagents/agent-{agent.agent_id}")
    loaded = log.load(key)
    assert loaded is not None
    meta = [] if flat else [{**agent.meta, "type": "agent_metadata"}]
    assert loaded == [*agent.entries, *meta]
    assert (summary.sessions, summary.subagents) == (1, 1)
    assert log.subkeys(key_of(s)) == [key]
    assert log.session(s.session_id).subagents == 1


def test_a_subagent_that_lies_in_two_places_is_recorded_once(
    log: turnlog.Log, claude: Path
) -> None:
    s, agent = with_subagent()
    s.write(claude)
    s.write(claude, flat_subagents=True, history=False)
    summary = run(log, claude)
    assert (summary.files, summary.subagents) == (3, 1)
    assert figures(summary) == (len(s.entries) + len(agent.entries) + 1, len(agent.entries))
    assert run(log, claude).unchanged == 3


def test_a_path_may_be_as_long_as_the_system_allows(log: turnlog.Log, tmp_path: Path) -> None:
    """The name by which a file is remembered must never be too long for an index."""
    claude = tmp_path.joinpath(*["ü" * 100] * 8, "claude")
    s = short()
    s.write(claude)
    assert run(log, claude).recorded == len(s.entries)
    assert run(log, claude).unchanged == 1


def test_a_subagents_description_is_recorded_once_and_when_it_changes(
    log: turnlog.Log, claude: Path
) -> None:
    """A description must never be recorded again because its transcript grew."""
    s, agent = with_subagent()
    s.write(claude)
    run(log, claude)
    key = key_of(s, f"subagents/agent-{agent.agent_id}")
    agent.answer("One more")
    s.write(claude, history=False)
    os.utime(claude / "projects" / SLUG / s.session_id / f"{key.subpath}.meta.json", (1, 1))
    assert run(log, claude).recorded == 1
    agent.meta["description"] = "Another"
    s.write(claude, history=False)
    assert run(log, claude).recorded == 1
    loaded = log.load(key)
    assert loaded is not None
    told = [entry for entry in loaded if entry["type"] == "agent_metadata"]
    assert [entry["description"] for entry in told] == ["Look", "Another"]
    assert run(log, claude).recorded == 0


def test_the_mirror_s_description_of_a_subagent_is_recognised(
    sqlite: turnlog.Log, claude: Path
) -> None:
    s, agent = with_subagent()
    s.write(claude)
    key = key_of(s, f"subagents/agent-{agent.agent_id}")
    sqlite.append(key, [{**agent.meta, "type": "agent_metadata"}])
    sqlite.append(key, agent.entries)
    assert run(sqlite, claude).recorded == len(s.entries)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with-entries"])
def test_a_description_is_recognised_in_the_order_of_the_mirror(
    log: turnlog.Log, claude: Path, beside: bool
) -> None:
    """A subagent's description that was mirrored must never be recorded a second time."""
    s, agent = with_subagent()
    s.write(claude)
    key = key_of(s, f"subagents/agent-{agent.agent_id}")
    # The CLI's own order: `type` comes first, and the rest is not as in the file.
    mirrored = {"type": "agent_metadata", **dict(reversed(agent.meta.items()))}
    batches = [[mirrored, *agent.entries]] if beside else [[mirrored], agent.entries]
    for batch in batches:
        log.append(key, batch)
    assert figures(run(log, claude)) == (len(s.entries), len(agent.entries) + 1)
    assert log.load(key) == [mirrored, *agent.entries]
    agent.meta["description"] = "Another"
    s.write(claude, history=False)
    assert run(log, claude).recorded == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "\0"])
def test_a_description_that_is_none_is_told(sqlite: turnlog.Log, claude: Path, text: str) -> None:
    s, agent = with_subagent()
    s.write(claude)
    key = key_of(s, f"subagents/agent-{agent.agent_id}")
    path = claude / "projects" / SLUG / s.session_id / f"{key.subpath}.meta.json"
    path.write_text(text)
    summary = run(sqlite, claude)
    assert [skipped.path for skipped in summary.skipped_files] == [path]
    assert sqlite.load(key) == agent.entries


# -- sessions that were deleted ------------------------------------------------------------------


def test_a_deleted_session_stays_deleted(log: turnlog.Log, claude: Path) -> None:
    """What someone deleted must never come back with the next import."""
    s, _ = with_subagent()
    path = s.write(claude)
    run(log, claude)
    log.delete(key_of(s))
    s.answer("More")
    s.write(claude, history=False)
    for _ in range(2):
        summary = run(log, claude)
        assert (summary.recorded, summary.deleted) == (0, 2)
        assert log.load(key_of(s)) is None
        os.utime(path, (1, 1))
    assert log.sessions() == []


def test_a_deleted_session_can_be_brought_back(log: turnlog.Log, claude: Path) -> None:
    s, agent = with_subagent()
    s.write(claude)
    run(log, claude)
    log.delete(key_of(s))
    s.answer("More")
    s.write(claude, history=False)
    summary = run(log, claude, restore=True)
    assert (summary.recorded, summary.deleted) == (1, 0)
    assert log.load(key_of(s)) == s.entries
    assert log.load(key_of(s, f"subagents/agent-{agent.agent_id}")) is not None
    assert run(log, claude).deleted == 0


def test_a_new_life_does_not_bring_the_old_one_back(sqlite: turnlog.Log, claude: Path) -> None:
    """What was deleted must never come back because its session went on."""
    s = short()
    s.write(claude)
    run(sqlite, claude)
    sqlite.delete(key_of(s))
    s.prompt("A new beginning")
    sqlite.append(key_of(s), s.entries[-1:])
    s.write(claude, history=False)
    assert run(sqlite, claude).deleted == 1
    assert sqlite.load(key_of(s)) == s.entries[-1:]
    assert sqlite.sessions(Filter()) != []
