"""Pages: what is in them, and that nothing in them acts. ``tests/browser`` opens them."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turnlog
from tests.exchange.conftest import AGENT, KEY
from tests.support.hostile import PAYLOADS, PIXEL, hostile_transcript
from tests.support.transcripts import Transcript
from turnlog import Filter, Log, Refused
from turnlog.exchange.files import folder_in, is_plain, new_file, plain_name
from turnlog.exchange.html.code import code
from turnlog.exchange.html.markup import element, text
from turnlog.exchange.html.page import policy, style
from turnlog.exchange.html.prose import prose

OURS = {
    *("html", "head", "meta", "title", "style", "body", "div", "nav", "ol", "ul", "li", "a"),
    *("main", "header", "footer", "section", "h1", "h2", "p", "dl", "dt", "dd", "span", "b"),
    *("details", "summary", "pre", "code", "img"),
    *("h3", "h4", "h5", "h6", "em", "strong", "s", "blockquote", "hr", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
VOID = {"meta", "img", "hr", "br"}
ATTRIBUTES = {
    *("class", "id", "href", "rel", "target", "src", "alt", "loading", "start", "lang"),
    *("charset", "name", "content", "http-equiv"),
}


class Elements(HTMLParser):
    """Every element of a page, its attributes, and whether each is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(page: str) -> Elements:
    """Only elements and attributes that show something, and addresses that load nothing."""
    elements = Elements(page)
    for tag, attributes in elements.found:
        assert tag in OURS, tag
        assert attributes.keys() <= ATTRIBUTES, (tag, attributes)
        if "src" in attributes:
            assert tag == "img"
            assert re.match(r"data:image/(png|jpeg|gif|webp);base64,", attributes["src"] or "")
        if "href" in attributes:
            assert tag == "a"
            assert re.match(r"https?:|mailto:|#prompt-\d+$|[\w.-]", attributes["href"] or "")
            assert not re.match(
                r"(?i)\s*(javascript|data|vbscript|file):", attributes["href"] or ""
            )
    return elements


def pages(log: Log, folder: Path) -> Iterator[tuple[str, str]]:
    log.export_sessions(folder, format="html")
    for path in sorted(folder.rglob("*.html")):
        yield path.name, path.read_text("utf-8")


def test_nothing_of_a_transcript_becomes_an_element(tmp_path: Path) -> None:
    """What a person, a model or a tool wrote must never be more than text on the page."""
    transcript = hostile_transcript()
    with turnlog.open("memory:") as log:
        log.append(KEY._replace(session_id=transcript.session_id), transcript.entries)
        for name, page in pages(log, tmp_path):
            elements = harmless(page)
            shown = [a["src"] for tag, a in elements.found if tag == "img"]
            assert shown == ([] if name == "index.html" else [f"data:image/png;base64,{PIXEL}"])
            assert "\x1b" not in page
            assert "\x00" not in page


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([*PAYLOADS, "`", "\n", "|", "- ", "> ", "[", "](", "\\"])).map("".join)
)
def test_prose_never_becomes_anything_else(source: str) -> None:
    harmless(prose(source))
    harmless(code(source, "python"))
    harmless(element("p", source, class_=source))


def test_the_policy_allows_the_page_its_style_and_nothing_else() -> None:
    """A page must never be able to run a script or to load anything, whatever is in it."""
    digest = base64.b64encode(sha256(style().encode()).digest()).decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy().split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert "url(" not in style()
    assert "@import" not in style()


