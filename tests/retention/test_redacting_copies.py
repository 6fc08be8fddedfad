"""Redacting what lies in several places: copies of an entry, subagents' streams, kept files."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest

import turnlog
from tests.projecting.logs import rows
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey, events
from turnlog.adapters.claude.kept_files import stored
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.domain.evolving import fold
from turnlog.importing.keeping import kept_content, kept_files

from .conftest import AGENT, FORK, KEY, OTHER, talk

SECRET = "xylophone-7731"
THIRD = KEY._replace(session_id="5e550000-0000-4000-8000-000000000004")
IMAGE = b"\x89PNG a picture of a whiteboard"


def said(log: Log, *keys: SessionKey) -> str:
    """All that the log has of some streams, and all files that it keeps."""
    told = [r.event for key in keys for r in log.events(key)]
    digests = [event.digest for event in told if isinstance(event, events.FileKept)]
    return f"{told}{[kept_content(log.store, digest) for digest in digests]}"


def keep(log: Log, key: SessionKey, name: str, kind: str, content: bytes) -> str:
    """A file kept for a session, as an import keeps it; gives its digest."""

    def work(transaction: Transaction) -> None:
        stream = transaction.open(key)
        transaction.keep_file(stored(content))
        digest = sha256(content).hexdigest()
        kept = events.FileKept(name=name, digest=digest, kind=kind, size=len(content))
        transaction.record(stream, [kept], fold(stream.state, [kept]))

    log.store.write(work)
    return sha256(content).hexdigest()


def with_secret(key: SessionKey = KEY) -> Transcript:
    s = Transcript(key.session_id, seed=3)
    s.prompt("Hello.")
    s.prompt(f"My password is {SECRET}.")
    s.answer("I see.")
    return s


def copied(log: Log, how: str) -> Transcript:
    """A session with a secret, and a copy of it as the CLI or the SDK makes one."""
    s = with_secret()
    log.append(KEY, s.entries)
    copy = s.fork(by="sdk") if how == "sdk" else s
    key = OTHER
    entries = [entry | {"sessionId": OTHER.session_id} for entry in copy.entries]
    log.append(key, entries)
    return s


@pytest.mark.parametrize("how", ["cli", "sdk"])
@pytest.mark.parametrize("texts", [(), (SECRET,)], ids=["whole", "text"])
def test_copies_lose_it_on_request(log: Log, how: str, texts: tuple[str, ...]) -> None:
    """A copy that a fork made must never keep what was redacted in its origin, once asked for."""
    s = copied(log, how)
    before = log.load(OTHER) or []
    redacted = log.redact(KEY, s.entries[1]["uuid"], texts=texts, copies=True, reason="private")
    assert SECRET not in said(log, KEY, OTHER)
    assert [place.key for place in redacted.elsewhere] == [OTHER]
    assert redacted.copies == ()
    after = log.load(OTHER) or []
    assert [entry for entry in after if "redacted" not in str(entry)] == [
        entry for entry in before if SECRET not in str(entry)
    ]
    told = [r.event for r in log.events(OTHER) if isinstance(r.event, events.EntryRedacted)]
    assert tuple(event.of for event in told) == redacted.elsewhere[0].versions
    assert {event.reason for event in told} == {"private"}
    assert log.search(SECRET, all_branches=True).hits == ()
    assert log.verify().problems == ()


@pytest.mark.parametrize("how", ["cli", "sdk"])
def test_from_a_copy_its_origin_is_reached(log: Log, how: str) -> None:
    copied(log, how)
    entry = next(x for x in log.load(OTHER) or [] if SECRET in str(x))
    log.redact(OTHER, entry["uuid"], copies=True)
    assert SECRET not in said(log, KEY, OTHER)
    assert log.verify().problems == ()


def test_copies_of_copies(log: Log) -> None:
    """The SDK's fork of its fork names only the one it came from."""
    s = Transcript(KEY.session_id, seed=3)
    s.prompt(f"My password is {SECRET}.")  # the forks' titles repeat it
    s.answer("I see.")
    child = s.fork(by="sdk")
    grandchild = child.fork(by="sdk")
    for key, each in ((KEY, s), (OTHER, child), (THIRD, grandchild)):
        log.append(key, [entry | {"sessionId": key.session_id} for entry in each.entries])
    redacted = log.redact(KEY, s.entries[0]["uuid"], copies=True)
    assert {place.key for place in redacted.elsewhere} == {OTHER, THIRD}
    assert SECRET not in said(log, KEY, OTHER, THIRD)


