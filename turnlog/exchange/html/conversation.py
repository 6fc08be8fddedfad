"""A conversation as HTML, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ...adapters.claude.safe_text import one_line
from ...adapters.claude.tool_calls import called
from ...reading.figures import moment, number, tokens
from ..pieces import (
    Agent,
    Asked,
    Call,
    LateAnswer,
    LeftBehind,
    Note,
    Piece,
    Said,
    Summarized,
    Thought,
)
from ..story import Story
from .markup import NOTHING, Markup, closing, element, joined, opening, text
from .pictures import picture
from .prose import prose
from .tools import answered, cut, given

_LONG = 24
"""Lines of a prompt that are shown at once."""
_SHORT = 160
_DEEPEST = 8
"""Subagents within subagents."""


class Conversation:
    """Writes the pieces of a story."""

    def __init__(self, write: Callable[[Markup], object], story: Story) -> None:
        self._write = write
        self._story = story

    def main(self) -> None:
        """The session's own conversation, and the subagents that no call in it started."""
        self._pieces(self._story.pieces(), 0, anchored=True)
        for agent in self._story.other_agents():
            self._agent(agent, 0)

    def _pieces(
        self, pieces: Iterable[Piece | LeftBehind], depth: int, anchored: bool = False
    ) -> None:
        for piece in pieces:
            if isinstance(piece, LeftBehind):
                self._left(piece, depth)
            elif isinstance(piece, Call):
                self._call(piece, depth)
            else:
                self._write(_told(piece, anchored))

    def _left(self, left: LeftBehind, depth: int) -> None:
        what = f"{number(left.prompts, 'prompt')}, {number(left.entries, 'entry', 'entries')}"
        if left.at is not None:
            what += f", by a rewind on {moment(left.at)}"
        if left.reason:
            what += f": {one_line(left.reason)}"
        with self._fold("left", element("span", element("b", "left behind"), f" {what}")):
            self._pieces(left.pieces, depth)

    def _call(self, call: Call, depth: int) -> None:
        told = _one_line(call, self._story.directory)
        failed = call.answer is not None and call.answer.failed
        sign = element("span", class_="sign bad" if failed else "sign")
        line = joined(sign, element("b", one_line(call.name)), " ", element("span", told))
        agent = self._story.agent(call.id) if depth < _DEEPEST else None
        with self._fold("call", line):
            if agent is not None:
                self._agent(agent, depth + 1)  # it begins with what the call gives it
            else:
                self._write(given(call))
            if call.answer is not None:
                inside = answered(call, call.answer)
                if inside:
                    label = "failed" if failed else "answered"
                    kind = "answer bad" if failed else "answer"
                    head = element("p", label, class_="label")
                    self._write(element("div", head, inside, class_=kind))
            else:
                self._write(element("p", "no answer was recorded", class_="label"))

    def _agent(self, agent: Agent, depth: int) -> None:
        name = element("b", one_line(agent.name))
        told = element("span", "subagent ", name, f", {number(agent.turns, 'turn')}")
        with self._fold("agent", told):
            self._pieces(agent.pieces, depth)

    @contextmanager
    def _fold(self, kind: str, line: Markup) -> Iterator[None]:
        self._write(joined(opening("details", class_=kind), element("summary", line)))
        self._write(opening("div", class_="folded"))
        yield
        self._write(joined(closing("div"), closing("details"), Markup("\n")))


def _told(piece: Piece, anchored: bool) -> Markup:
    match piece:
        case Asked():
            return _asked(piece, anchored)
        case Said(said, failed):
            body = prose(cut(said))
            return element("div", body, class_="said bad" if failed else "said")
        case Thought(thought):
            first = one_line(thought)
            line = first[:_SHORT] + ("…" if len(first) > _SHORT else "")
            summary = element("summary", element("b", "thought"), " ", element("span", line))
            inside = element("div", prose(cut(thought)), class_="folded")
            return element("details", summary, inside, class_="thought")
        case LateAnswer(name, answer):
            label = element("p", f"{one_line(name) or 'a tool'} answered later", class_="label")
            return element("div", label, answered(Call("", name, None), answer), class_="answer")
        case Note(note):
            return element("pre", cut(note), class_="note") if note else NOTHING
        case Summarized(summary_text, before):
            return _summarized(summary_text, before)
        case _:
            return NOTHING


def _asked(asked: Asked, anchored: bool) -> Markup:
    head = [element("span", moment(asked.at), class_="when") if asked.at is not None else NOTHING]
    name = None
    if asked.number:
        label = f"prompt:{asked.number}"
        name = f"prompt-{asked.number}" if anchored else None
        head.insert(0, element("a", label, href=f"#{name}") if name else element("b", label))
    lines = cut(asked.text).strip("\n").split("\n")
    body = element("div", "\n".join(lines[:_LONG]), class_="typed")
    if more := lines[_LONG:]:
        told = element("summary", f"{number(len(more), 'more line')}")
        rest = element("div", "\n".join(more), class_="typed")
        body = joined(body, element("details", told, rest, class_="more"))
    pictures = joined(*map(picture, asked.pictures))
    inside = joined(element("header", *head), body, pictures)
    return element("section", inside, class_="asked", id=name)


def _summarized(summary: str, before: int | None) -> Markup:
    if not summary:
        told = f" ({tokens(before)} tokens)" if before is not None else ""
        return element("p", f"the context was summarized here{told}", class_="seam")
    line = element("summary", element("b", "summary"), " of what came before")
    inside = element("div", prose(cut(summary)), class_="folded")
    return element("details", line, inside, class_="summary")


def _one_line(call: Call, directory: str | None) -> Markup:
    return text(one_line(called(call.name, call.given, directory))[:_SHORT])
