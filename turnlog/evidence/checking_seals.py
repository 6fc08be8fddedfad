"""Whether a log, or an exported trail, still is what was sealed."""

from __future__ import annotations

from collections.abc import Iterator

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.damage import UNREADABLE
from ..domain.errors import DamagedEvent, InvalidEvidence
from ..domain.keys import SessionKey
from ..reading.verifying import Problem
from .extent import Extent, Heads, Measuring, extent_of, root_of
from .seals import Seal, Sealing, sealed_heads, sealings


def seal_by_fingerprint(store: Store, fingerprint: str) -> Seal:
    """A seal of the log by its fingerprint, or its beginning, 16 digits at least.

    Raises:
        InvalidEvidence: the log has no such seal.
    """
    with store.read() as reader:
        found = [s.seal for s in sealings(reader) if s.seal.fingerprint.startswith(fingerprint)]
    if not found:
        raise InvalidEvidence(
            f"{fingerprint!r:.80} is no file, and the log has no seal of that fingerprint: it was "
            "removed, changed, or is of another log"
        )
    return found[0]


def check_seal(store: Store, seal: Seal) -> list[Problem]:
    """What of that which was sealed is not there any more as it was.

    The stored chain hashes are compared with those that were sealed; that they are the events' own
    is for ``verify`` to tell, which goes before.
    """
    with store.read() as reader:
        name = reader.log_id()
        if name != seal.log:
            return [_of_log(f"the seal is of the log {seal.log}, and this is {name or 'another'}")]
        if seal.position > (last := reader.last_position()):
            what = f"the log ends at position {last}, and was sealed up to {seal.position}"
            return [_of_log(what, last)]
        try:
            extent = extent_of(reader.links(seal.position))
        except UNREADABLE as problem:  # SQLite takes a value of any type into any column
            return [_of_log(f"what was sealed cannot be read: {type(problem).__name__}: {problem}")]
        heads, problems = _own_record(reader, seal)
    return problems + list(compare(seal, extent, heads))


def check_own_seals(store: Store) -> list[Problem]:
    """What is not as one of the log's own seals has it; the first that is broken tells.

    Whoever can write to the log can forge these too; a seal that is kept elsewhere, he cannot.
    """
    try:
        with store.read() as reader:
            past = sealings(reader)
            broken = first_broken(reader, [sealing.seal for sealing in past]) if past else None
    except UNREADABLE as problem:
        return [_of_log(f"what was sealed cannot be read: {type(problem).__name__}: {problem}")]
    except DamagedEvent as damage:
        return [_of_log(str(damage))]
    if broken is None:
        return []
    return [p._replace(what=f"{p.what} (seal {broken.number})") for p in check_seal(store, broken)]


def first_broken(reader: Reader, seals: list[Seal]) -> Seal | None:
    """One walk over the log for all seals: order and number of the events tell any difference."""
    if any(seal.log != reader.log_id() for seal in seals):
        return seals[0]
    links = reader.links(seals[-1].position)
    measuring, ahead = Measuring(), next(links, None)
    for seal in seals:
        while ahead is not None and ahead.position <= seal.position:
            measuring.take(ahead)
            ahead = next(links, None)
        if (measuring.events, measuring.order.hex()) != (seal.events, seal.order):
            return seal
    root = root_of(measuring.heads).hex()
    return seals[-1] if root != seals[-1].root else None


def _own_record(reader: Reader, seal: Seal) -> tuple[Heads | None, list[Problem]]:
    """The heads that the log noted with the seal, where these are what was sealed."""
    try:
        past = sealings(reader)
    except DamagedEvent as damage:
        return None, [_of_log(str(damage))]
    upto = [sealing for sealing in past if sealing.seal.number <= seal.number]
    if not any(sealing.seal == seal for sealing in upto):
        what = "is not the one that was kept" if len(upto) >= seal.number else "is gone"
        problem = _of_log(f"seal {seal.number} of the log itself {what}")
        return _noted(upto, seal), [problem]
    return _noted(upto, seal), []


def _noted(upto: list[Sealing], seal: Seal) -> Heads | None:
    heads = sealed_heads(upto)
    return heads if root_of(heads).hex() == seal.root else None


def compare(seal: Seal, extent: Extent, sealed: Heads | None) -> Iterator[Problem]:
    """What differs between a seal and what is there.

    Args:
        sealed: the heads under the seal's root; None where nobody noted them.
    """
    if sealed is not None:
        found = False
        for name in sorted({*sealed, *extent.heads}):
            problem = _compare_stream(name, sealed, extent.heads)
            if problem is not None:
                found = True
                yield problem
        if found:
            return
    elif extent.root.hex() != seal.root:
        yield _of_log(
            "the streams are not those that were sealed; the log's own note of their heads was "
            "changed as well, so that the stream cannot be named"
        )
        return
    if extent.order.hex() != seal.order or extent.events != seal.events:
        yield _of_log("events have other positions than those that were sealed")


def _compare_stream(name: str, sealed: Heads, heads: Heads) -> Problem | None:
    before, now = sealed.get(name), heads.get(name)
    if before == now:
        return None
    if now is None:
        assert before is not None
        return _of_stream(name, 0, f"the stream is gone, which was sealed at version {before[0]}")
    if before is None:
        return _of_stream(name, now.version, "the stream was put in after the seal")
    if now.version < before.version:
        what = f"the stream ends here, and was sealed at version {before.version}"
        return _of_stream(name, now.version, what)
    if now.version > before.version:
        what = f"events were put in after the seal, which has version {before.version} for the last"
        return _of_stream(name, now.version, what)
    return _of_stream(name, now.version, "up to here the events are not those that were sealed")


def _of_log(what: str, position: int | None = None) -> Problem:
    return Problem(None, 0, position, what)


def _of_stream(name: str, version: int, what: str) -> Problem:
    key = None if name.startswith("!") else SessionKey.parse(name)
    return Problem(key, version, None, what, name)
