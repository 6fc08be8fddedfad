"""What a decision about arriving entries is given: the batch, and what is known of the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, NamedTuple

from .entry import ANONYMOUS, CORRUPT, Entry, keyed
from .session import SessionState
from .usage import Response

BATCHES_REMEMBERED = 64
CHECKPOINT_EVERY = 5
"""Turns between automatic checkpoints."""
FIRST_PROMPT = 200
"""Characters of its first prompt by which a session is called."""


class Known(NamedTuple):
    """An identity that the stream holds already."""

    version: int
    branch: int
    place: int
    """Its own version, or the one at whose place it stands if it came late."""

    @property
    def taken_over(self) -> bool:
        """Whether it lies in what a fork took over from another session."""
        return self.version == 0

    @property
    def late(self) -> int:
        """The version that recorded it, if it came late and stands elsewhere; else 0."""
        return self.version if self.place != self.version else 0


def _content_is_unknown(known: Known, entry: Entry) -> bool:
    return True


def _nothing_more(identity: bytes) -> Known | None:
    return None


def _nothing_after(known: Known | None) -> Known | None:
    return None


def _nothing_missing(known: Known) -> Known | None:
    return None


def _of_no_prompt(known: Known, ahead: bool) -> str | None:
    return None


class Seen(NamedTuple):
    """What was looked up of the past for one batch."""

    known: Mapping[bytes, Known] = {}
    """By identity: the batch's own, their parents', and the gaps they would fill."""
    responses: Mapping[str, Response] = {}
    same: Callable[[Known, Entry], bool] = _content_is_unknown
    """Whether a recorded entry has the content of the one at hand."""
    find: Callable[[bytes], Known | None] = _nothing_more
    """Looks up an identity that only the decision itself comes upon."""
    at_entry: Callable[[int], SessionState] | None = None
    """The state just after an entry, with all that was derived from it."""
    preceding: bytes | None = None
    """In a file: the identity of the last uuid before the batch."""
    follower: bytes | None = None
    """In a file: the identity of the first uuid after the batch."""
    after: Callable[[Known | None], Known | None] = _nothing_after
    """The entry with a uuid that comes after another on its branch, in load order; None asks for
    the first of all."""
    waiting: Callable[[Known], Known | None] = _nothing_missing
    """Where what waits begins, if what an entry hangs on is still missing: with the entry, or with
    the lines without uuid that came right before it."""
    prompt_id: Callable[[Known, bool], str | None] = _of_no_prompt
    """The ``promptId`` of an entry, else of the nearest that it hangs on, or that comes behind it
    without an answer between."""


@dataclass
class Memory:
    """What a stream remembers of its last batches, to know a repetition without uuids.

    It is no part of the session's state: losing it loses no entry.
    """

    salt: bytes
    batches: tuple[str, ...] = ()
    latest: dict[str, str] = field(default_factory=dict)
    """By kind: the digest of the latest entry without uuid on the branch."""
    branch: int = 0
    prompt_id: str | None = None


class Batch(NamedTuple):
    """Entries that arrive together, with the identities they are known by."""

    entries: Sequence[Entry]
    identities: Sequence[bytes]
    from_file: bool = False
    """In the order of a transcript file, lines that are known already included."""
    source: Literal["sdk", "import", "api"] = "sdk"
    user_id: str | None = None
    machine: str | None = None
    checkpoint_every: int = CHECKPOINT_EVERY

    def stamp(self) -> str:
        """By what a batch that comes twice is known: its uuids, and the contents of the rest."""
        digest = blake2b(digest_size=8)
        for entry, identity in zip(self.entries, self.identities, strict=True):
            digest.update(identity if entry.identity is not None else entry.digest)
        return digest.hexdigest()

    def could_repeat(self, memory: Memory) -> tuple[str, ...]:
        """The batches this one could be again.

        A single line without uuid is known by its content alone, and a title may be given back
        (A, B, A) in batches of its own: then only the last batch counts.
        """
        alone = len(self.entries) == 1 and self.entries[0].identity is None
        return memory.batches[-1:] if alone else memory.batches


def identify(entries: Sequence[Entry], salt: bytes, tail: bytes | None) -> list[bytes]:
    """Give every entry of a batch an identity.

    An entry without uuid is known by the uuid before it, its content and its ordinal among
    equal ones there.

    Args:
        entries: the batch.
        salt: the stream's secret.
        tail: the uuid that comes before the batch.
    """
    identities = []
    count: dict[bytes, int] = {}
    for entry in entries:
        identity = entry.identity
        if identity is None or entry.corrupt is not None:
            prefix = ANONYMOUS if entry.corrupt is None else CORRUPT
            identity = keyed(prefix, salt, tail or b"", entry.digest)
            ordinal = count[identity] = count.get(identity, -1) + 1
            if ordinal:
                identity = nth(identity, salt, ordinal)
        else:
            tail = identity
        identities.append(identity)
    return identities


def nth(identity: bytes, salt: bytes, ordinal: int) -> bytes:
    """The identity of an entry that stands after equal ones."""
    return keyed(identity[:1], salt, identity, ordinal.to_bytes(4, "big"))
