"""Canonical JSON for the entries that a fast encoder gets wrong or refuses.

Without recursion, so that nesting may be deep; with integers of any size, NaN and the infinities
(as the literals that Python's ``json`` uses) and halves of surrogate pairs (as ``\\udXXX``). For
everything else the bytes are those of the fast path, see ``json_bytes``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from ....domain.errors import NotJson

DEEPEST = 500
"""Containers within each other that the fast decoder is trusted with: orjson stops at 1,024."""

MOST_LEVELS = 100_000
"""Containers within each other. Each takes some 200 bytes of memory for one of text."""

MOST_DIGITS = 100_000
"""The longest integer. Reading one takes time that grows with its square: 0.3 s at this length."""

_ONE_STEP_DIGITS = 4_300  # what ``int`` and ``str`` convert before they suspect an attack
_SURROGATE = re.compile("([\ud800-\udfff])")


def write(entry: object) -> tuple[bytes, bool]:
    """Encode a value.

    Returns:
        The bytes, and whether only ``read`` may decode them.

    Raises:
        NotJson: a part has no JSON form, a key is no text, or a container holds itself.
        TooDeep: it is nested deeper than ``read`` goes; the error has the bytes.
    """
    parts: list[bytes] = []
    path: list[_Open] = []
    inside: set[int] = set()
    only_careful = False
    deepest = 0
    value = entry
    while True:
        while isinstance(value, Enum):
            value = value.value
        if isinstance(value, (dict, list, tuple)):
            if id(value) in inside:
                raise NotJson(f"{_where(path)} is a container that holds itself")
            inside.add(id(value))
            path.append(_Open(value))
            deepest = max(deepest, len(path))
            parts.append(path[-1].opening)
        else:
            data, special = _scalar(value, path)
            parts.append(data)
            only_careful |= special
        while path:
            step = next(path[-1].items, None)
            if step is not None:
                break
            inside.remove(id(path[-1].container))
            parts.append(path.pop().closing)
        else:
            break
        if path[-1].label is not None:
            parts.append(b",")
        path[-1].label, value = step
        if path[-1].is_object:
            data, special = _key(path)
            parts.append(data)
            only_careful |= special
    if deepest > MOST_LEVELS:
        raise TooDeep(b"".join(parts))
    return b"".join(parts), only_careful or deepest > DEEPEST


class TooDeep(NotJson):
    """JSON with more containers within each other than are read."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(f"more than {MOST_LEVELS:,} arrays and objects within each other")
        self.data = data


class _Open:
    """A container that is being written, and the key or index that it has come to."""

    __slots__ = ("closing", "container", "is_object", "items", "label", "opening")

    def __init__(self, container: dict[Any, Any] | Sequence[Any]) -> None:
        self.container = container
        self.label: Any = None
        self.items: Iterator[tuple[Any, Any]]
        self.is_object = isinstance(container, dict)
        if isinstance(container, dict):
            self.items, self.opening, self.closing = iter(container.items()), b"{", b"}"
        else:
            self.items, self.opening, self.closing = enumerate(container), b"[", b"]"


def _key(path: list[_Open]) -> tuple[bytes, bool]:
    key = path[-1].label
    if not isinstance(key, str):
        raise NotJson(
            f"{_where(path[:-1])} has the key {key!r} of type {type(key).__name__}: "
            "JSON knows keys of text only"
        )
    data, special = _text(key)
    return data + b":", special


def _scalar(value: object, path: list[_Open]) -> tuple[bytes, bool]:
    if value is None:
        return b"null", False
    if isinstance(value, bool):
        return (b"true" if value else b"false"), False
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _integer(value, path)
    if isinstance(value, float):
        finite = value - value == 0
        return number(value).encode(), not finite
    if isinstance(value, UUID):
        return orjson.dumps(value), False
    raise NotJson(
        f"{_where(path)} is of type {type(value).__name__}, which JSON does not know; "
        "use dict, list, str, int, float, bool and None"
    )


def _text(text: str) -> tuple[bytes, bool]:
    pieces = _SURROGATE.split(text)
    if len(pieces) == 1:
        return orjson.dumps(text), False
    written = [
        rf"\u{ord(piece):04x}".encode() if n % 2 else orjson.dumps(piece)[1:-1]
        for n, piece in enumerate(pieces)
    ]
    return b'"' + b"".join(written) + b'"', True


def _integer(value: int, path: list[_Open]) -> tuple[bytes, bool]:
    if -(1 << 63) <= value < 1 << 64:
        return int.__repr__(value).encode(), False
    if value.bit_length() < MOST_DIGITS * 3.33:
        text = str(Decimal(int(value)))
        if len(text.removeprefix("-")) <= MOST_DIGITS:
            return text.encode(), True
    raise NotJson(f"{_where(path)} is an integer of more than {MOST_DIGITS:,} digits")


