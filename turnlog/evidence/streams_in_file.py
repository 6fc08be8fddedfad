"""The streams of an exported trail, followed line by line against their hash chains."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ..adapters.storage.contract.evidence import Hashed
from ..adapters.storage.encoding.chain import START, body_hash, linked

ERASED, REDACTED = "SessionErased.v1", "EntryRedacted.v1"
MOST = 100_000
"""Versions that are looked for one by one; a number in a file may be any."""
_FIELDS, _FACTS = 14, 12
"""Of a header as it is hashed, and which of them tells the rest."""


@dataclass
class Gap:
    """Versions that do not stand where they should."""

    stream: str
    since: int
    """The line after which they should stand."""
    line: int
    """The line by which that was noticed."""
    versions: dict[int, None]


def told_of(versions: range) -> dict[int, None]:
    """Versions one by one, in the order given; of very many, the first and the last."""
    if len(versions) > MOST:
        return {versions[0]: None, versions[-1]: None}
    return dict.fromkeys(versions)


@dataclass
class InFile:
    """One stream, as far as it was read."""

    version: int
    chains: tuple[bytes, ...]
    """What the next event's chain may be made from: what the last line tells, and what follows from
    its fields. They differ where one of both was edited."""
    line: int
    gaps: list[Gap] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    """Versions without their content, with their lines."""
    changed: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Versions with another content than was recorded, with their lines and its hash."""
    replaced: dict[int, str] = field(default_factory=dict)
    """The hash of the content that redacted events have now."""

    def wrong(self, content: bool) -> dict[int, tuple[int, str]]:
        """What is wrong with contents that no event explains, by version: the line, and what.

        Args:
            content: whether contents were exported, so that they can be missing.
        """
        found = {
            version: (line, "its content was edited")
            for version, (line, hashed) in self.changed.items()
            if self.replaced.get(version) != hashed
        }
        if content:
            missing = "its content is missing, and was not erased"
            found |= {version: (line, missing) for version, line in self.gone.items()}
        return found


class Streams:
    """Every stream of a file."""

    def __init__(self, begins: bool) -> None:
        """Takes whether the file holds its streams from their beginning."""
        self._begins = begins
        self.found: dict[str, InFile] = {}

    def take(self, number: int, event: Hashed, previous: bytes | None) -> str | None:
        """The next event; says what is wrong with its line."""
        if (what := _disagrees(event)) is not None:
            return what
        stream = self.found.get(event.stream)
        if stream is None:
            return self._first(number, event, previous)
        if event.version <= stream.version:
            return _again(stream, event)
        before, what = stream.chains, None
        if event.version > stream.version + 1:
            missing = told_of(range(stream.version + 1, event.version))
            gap = Gap(event.stream, stream.line, number, missing)
            stream.gaps.append(gap)
            before = ()
        if previous is not None:
            what = "it was edited: only the first line of a stream tells the chain before it"
        return self._link(number, stream, event, before) or what

    def _first(self, number: int, event: Hashed, previous: bytes | None) -> str | None:
        first = min(event.version, 0 if event.stream.startswith("!") else 1)
        stream = InFile(event.version - 1, (), number)
        self.found[event.stream] = stream
        if self._begins and event.version > max(first, 1):
            missing = told_of(range(1, event.version))
            stream.gaps.append(Gap(event.stream, 1, number, missing))
        elif previous is None:
            stream.gaps.append(Gap(event.stream, 1, number, {event.version - 1: None}))
        elif self._begins and previous != START:
            self._link(number, stream, event, (previous,))
            return "it was edited: the chain of a stream begins with 32 zero bytes"
        return self._link(number, stream, event, () if previous is None else (previous,))

    def _link(
        self, number: int, stream: InFile, event: Hashed, before: tuple[bytes, ...]
    ) -> str | None:
        made = [linked(chain, event.header, event.identity, event.body_hash) for chain in before]
        stream.version, stream.line = event.version, number
        stream.chains = (event.chain,) if event.chain in made else (event.chain, *made[:1])
        if (what := _content(event)) is not None:
            return what
        if event.body is None and event.body_hash is not None:
            stream.gone[event.version] = number
        elif event.body is not None and event.seed is not None:
            hashed = body_hash(event.seed, event.version, event.body)
            if hashed != event.body_hash:
                stream.changed[event.version] = (number, hashed.hex())
        _explain(stream, event)
        if made and event.chain not in made:
            return "it was edited: its chain does not follow from its header and from what precedes"
        return None

    def gaps(self) -> list[Gap]:
        """What is missing still."""
        return [gap for stream in self.found.values() for gap in stream.gaps if gap.versions]


def _again(stream: InFile, event: Hashed) -> str:
    for gap in stream.gaps:
        if event.version in gap.versions:
            del gap.versions[event.version]
            return f"it was moved: it belongs before line {gap.line}"
    return "this event stands in the file already"


def _disagrees(event: Hashed) -> str | None:
    """Whether the members that repeat the header say something else."""
    try:
        header = json.loads(event.header)
    except (ValueError, RecursionError):
        return "it was edited: its header is no JSON"
    if not isinstance(header, list) or len(header) != _FIELDS:
        return "it was edited: its header is no header"
    length = len(event.identity) if event.identity is not None else None
    told = (event.stream, event.version, event.topic, event.recorded_at, length)
    names = ("stream", "version", "topic", "recorded_at", "identity")
    for name, value, hashed in zip(names, told, [*header[:4], header[-1]], strict=True):
        if value != hashed:
            return f"it was edited: its {name} is not that of its header"
    return None


def _explain(stream: InFile, event: Hashed) -> None:
    """What an event says of the contents before it: erased, or redacted."""
    if event.topic == ERASED:
        stream.gone.clear()
    elif event.topic == REDACTED:
        told = _facts(event)
        of = told.get("of")
        if not isinstance(of, int):
            return
        if digest := told.get("digest"):
            stream.replaced[of] = digest
        elif not told.get("automatic"):
            stream.gone.pop(of, None)


def _facts(event: Hashed) -> dict[str, Any]:
    try:
        told = json.loads(json.loads(event.header)[_FACTS])
    except (ValueError, TypeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _content(event: Hashed) -> str | None:
    if event.body is None:
        return "it was edited: it has a seed, and no content" if event.seed is not None else None
    if event.body_hash is None or event.seed is None:
        return "its content was edited: there was none"
    return None
