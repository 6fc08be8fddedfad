"""Sessions as Markdown: readable, and safe wherever it is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import turnlog
from tests.exchange.conftest import KEY
from tests.support.hostile import PAYLOADS, hostile_transcript
from turnlog import Log
from turnlog.exchange.markdown import fenced, safe, words

RENDERER = MarkdownIt("commonmark", {"html": True})
ACTING = {"html_block", "html_inline", "image"}


def acts(text: str) -> list[str]:
    """Whatever a renderer that takes HTML would take for it, and pictures."""
    tokens = RENDERER.parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    return [token.content for token in (*tokens, *inline) if token.type in ACTING]


def test_a_conversation_is_told_in_order(read_only: Log, tmp_path: Path) -> None:
    done = read_only.export_sessions(tmp_path / "one.md", KEY)
    text = (tmp_path / "one.md").read_text("utf-8")
    assert done.format == "markdown"
    assert text.startswith("# The \\<checkout\\>\n")
    told = ["Look around?", "Question 0", "Left behind", "Question 1", "Another question?"]
    assert [told for told in told if told in text] == told
    assert text.index("Question 0") < text.index("Question 1") < text.index("Another answer.")
    agent = text[text.index("Task</b> Explore: Look around") :]
    assert (
        agent.index("Subagent agent-a1, 1 turn") < agent.index("Found.") < agent.index("Question")
    )
    assert "try again" in text
    assert "subagents/" not in text.splitlines()[0]


def test_only_our_own_elements_are_html(tmp_path: Path) -> None:
    """A script, a frame or a picture of a transcript must never act where Markdown is shown."""
    transcript = hostile_transcript()
    with turnlog.open("memory:") as log:
        log.append(KEY._replace(session_id=transcript.session_id), transcript.entries)
        log.export_sessions(tmp_path, format="markdown")
    files = list(tmp_path.rglob("*.md"))
    assert len(files) == 2
    for path in files:
        for found in acts(path.read_text("utf-8")):
            rest = found
            for ours in ("details", "summary", "b"):
                rest = rest.replace(f"<{ours}>", "").replace(f"</{ours}>", "")
            assert "<" not in rest, found


markdown = st.lists(
    st.sampled_from(
        [*PAYLOADS, "`", "``", "```", "~~~", "\n", "\n\n", "- ", "> ", "    ", "\\", "<b>"]
    ),
    max_size=9,
).map("".join)


@settings(max_examples=30, deadline=None)
@given(markdown)
@example("x `\na ` b <script> ` c")
@example("```\n<b>")
@example("- a ` b\n- <b> ` c")
def test_no_markdown_of_others_acts(text: str) -> None:
    """Where code begins and ends must never be read otherwise than a renderer does."""
    assert acts(safe(text)) == []
    assert acts(f"{safe(text)}\n\n<hr>\n") == ["<hr>\n"], "it takes in nothing that follows"


@given(st.text("`~\n <b>x"))
def test_nothing_ends_a_fence_early(text: str) -> None:
    assert acts(fenced(text)) == []
    assert [token.type for token in RENDERER.parse(fenced(text))] == ["fence"]


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_line_of_words_is_no_markdown(text: str) -> None:
    tokens = RENDERER.parse(f"# {words(text)}")
    [inline] = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for child in inline.children or ()}
    assert kinds <= {"text", "text_special", "softbreak", "link_open", "link_close"}
    assert "link_open" not in kinds or "autolink" not in str(inline.children)


def test_code_stays_as_it_is() -> None:
    """Escapes must never be seen in code."""
    text = "Use `a < b` and ``x ` y``:\n\n```html\n<b>&amp;</b>\n```\n\n    <i>indented</i>\n"
    assert safe(text) == text
    assert safe("a <b> c") == "a &lt;b> c"
    assert safe("![p](http://x/y)") == "!\\[p](http://x/y)"
