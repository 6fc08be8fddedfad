"""What only the CLI's history tells: sessions whose transcript is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import turnlog
from tests.support.config_dir import append_history, history_lines
from tests.support.contents import contents
from tests.support.transcripts import Transcript
from turnlog.domain.events import PromptRemembered
from turnlog.domain.keys import SessionKey
from turnlog.importing.summary import ImportSummary

SLUG = "-home-ada-shop"


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as log:
        yield log


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    return tmp_path / "claude"


def run(log: turnlog.Log, path: Path, *, restore: bool = False) -> ImportSummary:
    return log.import_claude(path, workers=1, machine="ada", restore=restore)


def session(seed: int = 1, cwd: str = "/home/ada/shop") -> Transcript:
    s = Transcript(seed=seed, cwd=cwd)
    for n in range(2):
        s.prompt(f"Question {n} of {seed}")
        s.answer("Answer")
    return s


def prompts(log: turnlog.Log, key: SessionKey) -> list[str]:
    return [r.event.prompt for r in log.events(key) if isinstance(r.event, PromptRemembered)]


def test_a_session_whose_transcript_is_gone_is_listed(log: turnlog.Log, claude: Path) -> None:
    """Prompts of a session must never be lost because its transcript was cleaned up."""
    s = session()
    s.write(claude).unlink()
    summary = run(log, claude)
    assert (summary.prompt_only, summary.prompts, summary.recorded) == (1, 2, 0)
    found = log.session(s.session_id)
    assert (found.prompts, found.entries, found.turns) == (2, 0, 0)
    assert (found.title, found.working_dir) == ("Question 0 of 1", s.cwd)
    assert (found.source, found.machine, found.project_key) == ("import", "ada", SLUG)
    assert found.first_at is not None
    assert prompts(log, SessionKey(SLUG, s.session_id)) == ["Question 0 of 1", "Question 1 of 1"]
    assert log.load(SessionKey(SLUG, s.session_id)) is None
    before = contents(log)
    assert run(log, claude).prompts == 0
    assert contents(log) == before


def test_more_prompts_are_added(log: turnlog.Log, claude: Path) -> None:
    s = session()
    lines = history_lines(s)
    append_history(claude, lines[:1])
    run(log, claude)
    append_history(claude, lines[1:])
    assert run(log, claude).prompts == 1
    assert log.session(s.session_id).prompts == 2


def test_a_session_with_a_transcript_is_left_alone(log: turnlog.Log, claude: Path) -> None:
    """A prompt must never count twice because two files tell of it."""
    s = session()
    path = s.write(claude)
    run(log, claude)
    assert prompts(log, SessionKey(SLUG, s.session_id)) == []
    path.unlink()
    summary = run(log, claude)
    assert (summary.prompt_only, summary.prompts) == (0, 0)
    assert log.load(SessionKey(SLUG, s.session_id)) == s.entries


def test_an_empty_transcript_is_as_good_as_none(log: turnlog.Log, claude: Path) -> None:
    """Prompts must never be lost because a file without a line has the session's name."""
    s = session()
    path = s.write(claude)
    content = path.read_bytes()
    path.write_bytes(b"")
    assert run(log, claude).prompts == 2
    assert log.session(s.session_id).prompts == 2
    path.write_bytes(content)
    run(log, claude)
    (found,) = log.sessions()
    assert (found.prompts, found.entries) == (2, len(s.entries))


def test_a_transcript_found_later_absorbs_the_prompts(log: turnlog.Log, claude: Path) -> None:
    """A session must never be listed twice, or its prompts counted twice."""
    s = session()
    append_history(claude, history_lines(s))
    run(log, claude)
    s.write(claude, history=False)
    assert run(log, claude).recorded == len(s.entries)
    (found,) = log.sessions()
    assert (found.prompts, found.turns, found.entries) == (2, 2, len(s.entries))
    assert log.load(SessionKey(SLUG, s.session_id)) == s.entries


def test_a_transcript_in_another_project_absorbs_the_prompts(
    log: turnlog.Log, claude: Path
) -> None:
    """A session that moved to a worktree must never be listed under both directories."""
    s = session()
    append_history(claude, history_lines(s))
    run(log, claude)
    s.cwd = "/home/ada/shop-worktree"
    s.write(claude, history=False)
    run(log, claude)
    (found,) = log.sessions()
    assert found.project_key == "-home-ada-shop-worktree"
    assert found.prompts == 2
    assert run(log, claude).prompts == 0


def test_lines_that_name_no_session_are_grouped_by_project_and_day(
    log: turnlog.Log, claude: Path
) -> None:
    one, other = session(1), session(2, cwd="/home/ada/atlas")
    one.wait(days=1)
    one.prompt("The next day")
    for s in (one, other):
        append_history(claude, history_lines(s, with_session=False))
    assert run(log, claude).prompt_only == 3
    assert {(x.project_key, x.session_id): x.prompts for x in log.sessions()} == {
        (SLUG, "history-2026-09-14"): 2,
        (SLUG, "history-2026-09-15"): 1,
        ("-home-ada-atlas", "history-2026-09-14"): 2,
    }


def test_prompts_of_a_deleted_session_stay_deleted(log: turnlog.Log, claude: Path) -> None:
    """What someone deleted must never come back with the next import."""
    s = session()
    append_history(claude, history_lines(s))
    run(log, claude)
    log.delete(SessionKey(SLUG, s.session_id))
    assert run(log, claude).deleted == 1
    assert log.sessions() == []
    assert run(log, claude, restore=True).prompts == 0
    assert log.session(s.session_id).prompts == 2


def test_odd_prompts_come_back_as_they_were(log: turnlog.Log, claude: Path) -> None:
    s = session()
    lines = history_lines(s)[:1]
    pasted = {"1": {"id": 1, "type": "text", "content": "\ud800 and \0"}}
    lines.append({**lines[0], "display": "\ud800 and \0", "pastedContents": pasted})
    lines.append(lines[0])
    append_history(claude, lines)
    run(log, claude)
    events = list(log.events(SessionKey(SLUG, s.session_id)))
    found = [r.event for r in events if isinstance(r.event, PromptRemembered)]
    assert [event.prompt for event in found] == ["Question 0 of 1", "\ud800 and \0"]
    assert found[1].pasted == pasted


def test_lines_that_are_no_prompts_are_told(log: turnlog.Log, claude: Path) -> None:
    """One bad line must never keep the others from being read."""
    s = session()
    append_history(claude, history_lines(s))
    history = claude / "history.jsonl"
    long = {"display": "x", "timestamp": 1, "project": "/p", "sessionId": "y" * 5_000}
    with history.open("ab") as file:
        file.write(b'{"display":12}\nnothing\n' + json.dumps(long).encode() + b'\n{"display":"t')
    summary = run(log, claude)
    assert (summary.prompts, summary.skipped, summary.unfinished) == (2, 3, 1)
    assert {skipped.path for skipped in summary.skipped_files} == {history}