def number(value: float) -> str:
    """A float as JSON, the shortest text that reads back as the same float.

    The format is fixed here and not left to a library: orjson itself changed it, from ``1e16``
    to ``1e+16``, and an entry would have got a second identity.
    """
    if value != value:
        return "NaN"
    text = float.__repr__(value)
    if text.endswith("inf"):
        return "-Infinity" if value < 0 else "Infinity"
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    if int(exponent) == -5:
        sign = "-" if value < 0 else ""
        return f"{sign}0.0000{digits.lstrip('-').replace('.', '')}"
    return f"{digits}e{int(exponent):+d}"


def _where(path: list[_Open]) -> str:
    """``message.content[2]``; of a long path its end."""
    steps = [
        f"[{open_.label!r}]" if not open_.is_object or not _is_name(open_.label) else open_.label
        for open_ in path[-20:]
    ]
    text = "".join(step if step.startswith("[") else f".{step}" for step in steps)
    return ("…" + text if len(path) > 20 else text.removeprefix(".")) or "the entry"


def _is_name(label: object) -> bool:
    return isinstance(label, str) and label.replace("-", "_").isidentifier()


# -- reading -------------------------------------------------------------------------------------

_STRING = r'"([^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+)"'
_SPACE = r"[ \t\n\r]*+"
_VALUE = re.compile(
    rf"{_SPACE}(?:{_STRING}|(?P<opens>[\[{{])|(?P<literal>true|false|null|NaN|-?Infinity)"
    r"|(?P<number>-?(?:0|[1-9][0-9]*+)(?P<real>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)))"
)
_KEY = re.compile(rf"{_SPACE}{_STRING}{_SPACE}:")
_AFTER = re.compile(rf"{_SPACE}([,\]}}])")
_END = re.compile(rf"{_SPACE}\Z")
_BETWEEN_HALVES = re.compile(r"(?<=\\u[dD][89abAB][0-9a-fA-F]{2})(?=\\u[dD][c-fC-F])")
_LITERALS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


def read(text: str, *, canonical: bool) -> object:
    """Decode a value.

    Args:
        canonical: the text was written by ``write``, where two escapes in a row that would make up
            a surrogate pair are two halves, as they were in the string. In any other text they
            are one character.

    Raises:
        NotJson: the text is no JSON value, is nested deeper than ``MOST_LEVELS``, or has an
            integer of more than ``MOST_DIGITS``.
    """
    if not (canonical and "\\ud" in text):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass  # too long an integer, too deep, or no JSON: then the error says where
    return _read(text, canonical)


def _read(text: str, canonical: bool) -> object:
    outer: list[tuple[Any, Any]] = []
    container: Any = None
    key: Any = None
    at = 0
    value: Any
    while True:
        found = _VALUE.match(text, at)
        if found is None:
            raise _unexpected(text, at)
        at = found.end()
        if found["opens"]:
            outer.append((container, key))
            if len(outer) > MOST_LEVELS:
                raise TooDeep
            container, closing = ({}, "}") if found["opens"] == "{" else ([], "]")
            after = _AFTER.match(text, at)
            if after is None or after[1] != closing:
                if closing == "}":
                    key, at = _read_key(text, at, canonical)
                continue
            at = after.end()
            value = container
            container, key = outer.pop()
        else:
            value = _read_scalar(found, canonical)
        while outer:
            if type(container) is dict:
                container[key], closing = value, "}"
            else:
                container.append(value)
                closing = "]"
            after = _AFTER.match(text, at)
            if after is None or after[1] not in ("," + closing):
                raise _unexpected(text, at)
            at = after.end()
            if after[1] == ",":
                if closing == "}":
                    key, at = _read_key(text, at, canonical)
                break
            value = container
            container, key = outer.pop()
        else:
            if not _END.match(text, at):
                raise _unexpected(text, at)
            return value


def _read_key(text: str, at: int, canonical: bool) -> tuple[str, int]:
    found = _KEY.match(text, at)
    if found is None:
        raise _unexpected(text, at)
    return _unescaped(found[1], canonical), found.end()


def _read_scalar(found: re.Match[str], canonical: bool) -> object:
    if found[1] is not None:
        return _unescaped(found[1], canonical)
    if found["literal"]:
        return _LITERALS[found["literal"]]
    digits = found["number"]
    if found["real"]:
        return float(digits)
    if len(digits) <= _ONE_STEP_DIGITS:
        return int(digits)
    if len(digits.removeprefix("-")) > MOST_DIGITS:
        raise NotJson(f"an integer of more than {MOST_DIGITS:,} digits")
    return int(Decimal(digits))


def _unescaped(text: str, canonical: bool) -> str:
    if "\\" not in text:
        return text
    pieces = _BETWEEN_HALVES.split(text) if canonical else [text]
    try:
        return "".join(json.loads(f'"{piece}"') for piece in pieces)
    except json.JSONDecodeError as error:
        raise NotJson(f"a string with an escape that JSON does not know: {error}") from None


def _unexpected(text: str, at: int) -> NotJson:
    rest = text[at : at + 40].lstrip(" \t\n\r")
    return NotJson(f"no JSON at character {at}: {rest!r}" if rest else "the JSON ends too early")
