"""Redacting: a text goes, its entry stays what it was, and nothing brings the text back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.projecting.logs import rows
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey, events

from .conftest import AGENT, FORK, KEY, talk

SECRET = "xylophone-7731"


def said(log: Log, key: SessionKey = KEY) -> str:
    """All that the log has of a session."""
    return str([r.event for r in log.events(key)])


def test_a_whole_entry(log: Log) -> None:
    """Every text of it goes, and what repeated it; all others stay byte for byte."""
    s = talk(log, word=SECRET, prompts=1)
    first = s.entries[0]
    redacted = log.redact(KEY, first["uuid"], reason="private", actor="ada")
    loaded = log.load(KEY) or []
    assert loaded[0]["message"] == {"role": "user", "content": "[redacted]"}
    linked = ("type", "uuid", "parentUuid", "sessionId", "timestamp", "promptId", "cwd")
    assert [loaded[0].get(name) for name in linked] == [first.get(name) for name in linked]
    assert loaded[1:] == s.entries[1:]
    assert log.state(KEY).titles["prompt"] == "[redacted]"
    told = [r.event for r in log.events(KEY) if isinstance(r.event, events.EntryRedacted)]
    assert tuple(event.of for event in told) == redacted.versions
    assert {(event.reason, event.actor, event.automatic) for event in told} == {
        ("private", "ada", False)
    }
    assert log.verify().problems == ()


def test_a_text_wherever_it_is(log: Log) -> None:
    """A password must never stay in a title, a note or a tool's result once it is taken out."""
    s = Transcript(KEY.session_id, seed=3)
    s.prompt(f"My password is {SECRET}.")
    call = s.answer(
        f"I use {SECRET}.", thinking=f"Hm, {SECRET}.", tools=[("Bash", {SECRET: SECRET})]
    )
    s.tool_result(call.tools[0], f"logged in with {SECRET}")
    s.title(f"The password {SECRET}")
    s.prompt("Thanks.")
    log.append(KEY, s.entries)
    log.append(AGENT, agent_with(SECRET))
    log.rename(KEY, f"{SECRET}!")
    log.tag(KEY, [f"tag-{SECRET}", "other"])
    log.set_metadata(KEY, {"note": {"deep": [SECRET]}})
    log.checkpoint(KEY, "here", label=f"with {SECRET}")
    log.rewind(KEY, "prompt:1", reason=f"because of {SECRET}")
    assert len(log.search(SECRET, all_branches=True).hits) > 0
    redacted = log.redact(KEY, texts=[SECRET])
    assert redacted.texts >= 9
    assert SECRET not in said(log)
    assert SECRET not in said(log, AGENT)
    assert log.search(SECRET, all_branches=True).hits == ()
    assert len(log.search("logged", all_branches=True).hits) == 1
    session = log.session(KEY.session_id)
    assert (session.title, session.tags) == ("[redacted]!", ("tag-[redacted]", "other"))
    assert log.verify().problems == ()


def agent_with(text: str) -> list[dict[str, Any]]:
    s = Transcript(AGENT.session_id, seed=5)
    s.prompt(f"Try {text}.")
    return s.entries


def test_a_text_in_the_name_of_a_folder_or_a_branch(log: Log) -> None:
    s = Transcript(KEY.session_id, cwd=f"/home/ada/{SECRET}")
    s.prompt("Hm.", gitBranch=f"fix/{SECRET}")
    s.answer("Hm.")
    log.append(KEY, s.entries)
    log.redact(KEY, texts=[SECRET])
    assert SECRET not in said(log)
    assert log.session(KEY.session_id).working_dir == "/home/ada/[redacted]"
    assert SECRET not in str(log.usage("branch"))
    live = rows(log, "sessions")
    log.rebuild(name="sessions")
    assert rows(log, "sessions") == live
    assert log.verify().problems == ()


def test_an_entry_of_a_subagent(log: Log) -> None:
    talk(log)
    entries = agent_with(SECRET)
    log.append(AGENT, entries)
    assert log.redact(KEY, entries[0]["uuid"]).key == AGENT
    assert SECRET not in said(log, AGENT)
    assert log.verify().problems == ()


def test_a_rebuild_after_it_equals_the_live_tables(log: Log) -> None:
    talk(log, word=SECRET)
    log.tag(KEY, [SECRET])
    log.catch_up()
    log.redact(KEY, texts=[SECRET])
    live = {name: rows(log, name) for name in ("sessions", "audit", "search")}
    log.rebuild()
    assert {name: rows(log, name) for name in live} == live
    assert log.search("basket").hits != ()


def test_the_same_elsewhere(elsewhere: Log) -> None:
    test_a_rebuild_after_it_equals_the_live_tables(elsewhere)


