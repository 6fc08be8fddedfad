"""Sessions as Markdown for reading, wherever Markdown is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt

from ..adapters.claude.safe_text import clean, one_line
from ..adapters.claude.tool_calls import called
from ..reading.figures import moment, money, number, tokens
from .facts import facts
from .html.page import Entry
from .pieces import (
    Agent,
    Answer,
    Asked,
    Call,
    LateAnswer,
    LeftBehind,
    Note,
    Picture,
    Piece,
    Said,
    Summarized,
    Thought,
)
from .story import Story

LONGEST = 120_000
"""Characters of one text; how many more there are is told."""
_SHORT = 120
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|])")
_ACTING = re.compile(r"<|!(?=\[)")
_RUN = re.compile("`+")
_BLOCKS = MarkdownIt("commonmark", {"html": False})
_WITH_HTML = MarkdownIt("commonmark", {"html": True})
_ACTIVE = frozenset(("html_block", "html_inline", "image"))

Write = Callable[[str], object]


def write_story(write: Write, story: Story, index: str | None = None) -> None:
    """Write a session.

    Args:
        index: the address of the file that lists this one among others.
    """
    session = story.session
    if index:
        write(f"[← all sessions]({index})\n\n")
    write(f"# {words(session.title or '(no title)')}\n\n")
    write("".join(f"- {name}: {words(value)}\n" for name, value in facts(session)))
    figures = [number(session.prompts, "prompt"), number(session.turns, "turn")]
    if used := session.billed.usage.total_tokens:
        figures.append(f"{tokens(used)} tokens")
    if session.billed.responses:
        figures.append(words(money(session.billed)))
    write(f"- {', '.join(figures)}\n")
    _Conversation(write, story).main()


def write_index(write: Write, entries: Sequence[Entry]) -> None:
    """Write the file that leads to those of the sessions."""
    write(f"# Sessions\n\n{number(len(entries), 'session')}\n")
    project: str | None = None
    for entry in sorted(entries, key=lambda e: (e.session.project_key, -e.session.active_at)):
        session = entry.session
        if session.project_key != project:
            project = session.project_key
            write(f"\n## {words(session.working_dir or project)}\n\n")
        told = f"{moment(session.active_at)}, {number(session.prompts, 'prompt')}"
        title = words(session.title or "(no title)", 200)
        write(f"- [{title}]({entry.path}) — {told}\n")


class _Conversation:
    """Writes the pieces of a story."""

    def __init__(self, write: Write, story: Story) -> None:
        self._write = write
        self._story = story

    def main(self) -> None:
        self._pieces(self._story.pieces())
        for agent in self._story.other_agents():
            self._agent(agent)

    def _pieces(self, pieces: Iterable[Piece | LeftBehind]) -> None:
        for piece in pieces:
            if isinstance(piece, LeftBehind):
                self._left(piece)
            elif isinstance(piece, Call):
                self._call(piece)
            else:
                self._write(_told(piece))

    def _left(self, left: LeftBehind) -> None:
        when = f" on {moment(left.at)}" if left.at is not None else ""
        why = f": {_in_html(left.reason)}" if left.reason else ""
        what = f"{number(left.prompts, 'prompt')}, {number(left.entries, 'entry', 'entries')}"
        self._write(f"\n<details><summary>Left behind{when}: {what}{why}</summary>\n")
        self._pieces(left.pieces)
        self._write("\n</details>\n")

    def _call(self, call: Call) -> None:
        told = _in_html(called(call.name, call.given, self._story.directory), _SHORT)
        sign = "✗" if call.answer is not None and call.answer.failed else "●"
        line = f"{sign} <b>{_in_html(call.name)}</b> {told}".rstrip()
        self._write(f"\n<details><summary>{line}</summary>\n\n{_given(call.given)}")
        if (agent := self._story.agent(call.id)) is not None:
            self._agent(agent)
        if call.answer is not None:
            self._write(_answer(call.answer))
        self._write("\n</details>\n")

    def _agent(self, agent: Agent) -> None:
        told = f"Subagent {_in_html(agent.name)}, {number(agent.turns, 'turn')}"
        self._write(f"\n<details><summary>{told}</summary>\n")
        self._pieces(agent.pieces)
        self._write("\n</details>\n")


def _told(piece: Piece) -> str:
    match piece:
        case Asked():
            at = f" · {moment(piece.at)}" if piece.at is not None else ""
            name = f"Prompt {piece.number}" if piece.number else "Said meanwhile"
            lines = safe(_cut(piece.text)).strip("\n").split("\n")
            text = "\n".join(f"> {line}  " if line else ">" for line in lines)
            return f"\n## {name}{at}\n\n{text}\n{_pictures(piece.pictures)}"
        case Said(text, failed):
            return f"\n{'**Failed:** ' if failed else ''}{safe(_cut(text)).strip()}\n"
        case Thought(text):
            return f"\n<details><summary>Thought</summary>\n\n{safe(_cut(text))}\n\n</details>\n"
        case LateAnswer(name, answer):
            return f"\n{words(name) or 'A tool'} answered later:\n\n{_answer(answer)}"
        case Note(text):
            return f"\n{fenced(text)}" if text else ""
        case Summarized(text, before):
            told = f" ({tokens(before)} tokens)" if before is not None else ""
            if not text:
                return f"\n*The context was summarized here{told}.*\n"
            return f"\n<details><summary>Summary</summary>\n\n{safe(_cut(text))}\n\n</details>\n"
        case _:
            return ""


def _given(found: Any) -> str:
    if isinstance(found, Mapping) and len(found) == 1:
        (value,) = found.values()
        if isinstance(value, str):
            return fenced(value)
    if isinstance(found, Mapping) and isinstance(found.get("command"), str):
        return fenced(found["command"], "bash")
    try:
        return fenced(json.dumps(found, indent=2, ensure_ascii=False), "json")
    except (ValueError, RecursionError):
        return fenced(repr(found))


def _answer(answer: Answer) -> str:
    told = fenced(answer.text) if answer.text.strip() else ""
    return f"\n{told}{_pictures(answer.pictures)}"


def _pictures(pictures: Sequence[Picture]) -> str:
    return "".join(f"\n*(a picture, {words(p.media_type, 40)})*\n" for p in pictures)


def _cut(text: str) -> str:
    text = clean(text)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}\n\n… {len(text) - LONGEST:,} more characters"


def words(text: str, most: int = 300) -> str:
    """A text on one line, nothing of which is Markdown."""
    text = one_line(text)
    return _SPECIAL.sub(r"\\\1", text[:most] + ("…" if len(text) > most else ""))


def _in_html(text: str, most: int = 300) -> str:
    """The same within an element, where Markdown is none."""
    text = one_line(text)
    return escape(text[:most] + ("…" if len(text) > most else ""))


def fenced(text: str, language: str = "") -> str:
    """A text as a block of code that nothing in it ends."""
    text = _cut(text).strip("\n")
    longest = max((len(run) for run in _RUN.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def safe(text: str) -> str:
    """Markdown that somebody else wrote, in which no HTML is HTML and no picture is fetched.

    Code stays as it is, if it can: what is written is read again, and where it would act after all,
    code is escaped as well.
    """
    for keeps_code in (True, False):
        told = _escaped(text, keeps_code)
        if not _acts(told):
            return told
    return fenced(text)


def _acts(text: str) -> bool:
    tokens = _WITH_HTML.parse(text)
    inline = (child for token in tokens for child in token.children or ())
    return any(token.type in _ACTIVE for token in (*tokens, *inline))


def _escaped(text: str, keeps_code: bool) -> str:
    lines = text.split("\n")
    blocks = [token for token in _BLOCKS.parse(text) if token.type in ("fence", "code_block")]
    verbatim = {n for token in blocks if token.map is not None for n in range(*token.map)}
    told: list[str] = []
    for is_code, numbers in groupby(range(len(lines)), verbatim.__contains__):
        part = "\n".join(lines[n] for n in numbers)
        told.append(part if is_code else _without_html(part, keeps_code))
    if blocks and _BLOCKS.parse(f"{text}\n\n---")[-1].type != "hr":
        told.append(blocks[-1].markup)  # a fence that nothing closed would take in what follows
    return "\n".join(told)


def _without_html(text: str, keeps_code: bool) -> str:
    """Escape what acts. A run of backticks opens code up to the next run of the same length."""
    if not keeps_code:
        return _ACTING.sub(_shown, text)
    runs = list(_RUN.finditer(text))
    told, at, n = [], 0, 0
    while n < len(runs):
        size = len(runs[n][0])
        end = next((m for m in range(n + 1, len(runs)) if len(runs[m][0]) == size), None)
        if end is None:
            n += 1
            continue
        start, stop = runs[n].start(), runs[end].end()
        told += [_ACTING.sub(_shown, text[at:start]), text[start:stop]]
        at, n = stop, end + 1
    return "".join([*told, _ACTING.sub(_shown, text[at:])])


def _shown(found: re.Match[str]) -> str:
    return "&lt;" if found[0] == "<" else "!\\"