def test_they_are_named_where_they_stay(log: Log) -> None:
    """Nobody must ever be left to believe that a text is gone while a copy of it is there."""
    s = copied(log, "cli")
    redacted = log.redact(KEY, s.entries[1]["uuid"], dry_run=True)
    assert [copy.key for copy in redacted.copies] == [OTHER]
    redacted = log.redact(KEY, s.entries[1]["uuid"])
    assert ([copy.key for copy in redacted.copies], redacted.elsewhere) == ([OTHER], ())
    assert SECRET in said(log, OTHER)
    # Asked for later, they are found by their uuids.
    redacted = log.redact(KEY, s.entries[1]["uuid"], copies=True)
    assert (redacted.versions, [place.key for place in redacted.elsewhere]) == ((), [OTHER])
    assert SECRET not in said(log, KEY, OTHER)
    with pytest.raises(turnlog.Refused, match="is it redacted"):
        log.redact(KEY, s.entries[1]["uuid"], copies=True)


def test_a_copy_of_prompts_alone(log: Log) -> None:
    s = with_secret()
    log.append(KEY, s.entries)
    log.append(OTHER, s.entries[:2])
    log.redact(KEY, s.entries[1]["uuid"], copies=True)
    assert SECRET not in said(log, OTHER)


def test_another_content_of_the_same_uuid_is_no_copy(log: Log) -> None:
    """An entry of another session that happens to have its uuid must never be lost with it."""
    s = with_secret()
    log.append(KEY, s.entries)
    other = s.entries[1] | {"message": {"role": "user", "content": "Something else."}}
    log.append(OTHER, [other])
    redacted = log.redact(KEY, s.entries[1]["uuid"], copies=True)
    assert redacted.elsewhere == ()
    assert log.load(OTHER) == [other]


def test_a_text_of_whole_sessions(log: Log) -> None:
    """Without an entry, sessions that share its content are looked through as wholes."""
    s = copied(log, "cli")
    log.fork(KEY, into=FORK)
    later = Transcript(FORK.session_id, seed=8)
    later.prompt(f"Was it {SECRET}?")
    for key in (OTHER, FORK):
        log.append(key, later.entries)
    log.rename(OTHER, f"About {SECRET}")
    talk(log, THIRD, SECRET)  # on its own: it shares nothing with these
    redacted = log.redact(KEY, texts=[SECRET])
    assert {copy.key for copy in redacted.copies} == {OTHER, FORK}
    log.redact(KEY, texts=[SECRET], copies=True)
    assert SECRET not in said(log, KEY, OTHER, FORK)
    assert SECRET in said(log, THIRD)
    assert log.session(OTHER.session_id).title == "About [redacted]"
    assert log.load(KEY) != s.entries
    assert log.verify().problems == ()


def test_a_subagent_that_was_told_the_same(log: Log) -> None:
    """What a call gave to a subagent is said again by its prompt."""
    task = f"Log in with {SECRET} and count the apples."
    s = Transcript(KEY.session_id, seed=3)
    s.prompt("Count them.")
    s.answer(tools=[("Task", {"prompt": task, "subagent_type": "general-purpose"})])
    agent = Transcript(AGENT.session_id, seed=5)
    agent.prompt(task)
    agent.answer("Nine, as a general-purpose agent counts.")
    log.append(KEY, s.entries)
    log.append(AGENT, agent.entries)
    call = next(x["uuid"] for x in s.entries if SECRET in str(x))
    assert [copy.key for copy in log.redact(KEY, call, dry_run=True).copies] == [AGENT]
    log.redact(KEY, call, copies=True)
    assert SECRET not in said(log, KEY, AGENT)
    assert (log.load(AGENT) or [])[1:] == agent.entries[1:]


def test_an_entry_that_lies_in_a_subagents_stream_too(log: Log) -> None:
    s = with_secret()
    log.append(KEY, s.entries)
    log.append(AGENT, s.entries[1:])
    redacted = log.redact(KEY, s.entries[1]["uuid"], copies=True)
    assert [place.key for place in redacted.elsewhere] == [AGENT]
    assert SECRET not in said(log, KEY, AGENT)


# -- kept files ------------------------------------------------------------------------------


def test_a_text_in_kept_files(log: Log) -> None:
    """A password must never stay in a file that was kept for the session it is taken out of."""
    log.append(KEY, with_secret().entries)
    old = keep(log, KEY, f"uploads/{SECRET}.txt", "upload", f"user: ada\npw: {SECRET}\n".encode())
    other = keep(log, KEY, "plans/b.md", "plan", b"no secret")
    redacted = log.redact(KEY, texts=[SECRET])
    assert redacted.files == 1
    assert SECRET not in said(log, KEY)
    files = {file.name: kept_content(log.store, file.digest) for file in kept_files(log.store, KEY)}
    assert files == {
        "uploads/[redacted].txt": b"user: ada\npw: [redacted]\n",
        "plans/b.md": b"no secret",
    }
    with pytest.raises(turnlog.TurnlogError, match="no kept file"):
        kept_content(log.store, old)
    assert kept_content(log.store, other) == b"no secret"
    assert log.verify().problems == ()


