"""What can be saved of a line that is not one JSON object.

A writer that dies in the middle of a record leaves it without line feed, and the next record
follows on the same line; a file system that loses a block leaves NUL bytes. So the line is read by
the grammar of JSON, and where the grammar breaks, a new record has begun: there, or (where the torn
record broke off within a string) just before. An object that is a part of a torn record is not
taken for a record. All in one pass, without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...domain.errors import NotJson
from ..storage.encoding.careful_json import MOST_LEVELS, TooDeep
from ..storage.encoding.json_bytes import decode_line

ENTRY_FIELDS = frozenset(("leafUuid", "messageId", "sessionId", "timestamp", "uuid"))
"""An object with one of these is taken for a record even where it may have been a part of one."""


class Recovered(NamedTuple):
    """The bytes of one whole object, white space around it included; ``decode_line`` reads it."""

    data: bytes


class Corrupt(NamedTuple):
    """Bytes that hold no whole object."""

    data: bytes
    reason: str
    """What they are, for people."""


Piece = Recovered | Corrupt


def recover(line: bytes) -> list[Piece]:
    """Take apart a line that was not read as one JSON object.

    Args:
        line: without its line feed.

    Returns:
        Pieces that joined give the line, byte for byte; none for a line of white space.
    """
    if _BLANK.fullmatch(line):
        return []
    try:
        value = decode_line(line)[0]
    except NotJson as problem:
        pieces = [piece for part in _NULS.split(line) if part for piece in _pieces(part)]
        return _blamed(pieces, str(problem)) if isinstance(problem, TooDeep) else pieces
    if isinstance(value, dict):
        return [Recovered(line)]
    return [Corrupt(line, f"{_KINDS[type(value)]}, no object")]


_KINDS: dict[type, str] = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_NULS = re.compile(rb"(\x00++)")
_SPACE = re.compile(rb"[ \t\n\r]*+")
_BLANK = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\n\r]*+")  # a byte order mark says nothing either


def _pieces(part: bytes) -> Iterator[Piece]:
    done = 0
    at = _next(part, 0)
    while at >= 0:
        scan = _scan(part, at)
        begin, end = at, scan.at
        if scan.whole:
            taken = _is_record(part, done, begin, end)
            at = _next(part, end)
        elif taken := scan.inner_end > 0 and _is_entry(part[scan.inner : scan.inner_end]):
            # Torn just where a value was due, so that the next record looked like that value.
            begin, end = scan.inner, scan.inner_end
            at = _next(part, end)
        elif part[scan.at - 2 : scan.at] == b'{"':
            at = scan.at - 2  # torn within a string, which the next record's first quote ended
        else:
            at = _next(part, max(scan.at, at + 1))
        if taken:
            end = _space(part, end)
            if _BLANK.fullmatch(part, done, begin):
                begin = done
            else:
                yield _corrupt(part[done:begin])
            yield _whole(part[begin:end])
            done = end
    if done < len(part):
        yield _corrupt(part[done:])


def _blamed(pieces: list[Piece], why: str) -> list[Piece]:
    return [p if isinstance(p, Recovered) else Corrupt(p.data, why) for p in pieces]


def _next(part: bytes, start: int) -> int:
    """Where the next object may begin; -1 where none does."""
    found = _BEGINS.search(part, start)
    return found.start() if found else -1


def _is_record(part: bytes, done: int, begin: int, end: int) -> bool:
    """Whether a whole object is a record, and not a part of one whose beginning or end is lost."""
    before = begin - 1
    while before >= done and part[before] in b" \t\n\r":
        before -= 1
    after = _space(part, end)
    led = before >= done and part[before] in b":,["
    followed = after < len(part) and part[after] in b",]}"
    if led and followed:
        return False
    alone = before < done and (after == len(part) or part[after] == _BRACE)
    empty = _space(part, begin + 1) == end - 1  # as in the text of a program: `f() {}`
    if led or followed or (empty and not alone):
        return _is_entry(part[begin:end])
    return True


def _is_entry(data: bytes) -> bool:
    try:
        value = decode_line(data)[0]
    except NotJson:
        return False
    return isinstance(value, dict) and not ENTRY_FIELDS.isdisjoint(value)


def _whole(data: bytes) -> Piece:
    try:
        decode_line(data)
    except NotJson as problem:
        return Corrupt(data, str(problem))
    return Recovered(data)


def _corrupt(data: bytes) -> Corrupt:
    if data[0] == 0:
        return Corrupt(data, f"a run of NUL bytes: {len(data):,}")
    torn = data[_space(data, 0) :].startswith(b"{")
    return Corrupt(data, "a torn record" if torn else "no JSON object")


# -- the grammar ---------------------------------------------------------------------------------

_TEXT = rb'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"'
_STRING = re.compile(_TEXT)
_KEY = re.compile(_TEXT + rb"[ \t\n\r]*+:")
_SCALAR = re.compile(
    _TEXT + rb"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?"
    rb"|true|false|null|NaN|-?Infinity"
)
_BEGINS = re.compile(rb'\{[ \t\n\r]*+["}]')  # millions of braces in a row begin nothing
_BRACE, _COMMA = b"{,"
_CLOSING = {_BRACE: ord("}"), ord("["): ord("]")}


class _Scan(NamedTuple):
    whole: bool
    at: int
    """Past the object, or at the first byte that does not belong to it."""
    inner: int = 0
    inner_end: int = 0
    """An object within it that ends right before ``at``; 0 where there is none."""


def _scan(part: bytes, begin: int) -> _Scan:
    """Follow the object that begins with the brace at ``begin`` as far as the grammar allows."""
    size = len(part)
    opened = [begin]
    fresh = True  # nothing stands yet in the container opened last
    inner = inner_end = 0
    at = _space(part, begin + 1)
    while at < size and len(opened) <= MOST_LEVELS:
        bracket = part[opened[-1]]
        if part[at] == _CLOSING[bracket]:
            start = opened.pop()
            if not opened:
                return _Scan(True, at + 1)
            if bracket == _BRACE:
                inner, inner_end = start, at + 1
            fresh, at = False, _space(part, at + 1)
            continue
        if not fresh:
            if part[at] != _COMMA:
                break
            at = _space(part, at + 1)
        if bracket == _BRACE:
            if key := _KEY.match(part, at):
                at = _space(part, key.end())
            else:
                text = _STRING.match(part, at)
                at = text.end() if text else at
                break
        if fresh := at < size and part[at] in _CLOSING:
            opened.append(at)
            at += 1
        elif scalar := _SCALAR.match(part, at):
            at = scalar.end()
        else:
            break
        at = _space(part, at)
    if _space(part, inner_end) != at:
        inner = inner_end = 0
    return _Scan(False, at, inner, inner_end)


def _space(part: bytes, at: int) -> int:
    found = _SPACE.match(part, at)
    assert found is not None
    return found.end()
