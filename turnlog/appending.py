"""Appending a batch: look up what the decision needs, decide, record. One transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from .adapters.storage.contract.reader import Reader
from .adapters.storage.contract.transaction import Transaction
from .adapters.storage.contract.values import Packed, Stream
from .domain.batch import CHECKPOINT_EVERY, Batch, Known, Seen, identify
from .domain.entry import GAP, REDACTED, Entry, Mark
from .domain.events import EntryConflicted, EntryCorrupted, EntryRecorded, TurnRecorded
from .domain.keys import SessionKey
from .domain.recording import record
from .domain.session import GONE, SessionState
from .time.asking import entry_after, taken_over, waiting_from
from .time.lineages import with_derived
from .time.replaying import state_at

_STEPS = 64
"""Entries to look back for the prompt that one belongs to."""


class Appended(NamedTuple):
    """What an append did."""

    recorded: int
    """Entries that were new."""
    duplicates: int
    conflicts: int
    corrupt: int
    version: int
    """The stream's version after it."""
    position: int
    """The position of its last event in the log, 0 if it added none."""


class Arrival(NamedTuple):
    """A batch of entries and how it came."""

    key: SessionKey
    entries: Sequence[Entry]
    source: Literal["sdk", "import", "api"] = "sdk"
    user_id: str | None = None
    machine: str | None = None
    from_file: bool = False
    """In the order of a transcript file, lines that may be known already included."""
    preceding: bytes | None = None
    """In a file: the identity of the last uuid before the batch."""
    follower: bytes | None = None
    """In a file: the identity of the first uuid after the batch."""
    checkpoint_every: int = CHECKPOINT_EVERY


def append(transaction: Transaction, arrival: Arrival, packed: Packed | None = None) -> Appended:
    """Record what is new of a batch.

    Args:
        packed: the batch's bodies, compressed before the transaction began.
    """
    stream = transaction.open(arrival.key)
    state, memory = stream.state, stream.memory
    # A deletion or an erasure ends a life: what comes after is known by nothing of it.
    life = stream.version if state.presence in GONE else state.life
    tail = arrival.preceding if arrival.from_file else None if life > state.life else state.leaf
    if not arrival.from_file:
        tail = _lost_before(transaction, stream, arrival.entries, tail, life) or tail
    batch = Batch(
        arrival.entries,
        identify(arrival.entries, memory.salt, tail),
        arrival.from_file,
        arrival.source,
        arrival.user_id,
        arrival.machine,
        arrival.checkpoint_every,
    )
    seen = _look_up(transaction, stream, batch, life, arrival.preceding, arrival.follower)
    events, after, memory = record(state, batch, seen, memory)
    if not events and memory == stream.memory:
        return Appended(0, len(batch.entries), 0, 0, stream.version, 0)
    appended = transaction.record(stream, events, after, memory, packed)
    kinds = [type(event) for event in events]
    recorded = kinds.count(TurnRecorded) + kinds.count(EntryRecorded)
    conflicts, corrupt = kinds.count(EntryConflicted), kinds.count(EntryCorrupted)
    return Appended(
        recorded,
        len(batch.entries) - recorded - conflicts - corrupt,
        conflicts,
        corrupt,
        stream.version,
        appended.first_position + len(events) - 1 if events else 0,
    )


def is_same(reader: Reader, stream: Stream, known: Known, entry: Entry, life: int) -> bool:
    """Whether a recorded entry is the one at hand, or was before something was taken out of it."""
    if reader.same(stream, known, entry):
        return True
    if entry.original is not None and reader.same(stream, known, Entry(entry.original)):
        return True
    mark = REDACTED + (entry.identity or b"")
    return mark in reader.known(stream, [mark], life)


def _leaf(state: SessionState, life: int) -> dict[bytes, Known]:
    """The entry at the head, on which nearly every next one hangs: it need not be looked up."""
    version, branch = state.leaf_version, state.branch
    if state.leaf is None or version <= branch or version <= life:
        return {}  # the branch holds none yet, only the one it began from
    if state.forked_from is not None:
        return {}  # it may be one of those that were taken over, with its number in their stream
    return {state.leaf: Known(version, branch, version)}