def test_files_that_an_entry_repeats_go_with_it(log: Log) -> None:
    """A whole entry takes along what it put aside, what it repeats, and the image it shows."""
    s = Transcript(KEY.session_id, seed=3)
    image = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(IMAGE).decode()}
    pasted = "The first line that was pasted.\nThe second."
    s.user([{"type": "image", "source": image}, {"type": "text", "text": f"See:\n{pasted}\n"}])
    call = s.answer(tools=[("Bash", {"command": "make test"})])
    s.tool_result(call.tools[0], "Too large. Saved to /home/ada/.claude/…/tool-results/b81c.txt")
    log.append(KEY, s.entries)
    keep(log, KEY, "image-cache/1.png", "pasted-image", IMAGE)
    keep(log, KEY, "paste-cache/77aa.txt", "pasted-text", pasted.encode())
    keep(log, KEY, "projects/p/s/tool-results/b81c.txt", "tool-result", b"line\n" * 99)
    keep(log, KEY, "file-history/s/1@v1", "file-backup", b"test:\n\tmake test\n")
    assert log.redact(KEY, s.entries[0]["uuid"]).files == 2
    assert log.redact(KEY, s.entries[-1]["uuid"]).files == 1
    assert log.redact(KEY, s.entries[1]["uuid"]).files == 0  # others say that too, by chance
    kept = [kept_content(log.store, file.digest) for file in kept_files(log.store, KEY)]
    assert kept == [b"[redacted]"] * 3 + [b"test:\n\tmake test\n"]
    assert log.verify().problems == ()


def test_a_file_that_another_session_points_to(log: Log) -> None:
    """A content is kept once: it must never go from a session that nobody spoke of, unasked."""
    log.append(KEY, with_secret().entries)
    talk(log, OTHER)
    content = f"pw: {SECRET}".encode()
    digest = keep(log, KEY, "plans/a.md", "plan", content)
    keep(log, OTHER, "plans/a.md", "plan", content)
    redacted = log.redact(KEY, texts=[SECRET])
    assert [copy.key for copy in redacted.copies] == [OTHER]
    assert kept_content(log.store, digest) == content
    keep(log, KEY, "plans/a.md", "plan", content)
    redacted = log.redact(KEY, texts=[SECRET], copies=True)
    assert ([place.key for place in redacted.elsewhere], redacted.files) == ([OTHER], 2)
    assert SECRET not in said(log, KEY, OTHER)
    assert log.verify().problems == ()


def test_a_file_does_not_come_back_by_an_import(log: Log, tmp_path: Any) -> None:
    """The file as it was, found again on the disk, must never be kept once more."""
    s = with_secret()
    key = SessionKey("-home-ada-shop", KEY.session_id)
    transcript = s.write(tmp_path)
    kept = transcript.with_suffix("") / "tool-results" / "b81c.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text(f"pw: {SECRET}")
    log.import_claude(tmp_path, workers=1)
    assert log.redact(key, texts=[SECRET]).files == 1
    kept.touch()
    transcript.touch()
    log.import_claude(tmp_path, workers=1)
    assert SECRET not in said(log, key)
    assert len(kept_files(log.store, key)) == 1


# -- all the same ----------------------------------------------------------------------------


def test_a_rebuild_after_it_equals_the_live_tables(log: Log) -> None:
    copied(log, "sdk")
    log.fork(OTHER, into=FORK)
    log.tag(OTHER, [SECRET])
    keep(log, OTHER, f"plans/{SECRET}.md", "plan", SECRET.encode())
    log.catch_up()
    log.redact(KEY, texts=[SECRET], copies=True)
    assert SECRET not in said(log, KEY, OTHER, FORK)
    live = {name: rows(log, name) for name in ("sessions", "audit", "search")}
    log.rebuild()
    assert {name: rows(log, name) for name in live} == live
    assert log.verify().problems == ()


def test_the_same_elsewhere(elsewhere: Log) -> None:
    test_a_rebuild_after_it_equals_the_live_tables(elsewhere)


def test_a_dry_run_changes_nothing(log: Log) -> None:
    s = copied(log, "cli")
    entries = log.load(OTHER)
    redacted = log.redact(KEY, texts=[SECRET], copies=True, dry_run=True)
    assert ([place.key for place in redacted.elsewhere], redacted.done) == ([OTHER], False)
    assert log.load(KEY) == s.entries
    assert log.load(OTHER) == entries