def test_a_page_tells_the_conversation_in_order(read_only: Log, tmp_path: Path) -> None:
    """A branch left behind must never look like what counts, nor be missing."""
    done = read_only.export_sessions(tmp_path / "one.html", KEY)
    page = (tmp_path / "one.html").read_text("utf-8")
    assert (done.sessions, done.subagents, done.files) == (1, 1, 1)
    elements = harmless(page)
    places = [page.index(f'id="prompt-{n}"') for n in (1, 2, 3)]
    assert places == sorted(places)
    assert 'id="prompt-4"' not in page
    left = page.index('<details class="left">')
    assert places[1] < left < page.index("Question 1") < page.index("Question 2") < places[2]
    assert "try again" in page[left : left + 400]
    call = page.index("Explore: Look around")
    agent = page.index('<details class="agent">')
    assert places[0] < call < agent < page.index("Found.", agent) < places[1]
    assert "<title>The &lt;checkout&gt;</title>" in page
    assert "the last one" not in elements.text
    assert re.findall(r"<li><a href=\"#prompt-(\d)", page) == ["1", "2", "3"]


def test_calls_are_folded_with_their_answers_and_code_is_coloured(tmp_path: Path) -> None:
    transcript = Transcript(seed=2)
    transcript.prompt("Look.")
    calls = [("Read", {"file_path": "a.py"}), ("Bash", {"command": "ls"})]
    both = transcript.answer("Two at once.", tools=calls)
    transcript.tool_result(both.tools[1], "listed")
    transcript.tool_result(both.tools[0], "import os\n")
    transcript.run("Edit", {"file_path": "a.py", "old_string": "a\nb", "new_string": "a\nc"}, "ok")
    transcript.answer("| a | b |\n|---|--:|\n| 1 | 2 |\n\n~~no~~ **yes**")
    with turnlog.open("memory:") as log:
        log.append(KEY, transcript.entries)
        log.export_sessions(tmp_path / "one.html", KEY)
    page = (tmp_path / "one.html").read_text("utf-8")
    elements = harmless(page)
    kinds = [a.get("class") for tag, a in elements.found if tag == "details"]
    assert kinds == ["call", "call", "call"]
    order = ["Two at once.", "a.py", '<span class="kn">import</span>', "listed"]
    assert [page.index(told) for told in order] == sorted(page.index(told) for told in order)
    assert '<span class="old">-b</span><span class="new">+c</span>' in page
    assert '<td class="right">2</td>' in page
    assert "<s>no</s>" in page


def test_many_sessions_have_an_index(read_only: Log, tmp_path: Path) -> None:
    done = read_only.export_sessions(tmp_path, Filter(project="shop"), "html")
    assert (done.sessions, done.files) == (2, 3)
    index = (tmp_path / "index.html").read_text("utf-8")
    links = [a["href"] for tag, a in harmless(index).found if tag == "a"]
    assert len(links) == 2
    for link in links:
        page = (tmp_path / str(link)).read_text("utf-8")
        assert 'href="../index.html"' in page


def test_a_long_output_is_cut_and_says_so(tmp_path: Path) -> None:
    """What is left out must never be left out without a word."""
    transcript = Transcript(seed=2)
    transcript.prompt("Look.\n" * 60)
    transcript.run("Bash", {"command": "cat"}, "x" * 500_000)
    with turnlog.open("memory:") as log:
        log.append(KEY, transcript.entries)
        log.export_sessions(tmp_path / "one.html", KEY)
    page = (tmp_path / "one.html").read_text("utf-8")
    assert "… 380,000 more characters" in page
    assert len(page) < 200_000
    assert "36 more lines" in page


@pytest.mark.parametrize("format", ["html", "markdown"])
def test_sessions_that_are_gone_are_told_as_such(full: Log, tmp_path: Path, format: str) -> None:
    """One erased session must never keep the others from being written."""
    full.erase(KEY, forks="erase")
    everything = Filter(presence=("present", "archived", "deleted", "erased"))
    done = full.export_sessions(tmp_path, everything, format)
    assert (done.sessions, done.files) == (3, 4)
    told = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.*") if path.is_file())
    assert "What was said in this session was erased." in told
    assert "Answer 2." in told