def _lost_before(
    reader: Reader, stream: Stream, entries: Sequence[Entry], tail: bytes | None, life: int
) -> bytes | None:
    """The uuid behind which a batch's first lines without uuid stand, where that is not the leaf.

    The first entry with a uuid hangs on it: it is missing, or the batch itself comes late. A file
    that brings all of them knows the lines by that uuid.
    """
    if not entries or entries[0].identity is not None:
        return None
    parent = next((entry.parent for entry in entries if entry.identity is not None), None)
    if parent is None or parent == tail or stream.state.gaps:
        return parent
    known = reader.known(stream, [parent], life) or taken_over(reader, stream, [parent])
    return None if known else parent


def _look_up(
    transaction: Transaction,
    stream: Stream,
    batch: Batch,
    life: int,
    preceding: bytes | None,
    follower: bytes | None,
) -> Seen:
    state = stream.state
    known: dict[bytes, Known] = {}
    responses = {}
    names = {entry.message_id for entry in batch.entries if entry.message_id is not None}
    told = (entry.told_of for entry in batch.entries if entry.told_of is not None)
    names.update(agent.message_id for agent in told if agent.message_id is not None)
    names.discard(state.message_id)
    if stream.version > life:
        wanted = dict.fromkeys(batch.identities)
        own = set(batch.identities)
        leaf = _leaf(state, life)
        for entry in batch.entries:
            parent = entry.parent
            if parent is not None and parent not in own and parent not in leaf:
                wanted[parent] = None
                wanted[GAP + parent] = None
        if state.gaps:
            wanted.update(dict.fromkeys(GAP + identity for identity in own))
        wanted.update(dict.fromkeys(x for x in (preceding, follower) if x is not None))
        known = {**leaf, **transaction.known(stream, wanted, life)}
        if state.base:
            missing = [identity for identity in wanted if identity not in known]
            known.update(taken_over(transaction, stream, missing))
        if names:
            responses = transaction.responses(stream, names)

    def same(found: Known, entry: Entry) -> bool:
        return found.taken_over or is_same(transaction, stream, found, entry, life)

    def at_entry(version: int) -> SessionState:
        return state_at(transaction, stream, with_derived(transaction, stream, version))

    def find(identity: bytes) -> Known | None:
        return transaction.known(stream, [identity], life).get(identity)

    def after(found: Known | None) -> Known | None:
        return entry_after(transaction, stream, found) if stream.version > life else None

    def waiting(found: Known) -> Known | None:
        return waiting_from(transaction, stream, found)

    def prompt_id(found: Known, ahead: bool) -> str | None:
        look = _prompt_id_behind if ahead else _prompt_id_before
        return look(transaction, stream, found.version)

    return Seen(
        *(known, responses, same, find, at_entry, preceding, follower, after, waiting, prompt_id)
    )


def _prompt_id_before(reader: Reader, stream: Stream, version: int) -> str | None:
    for _ in range(_STEPS):
        recorded = next(iter(reader.events(stream, version - 1, version)), None)
        event = recorded.event if recorded is not None else None
        if not isinstance(event, TurnRecorded | EntryRecorded):
            return None
        found = event.entry.get("promptId")
        if isinstance(found, str) or event.parent is None:
            return found if isinstance(found, str) else None
        version = event.parent
    return None


def _prompt_id_behind(reader: Reader, stream: Stream, version: int) -> str | None:
    for recorded in reader.events(stream, version - 1, version + _STEPS):
        event = recorded.event
        if isinstance(event, TurnRecorded | EntryRecorded):
            if event.marks & Mark.TOOL_RESULT:
                return (
                    None  # the answer that called the tool lies between, though it may be missing
                )
            found = event.entry.get("promptId")
            if isinstance(found, str) or event.marks & Mark.ASSISTANT:
                return found if isinstance(found, str) else None
    return None
