"""HTML that is safe by its making: whatever is not markup already is escaped."""

from __future__ import annotations

from html import escape

from ...adapters.claude.safe_text import clean

_VOID = frozenset(("img", "meta", "hr"))


class Markup(str):
    """A text that is HTML."""

    __slots__ = ()


NOTHING = Markup("")


def text(value: str) -> Markup:
    """A text of a transcript as HTML: nothing in it acts, nor is unseen."""
    return Markup(escape(clean(value)))


def joined(*parts: str) -> Markup:
    """Parts one after another; those that are no markup are escaped."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def opening(name: str, /, **attributes: str | bool | None) -> Markup:
    """The beginning of an element. ``class_`` is written ``class``; None and False are left out."""
    written = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        spelled = key.rstrip("_").replace("_", "-")
        written.append(spelled if value is True else f'{spelled}="{escape(clean(value))}"')
    return Markup(f"<{' '.join(written)}>")


def closing(name: str) -> Markup:
    """The end of an element."""
    return Markup(f"</{name}>")


def element(name: str, /, *inside: str, **attributes: str | bool | None) -> Markup:
    """An element with what is in it."""
    begin = opening(name, **attributes)
    return begin if name in _VOID else Markup(f"{begin}{joined(*inside)}</{name}>")
