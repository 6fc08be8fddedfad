"""Where else an entry lies: in copies that the CLI and the SDK make when they resume and fork."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.entry import identity_of, is_anonymous
from ..domain.keys import SessionKey
from ..domain.recorded import Recorded
from ..domain.redaction import SHORTEST, entry_without, everything, texts_in
from .replacing import VERBATIM, entry_in
from .sharing import Sharer, sharers_of, streams_of

_LAST = 1 << 62
_AT_ONCE = 1_000
"""Events that tell of kept files in one look."""
_ENTRIES = (e.TurnRecorded, e.EntryRecorded)


class Names:
    """By what the copies of some entries are known.

    The CLI copies lines as they are, with their uuids; the SDK gives each a new one, and notes the
    one it came from.
    """

    def __init__(self, entries: Iterable[Recorded]) -> None:
        self.known: set[bytes] = set()
        for recorded in entries:
            if isinstance(recorded.event, _ENTRIES):
                self.known.update(_names_of(recorded))

    def follow(self, lines: Sequence[frozenset[bytes]]) -> None:
        """Learn the names of copies, and of copies of these.

        Args:
            lines: the names of each entry that may be one.
        """
        waiting = lines
        while learnt := [line for line in waiting if not line.isdisjoint(self.known)]:
            self.known.update(*learnt)
            waiting = [line for line in waiting if line.isdisjoint(self.known)]


def lines_of(reader: Reader, stream: Stream) -> Iterator[frozenset[bytes]]:
    """The names of each entry that was copied from one of another uuid."""
    for recorded in reader.events(stream):
        if isinstance(recorded.event, _ENTRIES):
            names = frozenset(_names_of(recorded))
            if len(names) > 1:
                yield names


def copies_in(reader: Reader, stream: Stream, names: Names) -> list[Recorded]:
    """The entries of a stream that have any of some names, and other contents of their uuids."""
    entries = [r for r in reader.events(stream) if isinstance(r.event, VERBATIM)]
    versions = {
        recorded.version
        for recorded in entries
        if isinstance(recorded.event, _ENTRIES) and not names.known.isdisjoint(_names_of(recorded))
    }
    return [
        recorded
        for recorded in entries
        if recorded.version in versions
        or (isinstance(recorded.event, e.EntryConflicted) and recorded.event.of in versions)
    ]


def _names_of(recorded: Recorded) -> list[bytes]:
    event = recorded.event
    identity = event.identity
    if not isinstance(event, _ENTRIES) or identity is None or is_anonymous(identity):
        return []
    names = [identity]
    if b'"forkedFrom"' in event.body:
        entry = entry_in(event.body)
        origin = entry.get("forkedFrom") if entry is not None else None
        uuid = origin.get("messageUuid") if isinstance(origin, dict) else None
        if isinstance(uuid, str):
            names.append(identity_of(uuid))
    return names


def holders(
    reader: Reader, keys: Collection[SessionKey], names: Collection[bytes]
) -> dict[SessionKey, Sharer]:
    """The sessions that hold copies of responses of some streams, or entries of some names.

    Forks that read what they took over from there are among them.

    Args:
        keys: the streams; the sessions of these are left out.
    """
    found = {sharer.key: sharer for sharer in sharers_of(reader, keys)}
    own = {key.main for key in keys}
    for key in list(reader.streams()) if names else ():
        if key.main in own or key.main in found:
            continue
        stream, main = reader.find(key), reader.find(key.main)
        if stream is not None and reader.known(stream, names, life=0):
            title = main.state.title if main is not None else None
            found[key.main] = Sharer(key.main, title, False)
    return {key: sharer for key, sharer in found.items() if key not in own}


def families(reader: Reader, sessions: Iterable[SessionKey]) -> list[SessionKey]:
    """The streams of some sessions, their subagents' among them."""
    return [key for session in sessions for key in streams_of(reader, session)]


def says_only(recorded: Recorded, texts: Collection[str]) -> bool:
    """Whether an entry says nothing but some texts: a subagent's prompt, which its call gave.

    Args:
        texts: without white space around them.
    """
    event = recorded.event
    entry = entry_in(event.body) if isinstance(event, _ENTRIES) else None
    if entry is None or is_anonymous(event.identity):
        return False
    message = {"message": entry.get("message")}
    said = {text.strip() for text in texts_in(message, entry_without(message, everything))}
    return any(len(text) >= SHORTEST for text in said) and said - {""} <= set(texts)


def pointing_to(reader: Reader, digests: Collection[str]) -> dict[SessionKey, set[int]]:
    """Which events of which streams point to kept files, by their digests.

    Raises:
        DamagedEvent: an event that points to one cannot be read.
    """
    found: dict[SessionKey, set[int]] = {}
    after = 0
    while digests:
        stretch = reader.stretch(after, _LAST, _AT_ONCE, {e.FileKept.TOPIC}, "notes")
        if stretch.problem is not None:
            raise stretch.problem.problem
        for run in stretch.runs:
            for version, event in zip(run.versions, run.events, strict=True):
                if isinstance(event, e.FileKept) and event.digest in digests:
                    found.setdefault(run.key, set()).add(version)
        if stretch.upto <= after:
            break
        after = stretch.upto
    return found
