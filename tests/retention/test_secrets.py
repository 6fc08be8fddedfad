"""Secrets taken out of entries as they arrive: found, said, and known again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey, events
from turnlog.adapters.redaction import BUILT_IN, InvalidPattern, Redaction
from turnlog.settings import Settings

from .conftest import KEY

KEY_OF_API = "sk-ant-api03-" + "aB3-" * 20
TOKENS = {
    "api-key": KEY_OF_API,
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2" * 9,
    "gitlab": "glpat-" + "x" * 20,
    "slack": "xoxb-123456789012-abcdefghij",
    "google": "AIza" + "Sy" * 17 + "x",
    "npm": "npm_" + "a1" * 18,
    "pypi": "pypi-" + "AgEI" * 20,
    "hugging-face": "hf_" + "aB" * 17,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWhlcmU",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    "password-in-url": "ada:s3cr3t-pass",
}
HARMLESS = (
    "sk-fading-circle sk-learn-some-quite-long-module-name",
    "https://example.com:8080/path@2 and http://localhost:3000/",
    "the AKIA prefix, ghp_short, xoxb-1, eyJ.eyJ.x",
    "-----BEGIN CERTIFICATE-----",
    "a hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)


@pytest.fixture
def strict() -> Any:
    with turnlog.open("sqlite://", redact="secrets") as log:
        yield log


def with_secret(secret: str = KEY_OF_API) -> Transcript:
    s = Transcript(KEY.session_id, cwd="/home/ada/shop")
    s.prompt(f"Use {secret} for it.")
    call = s.answer(f"I use {secret}.", thinking="Hm.", tools=[("Bash", {"command": secret})])
    s.tool_result(call.tools[0], f"ok {secret}")
    s.title(f"About {secret}")
    s.prompt("Thanks.")
    return s


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_well_known_token_is_found(name: str) -> None:
    """A token must never be kept because of what stands around it."""
    found = Redaction.of(["secrets"])
    token = TOKENS[name]
    around = ("{}", "key={}", "'{}'", "({}),", "line\n{}\nline", "«{}»")
    if name == "password-in-url":
        around = ("postgres://{}@db/shop", "see https://{}@example.com.")
    for shape in around:
        assert token not in found(shape.format(token)), shape
        assert token not in Redaction.of([name])(shape.format(token)), shape


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redaction.of(["secrets"])(text) == text


@pytest.mark.parametrize(
    "text",
    ["sk-" * 20_000, "eyJ-" * 20_000, "-----BEGIN " * 10_000, "://" * 30_000, "a:" * 40_000 + "@"],
    ids=lambda text: text[:5],
)
def test_no_text_takes_long(text: str) -> None:
    """Nobody must be able to hold a log up by what an agent reads: this test would not end."""
    assert Redaction.of(["secrets"])(text) == text


def test_it_is_recorded_redacted_and_says_so(strict: Log) -> None:
    s = with_secret()
    strict.append(KEY, s.entries)
    everything = str([r.event for r in strict.events(KEY)])
    assert KEY_OF_API not in everything
    loaded = strict.load(KEY) or []
    assert [x.get("uuid") for x in loaded] == [x.get("uuid") for x in s.entries]
    assert loaded[0]["message"]["content"] == "Use [redacted] for it."
    told = [r.event for r in strict.events(KEY) if isinstance(r.event, events.EntryRedacted)]
    assert {event.automatic for event in told} == {True}
    assert len(told) == sum(KEY_OF_API in json.dumps(entry) for entry in s.entries)
    assert strict.session(KEY.session_id).title == "About [redacted]"
    assert strict.search("thanks").hits != ()
    assert strict.verify().problems == ()


def test_the_mirror_and_the_file_are_the_same(strict: Log, tmp_path: Path) -> None:
    """A file whose entries were mirrored must never be recorded a second time, nor as conflicts."""
    s = with_secret()
    strict.append(KEY, s.entries[:4])
    strict.append(KEY, s.entries)
    version = strict.state(KEY).version
    s.write(tmp_path)
    for _ in range(2):
        summary = strict.import_claude(tmp_path, workers=1)
        assert (summary.recorded, summary.conflicts) == (0, 0)
    assert strict.state(KEY).version == version


def test_switched_on_or_off_later(sqlite_url: str, tmp_path: Path) -> None:
    """The setting may change: what is recorded stays, and no entry becomes a conflict by it."""
    s = with_secret()
    off = [entry for entry in s.entries if entry.get("uuid")]
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, off[:2])
    with turnlog.open(sqlite_url, redact=["secrets"]) as log:
        assert log.append(KEY, off).conflicts == 0
    with turnlog.open(sqlite_url) as log:
        assert log.append(KEY, off).conflicts == 0
        changed = off[0] | {"version": "9.9.9"}
        assert log.append(KEY, [changed]).conflicts == 1


def test_several_processes_read_the_files(tmp_path: Path) -> None:
    for number in range(3):
        s = Transcript(f"5e550000-0000-4000-8000-00000000000{number}", cwd="/home/ada/shop")
        s.prompt(f"Use {KEY_OF_API}.")
        s.write(tmp_path)
    with turnlog.open("memory:", redact="secrets") as log:
        assert log.import_claude(tmp_path, workers=3).recorded == 3
        assert all("[redacted]" in (session.title or "") for session in log.sessions())


def test_what_only_the_history_tells(strict: Log, tmp_path: Path) -> None:
    line = {
        "display": f"use {KEY_OF_API}",
        "pastedContents": {"1": {"id": 1, "type": "text", "content": KEY_OF_API}},
        "timestamp": 1_760_000_000_000,
        "project": "/home/ada/shop",
        "sessionId": KEY.session_id,
    }
    (tmp_path / "projects").mkdir()
    (tmp_path / "history.jsonl").write_text(json.dumps(line) + "\n")
    strict.import_claude(tmp_path, workers=1)
    [session] = strict.sessions()
    key = SessionKey(session.project_key, session.session_id)
    assert session.title == "use [redacted]"
    assert KEY_OF_API not in str([r.event for r in strict.events(key)])


def test_bytes_that_are_no_entry(strict: Log) -> None:
    strict.append(KEY, [[KEY_OF_API]])
    [corrupt] = [r.event for r in strict.events(KEY) if isinstance(r.event, events.EntryCorrupted)]
    assert corrupt.body == b'["[redacted]"]'


def test_an_entry_too_deep_to_be_looked_through(strict: Log) -> None:
    """What cannot be searched must never be kept as if it had been."""
    deep: Any = KEY_OF_API
    for _ in range(450):
        deep = [deep]
    s = Transcript(KEY.session_id)
    s.prompt("Hm.")
    entry = s.entries[0] | {"toolUseResult": deep}
    assert strict.append(KEY, [entry]).recorded == 1
    assert KEY_OF_API not in str([r.event for r in strict.events(KEY)])


def test_messages_of_any_agent(strict: Log) -> None:
    conversation = strict.conversation(KEY)
    saved = conversation.record("user", f"Use {KEY_OF_API}", id="m-1")
    assert conversation.record("user", f"Use {KEY_OF_API}", id="m-1").new is False
    assert saved.new
    assert KEY_OF_API not in str(strict.load(KEY))


# -- patterns of one's own -----------------------------------------------------------------------


def test_ones_own_patterns() -> None:
    found = Redaction.of([r"\bACME-\d{4}\b", "aws"])
    assert found(f"ACME-1234 and {TOKENS['aws']} but not ACME-12") == (
        "[redacted] and [redacted] but not ACME-12"
    )
    assert found("half \ud800 ACME-1234 \udc00") == "half \ud800 [redacted] \udc00"


def test_a_catastrophic_pattern_takes_no_time() -> None:
    """A pattern that would keep Python's own engine busy for ever must never hold a log up: this
    test would not end."""
    found = Redaction.of([r"(a+)+$", r"(x*)*y"])
    assert found("a" * 5_000 + "b") == "a" * 5_000 + "b"


@pytest.mark.parametrize(
    "pattern", ["(", r"(a)\1", "(?=a)b", "x*", "", "a" * 2_000], ids=lambda p: p[:8]
)
def test_a_pattern_that_cannot_be_matched_is_told_at_the_start(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        Redaction.of([pattern])
    if pattern:
        with pytest.raises(InvalidPattern):
            turnlog.open("memory:", redact=[pattern])


def test_without_re2_ones_own_are_refused_and_the_built_in_ones_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "re2", None)
    assert Redaction.of(["secrets"])(TOKENS["aws"]) == "[redacted]"
    with pytest.raises(turnlog.MissingExtra, match=r"turnlog\[redaction\]"):
        Redaction.of([r"never-seen-\d+"])


@pytest.mark.parametrize("given", ["secrets\nACME-[0-9]+", ["secrets", "ACME-[0-9]+"]])
def test_the_setting_is_a_pattern_a_line_or_a_list(given: Any) -> None:
    assert Settings.load(redact=given).redact == "secrets\nACME-[0-9]+"


def test_it_is_off_by_default(log: Log) -> None:
    s = with_secret()
    log.append(KEY, s.entries)
    assert log.load(KEY) == s.entries