def test_prompts_without_a_transcript_are_told(tmp_path: Path) -> None:
    history = tmp_path / "claude"
    history.mkdir()
    line = '{"display":"Why <b>?","pastedContents":{},"timestamp":1,"project":"/p","sessionId":"s"}'
    (history / "history.jsonl").write_text(line + "\n")
    with turnlog.open("memory:") as log:
        log.import_claude(history, workers=1)
        told = "".join(page for _, page in pages(log, tmp_path / "pages"))
    assert "Why &lt;b&gt;?" in told


@pytest.mark.parametrize("out", ["a.html", "a.md", "a.jsonl"])
def test_no_file_is_overwritten_without_being_told(
    read_only: Log, tmp_path: Path, out: str
) -> None:
    """A file that somebody needs must never be gone because of an export."""
    path = tmp_path / out
    path.write_text("kept")
    with pytest.raises(Refused, match="--overwrite"):
        read_only.export_sessions(path, KEY)
    assert path.read_text() == "kept"
    read_only.export_sessions(path, KEY, overwrite=True)
    assert path.stat().st_size > 1_000
    assert path.stat().st_mode & 0o077 == 0, "only its owner reads it"
    assert [p.name for p in tmp_path.iterdir()] == [out]


@pytest.mark.parametrize(
    ("out", "format", "told"),
    [
        ("folder", None, "no format was named"),
        ("folder", "pdf", "'pdf' is no format"),
        ("all.html", None, "name a folder"),
        ("missing/one.jsonl", None, "no such folder"),
    ],
)
def test_what_cannot_be_written_is_said(
    read_only: Log, tmp_path: Path, out: str, format: str | None, told: str
) -> None:
    with pytest.raises((Refused, FileNotFoundError), match=told):
        read_only.export_sessions(tmp_path / out, Filter(), format)
    assert list(tmp_path.iterdir()) == []


def test_a_subagents_session_is_named(read_only: Log, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="name its session"):
        read_only.export_sessions(tmp_path / "a.html", AGENT)


# -- names of files -------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_any_text_gives_a_plain_name(name: str) -> None:
    """The name of a session must never lead out of the folder, nor be another session's."""
    made = plain_name(name)
    assert is_plain(made)
    assert "/" not in made
    assert made not in (".", "..")
    assert made == name or made != plain_name(name + "x")


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "a\\b", "c:", "a\0", "x" * 300, "\ud800"])
def test_no_folder_leads_elsewhere(tmp_path: Path, part: str) -> None:
    with pytest.raises(Refused, match="lead elsewhere"):
        folder_in(tmp_path, part)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(Refused), new_file(link):
        pass
    with new_file(link, overwrite=True) as file:
        file.write(b"new")
    assert target.read_text() == "kept"
    assert not link.is_symlink()


def test_a_file_that_fails_is_not_there(tmp_path: Path) -> None:
    def half() -> None:
        with new_file(tmp_path / "a") as file:
            file.write(b"half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        half()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_of_the_same_number_left_is_no_hindrance(tmp_path: Path) -> None:
    """In a container every run has the same number: one kill must never end all exports there."""
    (tmp_path / f".a.{os.getpid()}").write_bytes(b"half of it")
    with new_file(tmp_path / "a") as file:
        file.write(b"whole")
        with pytest.raises(FileExistsError), new_file(tmp_path / "a"):
            pass
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]


@pytest.mark.parametrize("name", ["all.jsonl", "one.html", "one.md"])
def test_what_a_killed_export_left_goes_with_the_next(
    read_only: Log, tmp_path: Path, name: str
) -> None:
    """What was said must never lie in a hidden file for ever because an export was killed."""
    gone = 2**22 + 1  # no process has a number so high
    (tmp_path / f".{name}.{gone}").write_bytes(b"half of it")
    (tmp_path / f".other.jsonl.{gone}").write_bytes(b"of another export")
    read_only.export_sessions(tmp_path / name, KEY)
    assert {path.name for path in tmp_path.iterdir()} == {name, f".other.jsonl.{gone}"}


def test_unseen_characters_are_shown() -> None:
    assert text("a\x1b[31mb\x1b[0m\x00\u202e<") == "ab␀\\u202e&lt;"
