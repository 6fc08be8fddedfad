"""Pages of sessions in Chromium: nothing acts, nothing is loaded, everything is there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

import turnlog
from tests.support.chromium import Browser
from tests.support.hostile import PAYLOADS, PIXEL, hostile_transcript
from tests.support.transcripts import Transcript
from turnlog import SessionKey
from turnlog.adapters.claude.directory import NotAClaudeDirectory

CORPUS = os.environ.get("TURNLOG_TEST_CORPUS")


def pages_of(log: turnlog.Log, folder: Path) -> list[Path]:
    log.export_sessions(folder, format="html")
    return sorted(folder.rglob("*.html"))


def opens_quietly(browser: Browser, page: Path) -> None:
    """The page runs nothing, complains of nothing and asks for nothing but itself."""
    browser.open(page)
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert browser.run("return document.scripts.length") == 0


def test_whatever_a_transcript_holds_the_page_runs_and_loads_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    """A script, a frame or a picture of a transcript must never act where it is read."""
    transcript = hostile_transcript()
    key = SessionKey("-home-ada-shop", transcript.session_id)
    with turnlog.open("memory:") as log:
        log.append(key, transcript.entries)
        log.tag(key, ["<script>document.title = 'taken over'</script>"])
        pages = pages_of(log, tmp_path)
    assert len(pages) == 2
    for page in pages:
        opens_quietly(browser, page)
        assert browser.run("return document.title") != "taken over"
    browser.open(next(page for page in pages if page.name != "index.html"))
    assert browser.run("return document.querySelectorAll('.asked').length") == len(PAYLOADS) + 1
    found = (
        "return Promise.all([...document.images].map(image => "
        "{ image.loading = 'eager'; "
        "return image.decode().then(() => [image.src, image.naturalWidth]) }))"
    )
    assert browser.run(found) == [[f"data:image/png;base64,{PIXEL}", 1]]
    links = "return [...document.links].map(link => link.protocol)"
    assert set(browser.run(links)) <= {"file:", "http:"}


def test_a_page_is_styled_in_light_and_in_dark(browser: Browser, tmp_path: Path) -> None:
    """The policy must never refuse the page's own style."""
    transcript = Transcript(seed=3)
    transcript.prompt("Why is the checkout slow?")
    transcript.answer("Because of **this**:\n\n```python\ndef total(cart): ...\n```")
    with turnlog.open("memory:") as log:
        log.append(SessionKey("-home-ada-shop", transcript.session_id), transcript.entries)
        pages = pages_of(log, tmp_path)
    page = next(page for page in pages if page.name != "index.html")
    opens_quietly(browser, page)
    colour = "return getComputedStyle(document.querySelector('.asked')).borderLeftColor"
    assert browser.run(colour) != browser.run("return getComputedStyle(document.body).color"), (
        "the stylesheet was not applied"
    )
    word = "return getComputedStyle(document.querySelector('.code .k')).color"
    assert browser.run(word) != browser.run("return getComputedStyle(document.body).color")


@pytest.mark.soak
@pytest.mark.skipif(not CORPUS, reason="TURNLOG_TEST_CORPUS names no folder")
def test_the_pages_of_the_whole_corpus_open_quietly(browser: Browser, tmp_path: Path) -> None:
    """A real transcript must never make a page that acts, complains or loads anything."""
    with turnlog.open(f"sqlite:///{tmp_path / 'log.db'}") as log:
        for folder in sorted(Path(CORPUS or "").iterdir()):
            with contextlib.suppress(NotAClaudeDirectory):
                log.import_claude(folder)
        pages = pages_of(log, tmp_path / "pages")
        assert len(pages) == len(log.sessions(limit=10_000)) + 1
    for page in pages:
        opens_quietly(browser, page)