def test_signed_thinking_and_images_become_texts(log: Log) -> None:
    """A signature over other words, or base64 that is none, would end the session it resumes in."""
    s = Transcript(KEY.session_id)
    source = {"type": "base64", "media_type": "image/png", "data": "aGVsbG8="}
    s.user([{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}])
    s.answer("A hat.", thinking="It is a hat.")
    log.append(KEY, s.entries)
    for entry in s.entries:
        log.redact(KEY, entry["uuid"])
    text = {"type": "text", "text": "[redacted]"}
    loaded = log.load(KEY) or []
    assert loaded[0]["message"]["content"] == [text, text]
    assert [x["message"]["content"] for x in loaded[1:]] == [[text]] * (len(loaded) - 1)


def test_a_line_spelled_otherwise_loses_its_own_bytes(log: Log, tmp_path: Path) -> None:
    """The line as it was found holds the text too."""
    s = Transcript(KEY.session_id, cwd="/home/ada/shop")
    s.prompt(f"My password is {SECRET}.")
    path = s.write(tmp_path)
    path.write_text(json.dumps(s.entries[0], indent=None) + " \n")  # with spaces: respelled
    log.import_claude(tmp_path, workers=1)
    key = SessionKey("-home-ada-shop", KEY.session_id)
    bodies = [r.event.body for r in log.events(key) if isinstance(r.event, events.TurnRecorded)]
    assert bodies[0].count(SECRET.encode()) == 2
    log.redact(key, texts=[SECRET])
    bodies = [r.event.body for r in log.events(key) if isinstance(r.event, events.TurnRecorded)]
    assert SECRET.encode() not in bodies[0]
    assert log.import_claude(tmp_path, workers=1).conflicts == 0


def test_it_does_not_come_back(log: Log) -> None:
    """The entry as it was, sent again, must never be kept as another content of the same uuid."""
    s = talk(log, word=SECRET)
    log.redact(KEY, texts=[SECRET])
    version = log.state(KEY).version
    again = log.append(KEY, s.entries)
    assert (again.recorded, again.conflicts) == (0, 0)
    assert log.state(KEY).version == version
    other = s.entries[1] | {"version": "9.9.9"}
    assert log.append(KEY, [other]).conflicts == 0


def test_a_fork_reads_it_redacted(log: Log) -> None:
    talk(log, word=SECRET)
    log.fork(KEY, into=FORK)
    log.redact(KEY, texts=[SECRET])
    assert SECRET not in said(log, FORK)
    assert log.load(FORK) == log.load(KEY)
    assert SECRET not in (log.session(FORK.session_id).title or "")
    assert log.verify().problems == ()


def test_another_content_of_its_uuid_goes_too(log: Log) -> None:
    s = talk(log)
    log.append(KEY, [s.entries[0] | {"note": SECRET}])
    log.redact(KEY, s.entries[0]["uuid"])
    assert SECRET not in str([r.event for r in log.events(KEY)])
    assert log.verify().problems == ()


def test_corrupt_bytes_too(log: Log) -> None:
    log.append(KEY, [[SECRET]])
    log.redact(KEY, texts=[SECRET])
    corrupt = [r.event.body for r in log.events(KEY) if isinstance(r.event, events.EntryCorrupted)]
    assert corrupt == [b'["[redacted]"]']


def test_a_dry_run_changes_nothing(log: Log) -> None:
    s = talk(log, word=SECRET)
    redacted = log.redact(KEY, texts=[SECRET], dry_run=True)
    assert (redacted.done, redacted.texts > 0) == (False, True)
    assert log.load(KEY) == s.entries


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "name an entry"),
        ({"entry": "no-such-uuid"}, "has no entry"),
        ({"entry": 999}, "has no entry"),
        ({"entry": -1}, "has no entry"),
        ({"entry": 2, "texts": ["nowhere"]}, "holds nothing"),
        ({"texts": ["nowhere"]}, "no entry of the session holds"),
        ({"texts": [""]}, "a character at least"),
        ({"patterns": ["("]}, "cannot be matched"),
        ({"patterns": ["x*"]}, "matches where there is nothing"),
    ],
)
def test_what_makes_no_sense(log: Log, given: dict[str, Any], error: str) -> None:
    s = talk(log)
    with pytest.raises(turnlog.TurnlogError, match=error):
        log.redact(KEY, **given)
    assert log.load(KEY) == s.entries


def test_redacted_twice(log: Log) -> None:
    s = talk(log, prompts=1)
    log.redact(KEY, s.entries[0]["uuid"])
    with pytest.raises(turnlog.Refused, match="is it redacted"):
        log.redact(KEY, s.entries[0]["uuid"])
