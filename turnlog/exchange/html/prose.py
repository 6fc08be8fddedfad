"""What the model writes, as HTML: Markdown with no HTML of its own and nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from ...adapters.claude.safe_text import clean
from .code import code
from .markup import Markup, element, text

LONGEST = 200_000
"""Characters that are read as Markdown; a longer text is shown as it is."""
_LINKED = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_SIDE = re.compile(r"text-align:(left|right|center)")
_LOWER = {f"h{level}": f"h{min(level + 2, 6)}" for level in range(1, 7)}


def prose(source: str) -> Markup:
    """A text in Markdown."""
    source = clean(source)
    if len(source) > LONGEST:
        return element("pre", text(source), class_="plain")
    return element("div", Markup(_parser().render(source)), class_="prose")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    return parser.enable(["table", "strikethrough"])


class _Renderer(RendererHTML):
    """Writes what pages may hold: no pictures, no styles, links that only a person follows."""

    def fence(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        language = tokens[at].info.strip().partition(" ")[0]
        return code(tokens[at].content, language)

    def code_block(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        return code(tokens[at].content)

    def image(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        token = tokens[at]
        name = self.renderInlineAsText(token.children or [], options, env) or "picture"
        address = str(token.attrGet("src") or "")
        if _LINKED.match(address):
            return element("a", f"🖼 {name}", **_away(address))
        return element("span", f"🖼 {name}", class_="elsewhere")

    def link_open(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        address = str(tokens[at].attrGet("href") or "")
        tokens[at].attrs = dict(_away(address)) if _LINKED.match(address) else {}
        return str(self.renderToken(tokens, at, options, env))

    def heading_open(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        return f"<{_LOWER[tokens[at].tag]}>"

    def heading_close(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        return f"</{_LOWER[tokens[at].tag]}>\n"

    def td_open(
        self, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        side = _SIDE.search(str(tokens[at].attrGet("style") or ""))
        return f'<{tokens[at].tag} class="{side[1]}">' if side else f"<{tokens[at].tag}>"

    th_open = td_open


def _away(address: str) -> dict[str, str]:
    return {"href": address, "rel": "noopener noreferrer nofollow", "target": "_blank"}
