"""What is packed reads as before; what is removed or replaced is gone, and the chain holds."""

from __future__ import annotations

from functools import partial

import pytest

from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...adapters.storage.contract.values import StoredFile
from ...domain.errors import Refused
from ...domain.events import EntryRedacted, FileKept, SessionErased, SessionPacked
from ...domain.lineage import Segment
from .base import Base
from .recording import KEY, entry, record, recorded, recording, renamed, started, turn, turns


def _bodies(store: Store) -> dict[int, bytes]:
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        return {body.version: body.data for body in reader.bodies(stream, Segment(0, None))}


def _checked(store: Store) -> tuple[int, object]:
    with store.read() as reader:
        return reader.check(KEY)


def _replace(transaction: Transaction, version: int, body: bytes) -> str:
    return transaction.replace_body(transaction.open(KEY), version, body)


class Removing(Base):
    """What is packed reads as before; what is removed or replaced is gone, and the chain holds."""

    def test_what_is_packed_reads_as_before(self, store: Store) -> None:
        record(store, started())
        for number in range(1, 6):
            record(store, turn(number))
        before, bodies = recorded(store), _bodies(store)

        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            ahead = reader.squeezed(stream)

        def pack(transaction: Transaction) -> None:
            packed = transaction.pack(transaction.open(KEY), ahead)
            recording([SessionPacked(**packed._asdict())])(transaction)

        store.write(pack)
        assert recorded(store)[:6] == before
        assert _bodies(store) == bodies
        record(store, turn(6))
        assert _bodies(store) == {**bodies, 8: entry(6).body}
        assert _checked(store) == (8, None)

    def test_bodies_that_are_removed_are_gone_and_headers_stay(self, store: Store) -> None:
        """An erased text must never be read again, and what stays must still verify."""
        record(store, started(), turn(1, "a secret"), renamed("secret too"), turn(2))
        before = recorded(store)

        def erase(transaction: Transaction) -> int:
            bodies = transaction.remove_bodies(transaction.open(KEY))
            recording([SessionErased(bodies=bodies)])(transaction)
            return bodies

        assert store.write(erase) == 3
        events = recorded(store)
        assert "secret" not in repr([event.event for event in events])
        headers = [(e.position, e.version, e.topic, e.recorded_at, e.chain) for e in before]
        assert [(e.position, e.version, e.topic, e.recorded_at, e.chain) for e in events][
            :4
        ] == headers
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert reader.body(stream, 2) is None
            assert "secret" not in repr(stream)
        assert _checked(store) == (5, None)

    def test_some_bodies_are_removed_and_their_neighbours_stay(self, store: Store) -> None:
        record(store, started(), *turns(1, 5))

        def erase(transaction: Transaction) -> int:
            bodies = transaction.remove_bodies(transaction.open(KEY), [3, 5])
            recording([SessionErased(bodies=bodies)])(transaction)
            return bodies

        assert store.write(erase) == 2
        assert _bodies(store) == {2: entry(1).body, 4: entry(3).body, 6: entry(5).body}
        assert _checked(store) == (7, None)

    def test_a_body_that_is_replaced_is_gone_and_verifies(self, store: Store) -> None:
        record(store, started(), turn(1, "a secret"), turn(2))
        redacted = entry(1, "[redacted]").body

        def redact(transaction: Transaction) -> None:
            digest = transaction.replace_body(transaction.open(KEY), 2, redacted)
            recording([EntryRedacted(of=2, digest=digest)])(transaction)

        store.write(redact)
        assert _bodies(store) == {2: redacted, 3: entry(2).body}
        assert "a secret" not in repr(recorded(store))
        assert _checked(store) == (4, None)

    def test_a_body_that_nobody_owned_up_to_replacing_does_not_verify(self, store: Store) -> None:
        """A text that was put in the place of another must never pass for what was recorded."""
        record(store, started(), turn(1), turn(2))
        other = entry(1, "something else").body
        store.write(partial(_replace, version=2, body=other))
        held, problem = _checked(store)
        assert held == 1
        assert problem is not None

    def test_what_is_no_entry_replaces_none(self, store: Store) -> None:
        record(store, started(), turn(1))
        for version, body in ((2, b"not json"), (9, b"{}")):
            with pytest.raises(Refused):
                store.write(partial(_replace, version=version, body=body))
        assert _bodies(store) == {2: entry(1).body}

    def test_kept_files_are_forgotten_once_nobody_points_to_them(self, store: Store) -> None:
        """A content that a session still points to must never go, nor one stay that none does."""
        digests = [byte * 32 for byte in (b"a", b"b", b"c")]

        def keep(transaction: Transaction) -> None:
            for digest in digests:
                transaction.keep_file(StoredFile(digest, 3, 0, b"abc"))

        store.write(keep)
        pointed = FileKept(name="plans/a.md", digest=digests[0].hex(), kind="plan", size=3)
        record(store, started(), pointed)
        asked = [digest.hex() for digest in (*digests[:2], b"d" * 32)]
        store.write(lambda transaction: transaction.forget_files(asked))
        with store.read() as reader:
            kept = [digest for digest in digests if reader.file(digest) is not None]
        assert kept == [digests[0], digests[2]]

    def test_what_was_removed_leaves_the_files(self, store: Store) -> None:
        record(store, started(), turn(1, "x" * 100_000))
        store.write(lambda t: t.remove_bodies(t.open(KEY)))
        reclaimed = store.reclaim()
        assert reclaimed.after <= reclaimed.before
        assert recorded(store)[0].version == 1
