"""What a redaction takes out, and where: the entry, what repeats it, and its copies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from ..adapters.redaction import Redaction
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Stream
from ..domain import events as e
from ..domain.entry import identity_of, is_anonymous
from ..domain.errors import DamagedEvent, PointNotFound
from ..domain.keys import SessionKey
from ..domain.recorded import Recorded
from ..domain.redaction import Replace, everything, repetitions_of
from .copies import Names, copies_in, families, holders, lines_of, pointing_to, says_only
from .redacting_files import KeptTexts
from .replacing import VERBATIM, Change, changed
from .sharing import Sharer

T = TypeVar("T")
Changes = dict[SessionKey, list[Change]]
"""By stream; every one has some."""


_TITLES = ("custom-title", "ai-title", "last-prompt", "summary")


class Found(NamedTuple):
    """What is to be taken out."""

    changes: Changes
    files: frozenset[str]
    """The digests of kept contents that hold it."""
    copies: tuple[Sharer, ...]
    """The streams that hold it too, where copies are left alone."""


_NOTHING = Found({}, frozenset(), ())


class Search:
    """Looks for an entry, or for texts, in one look at the log."""

    def __init__(
        self,
        reader: Reader,
        stream: Stream,
        entry: str | int | None,
        what: Redaction | None,
        copies: bool,
    ) -> None:
        self._reader = reader
        self._stream = stream
        self._entry = entry
        self._what = what
        self._copies = copies
        self._replace: Replace = what if what is not None else everything
        main = stream.key.subpath is None
        self._wholly = entry is None and main
        """Whether sessions are looked through, and not only for copies of some entries."""
        self._own = [stream.key]
        if self._wholly:
            self._own += reader.subkeys(stream.key)
        self._unread: set[SessionKey] = set()

    def run(self) -> Found:
        """Look everywhere.

        Raises:
            PointNotFound: there is no such entry.
            DamagedEvent: what is to be changed cannot be read.
        """
        targets = _named(self._reader, self._stream, self._entry)
        own = self._in_own(targets)
        if self._entry is not None and not (own or self._copies):
            return _NOTHING
        names = self._names(targets, own)
        sharers = holders(self._reader, self._own, names.known)
        forks = [key for key, sharer in sharers.items() if sharer.borrows]
        self._follow(names, sharers)
        copied = self._copied_to(sharers, names, own)
        if self._entry is not None and not (own or copied):
            return _NOTHING
        changes = own | copied if self._copies else own
        places = [*self._own, *forks]
        if self._copies:
            places = [*self._own, *self._around(sharers)]
        files = self._repeated(changes, places, {recorded.version for recorded in targets})
        pointing = self._pointing(changes, files)
        if self._copies:
            return Found(_together(changes, pointing), frozenset(files.gone), ())
        left = {*copied, *pointing, *self._unread}
        told = tuple(self._sharer(key, sharers) for key in sorted(left))
        return Found(changes, frozenset(files.gone), told)

    # -- where it is asked for -------------------------------------------------------------------

    def _in_own(self, targets: list[Recorded]) -> Changes:
        if self._entry is not None:
            return _some({self._stream.key: self._changed(targets)})
        return _some({key: self._in_whole(self._there(key)) for key in self._own})

    def _in_whole(self, stream: Stream) -> list[Change]:
        events = self._reader.events(stream)
        return self._changed(r for r in events if isinstance(r.event, VERBATIM))

    def _changed(self, entries: Iterable[Recorded]) -> list[Change]:
        return [c for r in entries if (c := changed(r, self._replace)) is not None]

    # -- where else it lies ----------------------------------------------------------------------

    def _names(self, targets: list[Recorded], own: Changes) -> Names:
        if self._entry is not None:
            return Names(targets)
        # Of a whole session only what holds it: others may share a prompt that is of no concern.
        return Names(change.recorded for changes in own.values() for change in changes)

    def _follow(self, names: Names, sharers: dict[SessionKey, Sharer]) -> None:
        """Find the copies of copies, and what shares with these."""
        fresh = sharers
        while fresh:
            around = self._around(sharers)
            if not self._wholly:
                lines = [self._read(key, self._lines) for key in around]
                names.follow([line for found in lines for line in found])
            found = holders(self._reader, [*self._own, *around], names.known)
            fresh = {key: sharer for key, sharer in found.items() if key not in sharers}
            sharers.update(fresh)

    def _lines(self, stream: Stream) -> list[frozenset[bytes]]:
        return list(lines_of(self._reader, stream))

    def _copied_to(
        self, sharers: Mapping[SessionKey, Sharer], names: Names, own: Changes
    ) -> Changes:
        """What is to be taken out of entries elsewhere."""
        found = [change for changes in own.values() for change in changes]
        texts = {text for change in found for text in change.texts}
        return _some({key: self._copied(key, names, texts) for key in self._around(sharers)})

    def _around(self, sharers: Iterable[SessionKey]) -> list[SessionKey]:
        """The streams of the session and of those that share with it, but its own."""
        sessions = dict.fromkeys((self._stream.key.main, *sharers))
        return [key for key in families(self._reader, sessions) if key not in self._own]

    def _copied(self, key: SessionKey, names: Names, texts: set[str]) -> list[Change]:
        if self._wholly:
            return self._read(key, self._in_whole)
        found = self._read(
            key, lambda stream: self._changed(copies_in(self._reader, stream, names))
        )
        if self._what is None and texts:
            # Another content of the same uuid is no copy of it.
            found = [change for change in found if not texts.isdisjoint(change.texts)]
        if key.main == self._stream.key.main:
            there = {change.recorded.version for change in found}
            said = {text.strip() for text in texts}
            more = self._read(key, lambda stream: self._saying_only(stream, said))
            found += [change for change in more if change.recorded.version not in there]
        return found

    def _saying_only(self, stream: Stream, said: set[str]) -> list[Change]:
        events = self._reader.events(stream)
        return self._changed(recorded for recorded in events if says_only(recorded, said))

    # -- what repeats it -------------------------------------------------------------------------

    def _repeated(
        self, changes: Changes, places: Iterable[SessionKey], targets: set[int]
    ) -> KeptTexts:
        """Add what repeats it in some streams; gives what it makes of kept files."""
        texts = [text for found in changes.values() for change in found for text in change.texts]
        repeats = self._what if self._what is not None else repetitions_of(texts)
        files = KeptTexts(self._reader, repeats, self._what, texts)
        for key in places:
            taken = {change.recorded.version for change in changes.get(key, ())}
            if key == self._stream.key:
                taken |= targets
            if found := list(self._repetitions(key, repeats, files, taken)):
                changes[key] = changes.get(key, []) + found
        return files

    def _repetitions(
        self, key: SessionKey, replace: Replace, files: KeptTexts, but: set[int]
    ) -> Iterator[Change]:
        """Events that say again what an entry said: titles, prompts, kept files, state lines."""
        for recorded in self._reader.events(self._there(key)):
            event = recorded.event
            said = isinstance(event, e.TurnRecorded | e.EntryConflicted | e.EntryCorrupted)
            if recorded.version in but or said:
                continue
            if isinstance(event, e.EntryRecorded) and not _is_state(event):
                continue
            kept = isinstance(event, e.FileKept)
            change = files.changed(recorded) if kept else changed(recorded, replace)
            if change is not None:
                yield change

    def _pointing(self, changes: Changes, files: KeptTexts) -> Changes:
        """Events of other streams that point to the same contents."""
        found: Changes = {}
        for key, versions in pointing_to(self._reader, files.gone).items():
            known = {change.recorded.version for change in changes.get(key, ())}
            stream = self._there(key)
            for version in sorted(versions - known):
                for recorded in self._reader.events(stream, version - 1, version):
                    if (change := files.changed(recorded)) is not None:
                        found.setdefault(key, []).append(change)
        return found

    # -- looking ---------------------------------------------------------------------------------

    def _there(self, key: SessionKey) -> Stream:
        stream = self._reader.find(key)
        assert stream is not None, key
        return stream

    def _read(self, key: SessionKey, work: Callable[[Stream], list[T]]) -> list[T]:
        """What is found in a stream; nothing where it is left alone and cannot be read."""
        try:
            return work(self._there(key))
        except DamagedEvent:
            if self._copies:
                raise
            self._unread.add(key)
            return []

    def _sharer(self, key: SessionKey, sharers: Mapping[SessionKey, Sharer]) -> Sharer:
        known = sharers.get(key.main)
        title = known.title if known is not None else self._there(key.main).state.title
        return Sharer(key, title, known is not None and known.borrows)


def _is_state(event: e.EntryRecorded) -> bool:
    """Whether a line says how things stand; the SDK gives the titles that it writes a uuid."""
    return is_anonymous(event.identity) or event.kind in _TITLES


def _some(changes: Changes) -> Changes:
    return {key: found for key, found in changes.items() if found}


def _together(one: Changes, other: Changes) -> Changes:
    keys = dict.fromkeys((*one, *other))
    return {key: one.get(key, []) + other.get(key, []) for key in keys}


def _named(reader: Reader, stream: Stream, entry: str | int | None) -> list[Recorded]:
    if entry is None:
        return []
    if isinstance(entry, str) and not entry.isdigit():
        versions = reader.versions(stream, identity_of(entry))
    else:
        versions = [int(entry)] if 0 < int(entry) <= stream.version else []
    wanted = set(versions)
    found = [
        recorded
        for recorded in reader.events(stream)
        if recorded.version in wanted
        or (isinstance(recorded.event, e.EntryConflicted) and recorded.event.of in wanted)
    ]
    if not found:
        raise PointNotFound(f"session {stream.key.session_id!r} has no entry {entry!r:.80}")
    return found
