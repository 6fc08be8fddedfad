"""A page: one file that loads nothing, runs nothing, and looks the same wherever it is opened."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from ...adapters.claude.safe_text import one_line
from ...projections.sessions import Session
from ...reading.figures import moment, money, number, tokens
from ..facts import facts
from ..story import Heading, Story
from .conversation import Conversation
from .markup import NOTHING, Markup, closing, element, joined, opening

_MOST_HEADINGS = 2_000
_HEADING = 90
_TITLE = 120


class Entry(NamedTuple):
    """A session in the index."""

    session: Session
    path: str
    """Of its page, from the index, with slashes."""


@cache
def style() -> Markup:
    """The style of every page. What stands between the tags is what the policy allows."""
    return Markup(files(__package__).joinpath("page.css").read_text("utf-8"))


@cache
def policy() -> str:
    """What a browser may do with a page: show this style, and pictures that are in the page."""
    allowed = base64.b64encode(sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{allowed}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def write_story(write: Callable[[Markup], object], story: Story, index: str | None = None) -> None:
    """Write the page of a session.

    Args:
        write: takes the page, part by part.
        index: the address of the page that lists this one among others.
    """
    session = story.session
    title = one_line(session.title or "") or "(no title)"
    write(_head(title))
    write(opening("div", class_="page"))
    write(_contents(list(_first(story)), index))
    write(opening("main"))
    write(_about(session, story))
    Conversation(write, story).main()
    write(closing("main"))
    write(closing("div"))
    write(_end())


def write_index(write: Callable[[Markup], object], entries: Sequence[Entry]) -> None:
    """Write the page that leads to those of the sessions."""
    write(_head("Sessions"))
    write(opening("main", class_="index"))
    count = number(len(entries), "session")
    write(element("header", element("h1", "Sessions"), element("p", count), class_="about"))
    project: str | None = None
    for entry in sorted(entries, key=lambda e: (e.session.project_key, -e.session.active_at)):
        if entry.session.project_key != project:
            if project is not None:
                write(closing("ul"))
            project = entry.session.project_key
            name = entry.session.working_dir or project
            write(joined(element("h2", one_line(name)), opening("ul")))
        write(_listed(entry))
    if project is not None:
        write(closing("ul"))
    write(closing("main"))
    write(_end())


def _head(title: str) -> Markup:
    return joined(
        Markup("<!doctype html>\n"),
        opening("html", lang="en"),
        opening("head"),
        opening("meta", charset="utf-8"),
        opening("meta", http_equiv="Content-Security-Policy", content=policy()),
        opening("meta", name="referrer", content="no-referrer"),
        opening("meta", name="viewport", content="width=device-width, initial-scale=1"),
        opening("meta", name="color-scheme", content="light dark"),
        opening("meta", name="generator", content="turnlog"),
        element("title", title),
        element("style", style()),
        Markup("</head>\n<body>\n"),
    )


def _end() -> Markup:
    told = element("p", "written by turnlog: this file loads nothing and runs no script")
    return joined(element("footer", told), Markup("</body>\n</html>\n"))


def _first(story: Story) -> Sequence[Heading]:
    found: list[Heading] = []
    for heading in story.headings():
        if len(found) == _MOST_HEADINGS:
            break
        found.append(Heading(heading.number, one_line(heading.text[: 4 * _HEADING])))
    return found


def _contents(headings: Sequence[Heading], index: str | None) -> Markup:
    back = element("a", "← all sessions", href=index, class_="back") if index else NOTHING
    items = []
    for heading in headings:
        told = heading.text[:_HEADING] + ("…" if len(heading.text) > _HEADING else "")
        count = element("span", str(heading.number), class_="count")
        link = element("a", count, " ", told or "…", href=f"#prompt-{heading.number}")
        items.append(element("li", link))
    return element("nav", back, element("ol", *items))


def _about(session: Session, story: Story) -> Markup:
    title = _short(session.title)
    rows = [
        joined(element("dt", name), element("dd", one_line(value)))
        for name, value in facts(session)
    ]
    used = session.billed.usage.total_tokens
    figures = [
        number(session.prompts, "prompt"),
        number(session.turns, "turn"),
        f"{tokens(used)} tokens" if used else "",
        money(session.billed) if session.billed.responses else "",
        number(session.subagents, "subagent") if session.subagents else "",
    ]
    chips = [element("span", figure) for figure in figures if figure]
    return element(
        "header",
        element("h1", title),
        element("p", *chips, class_="chips"),
        element("dl", *rows),
        class_="about",
    )


def _short(title: str | None) -> str:
    told = one_line(title or "")
    return told[:_TITLE].rstrip() + "…" if len(told) > _TITLE else told or "(no title)"


def _listed(entry: Entry) -> Markup:
    session = entry.session
    title = _short(session.title)
    figures = [moment(session.active_at), number(session.prompts, "prompt")]
    figures.append(number(session.turns, "turn"))
    if session.billed.responses:
        figures.append(money(session.billed))
    figures += [f"#{one_line(tag)}" for tag in session.tags]
    told = [element("span", figure) for figure in figures]
    return element("li", element("a", title, href=entry.path), element("p", *told, class_="chips"))
