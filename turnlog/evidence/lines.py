"""The lines of an exported trail: how they are written, and how one leads to the next.

A line is a JSON object whose last member, ``line``, is the SHA-256 of the line before's and of this
line's own bytes up to there. docs/evidence.md describes the format for whoever reads it elsewhere.
"""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ..adapters.storage.contract.evidence import Hashed
from ..domain.errors import InvalidEvidence

FORMAT = "turnlog-trail.v1"
BEGINNING = bytes(32)
"""What stands for the line before the first."""
_SEAM = b',"line":"'
_ENDS = re.compile(rb',"line":"[0-9a-f]{64}"\}\r?(?:\n|$)')
_ENOUGH = 1 << 16
"""Bytes in which at least one line ends, of any file that is looked at."""


class LineWriter:
    """Writes one line after another."""

    def __init__(self) -> None:
        self.before = BEGINNING
        """The hash of the last line written."""

    def line(self, members: dict[str, Any]) -> bytes:
        """A line with its end."""
        text = orjson.dumps(members)[:-1]
        self.before = sha256(self.before + text).digest()
        return b'%b%b%b"}\n' % (text, _SEAM, self.before.hex().encode())


class Line(NamedTuple):
    """A line as it was read."""

    members: dict[str, Any]
    text: bytes
    """What its hash covers."""
    hashed: bytes
    """The hash it tells."""


def read_line(line: bytes) -> Line:
    """A line, without its end.

    Raises:
        InvalidEvidence: it is no line of a trail; the message begins with what is wrong.
    """
    text, seam, rest = line.rpartition(_SEAM)
    if not seam or len(rest) != 66 or rest[64:] != b'"}':
        raise InvalidEvidence("it was cut off, or is no line of a trail")
    try:
        hashed = bytes.fromhex(rest[:64].decode("ascii"))
    except ValueError:
        raise InvalidEvidence("it was edited: it does not end in a hash") from None
    try:
        members = json.loads(text + b"}")
    except (ValueError, RecursionError) as problem:
        raise InvalidEvidence(f"it was edited, and is no JSON any more: {problem}") from None
    if not isinstance(members, dict):
        raise InvalidEvidence("it is no JSON object")
    return Line(members, text, hashed)


def is_exported_at(path: Path) -> bool:
    """Whether a file is of such lines: a trail or sessions, also one whose beginning was damaged.

    Nothing else ends its lines so: within a text of a transcript the marks would be escaped.
    Whoever cannot read the file says so when it is read.
    """
    try:
        with path.open("rb") as file:
            return file.seekable() and _ENDS.search(file.read(_ENOUGH)) is not None
    except OSError:
        return False


def event_members(event: Hashed, previous: bytes | None) -> dict[str, Any]:
    """An event as the members of a line.

    Args:
        previous: the chain before it, on the first line of its stream; else None.
    """
    members: dict[str, Any] = {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "topic": event.topic,
        "recorded_at": event.recorded_at,
        "header": event.header.decode(),
        "identity": _hex(event.identity),
        "seed": _hex(event.seed),
        **_body(event.body),
        "body_hash": _hex(event.body_hash),
    }
    if previous is not None:
        members["previous"] = previous.hex()
    return {**members, "chain": event.chain.hex()}


def _body(body: bytes | None) -> dict[str, str | None]:
    if body is None:
        return {"body": None}
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _hex(data: bytes | None) -> str | None:
    return data.hex() if data is not None else None


_TYPES: dict[str, tuple[type, ...]] = {
    "position": (int,),
    "stream": (str,),
    "version": (int,),
    "topic": (str,),
    "recorded_at": (int,),
    "header": (str,),
    "identity": (str, type(None)),
    "seed": (str, type(None)),
    "body_hash": (str, type(None)),
    "chain": (str,),
}
_OPTIONAL = {"body": (str, type(None)), "body_base64": (str,), "previous": (str,)}


def read_event(members: dict[str, Any]) -> tuple[Hashed, bytes | None]:
    """An event of a line, and the chain before it where the line tells that.

    Raises:
        InvalidEvidence: a member is missing, strange, or of another type.
    """
    for name, types in _TYPES.items():
        if type(members.get(name, ...)) not in types:
            raise InvalidEvidence(f"its {name} is {members.get(name, 'missing')!r:.60}")
    for name in ("position", "version"):
        if not 0 <= members[name] < 1 << 62:
            raise InvalidEvidence(f"its {name} is {members[name]!r:.60}")
    if not members["stream"].isascii():
        raise InvalidEvidence(f"its stream is {members['stream']!r:.60}")
    for name in members.keys() - _TYPES.keys():
        if name not in _OPTIONAL or type(members[name]) not in _OPTIONAL[name]:
            raise InvalidEvidence(f"its {name!r:.60} is none that a trail has")
    if ("body" in members) == ("body_base64" in members):
        raise InvalidEvidence("it has no body, or two")
    try:
        body = _read_body(members)
        fields = {
            name: bytes.fromhex(value) if value is not None else None
            for name in ("identity", "seed", "body_hash", "chain", "previous")
            for value in (members.get(name),)
        }
        header = members["header"].encode()
    except ValueError as problem:
        raise InvalidEvidence(f"it holds something that is no hash or text: {problem}") from None
    event = Hashed(
        members["position"],
        members["stream"],
        members["version"],
        members["topic"],
        members["recorded_at"],
        header,
        fields["identity"],
        fields["body_hash"],
        fields["chain"] or b"",
        fields["seed"],
        body,
    )
    return event, fields["previous"]


def _read_body(members: dict[str, Any]) -> bytes | None:
    if "body_base64" in members:
        return base64.b64decode(members["body_base64"], validate=True)
    text: str | None = members["body"]
    return text.encode() if text is not None else None
