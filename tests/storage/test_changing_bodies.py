"""Bodies that are packed, removed and replaced, in detail; on every store, the published contract.

See ``turnlog.testing.store.removing`` for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.storage.storing import (
    KEY,
    entry,
    found,
    key,
    opened,
    record,
    recorded,
    renamed,
    started,
    turn,
    turns,
    uuid,
)
from turnlog.adapters.storage.contract.store import Store
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.contract.values import Packed, Repacked, StoredFile, Summary
from turnlog.adapters.storage.encoding.rows import to_row
from turnlog.domain.entry import identity_of
from turnlog.domain.errors import DamagedEvent, Refused
from turnlog.domain.events import (
    EntryRedacted,
    FileKept,
    SessionErased,
    SessionEvent,
    SessionForked,
    SessionPacked,
)
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey
from turnlog.domain.lineage import Segment

FIRST = Segment(0, None)


@pytest.fixture(params=["memory:", "sqlite://"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param) as opened_store:
        yield opened_store


def filled(store: Store, at: SessionKey = KEY) -> None:
    """A session of a few appends: version 1 begins it, 2 to 13 are entries, 14 is a title."""
    record(store, started(at).model_copy(update={"prompt": "Hm?"}), at=at)
    for first in (1, 5, 9):
        record(store, *turns(first, first + 3), at=at)
    record(store, renamed("The shop's secret"), at=at)


def pack(store: Store, at: SessionKey = KEY) -> Repacked:
    def work(transaction: Transaction) -> Repacked:
        stream = transaction.open(at)
        packed = transaction.pack(stream)
        if packed.blocks_before != packed.blocks_after:
            event = SessionPacked(**packed._asdict())
            transaction.record(stream, [event], fold(stream.state, [event]), stream.memory)
        return packed

    return store.write(work)


def erase(store: Store, at: SessionKey = KEY) -> int:
    def work(transaction: Transaction) -> int:
        stream = transaction.open(at)
        bodies = transaction.remove_bodies(stream)
        event = SessionErased(bodies=bodies)
        transaction.record(stream, [event], fold(stream.state, [event]), stream.memory)
        return bodies

    return store.write(work)


def redact(store: Store, version: int, event: SessionEvent, told: str | None = None) -> str:
    """Put an event's content in the place of another one's, and say so."""
    body = to_row(event)[1]
    assert body is not None

    def work(transaction: Transaction) -> str:
        stream = transaction.open(KEY)
        digest = transaction.replace_body(stream, version, body)
        said = EntryRedacted(of=version, digest=digest if told is None else told)
        transaction.record(stream, [said], fold(stream.state, [said]), stream.memory)
        return digest

    return store.write(work)


def bodies(store: Store, at: SessionKey = KEY) -> dict[int, bytes]:
    with store.read() as reader:
        stream = reader.find(at)
        assert stream is not None
        return {body.version: body.data for body in reader.bodies(stream, FIRST)}


def problem(store: Store, at: SessionKey = KEY) -> Any:
    with store.read() as reader:
        return reader.check(at)[1]


# -- packing ---------------------------------------------------------------------------------


def test_what_is_packed_reads_as_before(store: Store) -> None:
    filled(store)
    before = bodies(store), recorded(store)
    packed = pack(store)
    assert packed.blocks_after <= packed.blocks_before
    assert packed.bytes_after <= packed.bytes_before
    assert bodies(store) == before[0]
    assert recorded(store)[:14] == before[1]
    assert problem(store) is None
    with store.read() as reader:
        stream = found(store)
        assert reader.body(stream, 7) == (7, entry(6).body, False)
        known = reader.known(stream, [identity_of(uuid(6))])[identity_of(uuid(6))]
        assert reader.same(stream, known, entry(6))
        assert not reader.same(stream, known, entry(6, "another"))


def test_a_packed_session_goes_on(store: Store) -> None:
    filled(store)
    pack(store)
    record(store, *turns(20, 22))
    assert list(bodies(store).values())[-3:] == [entry(number).body for number in (20, 21, 22)]
    assert problem(store) is None
    before = bodies(store)
    pack(store)
    assert bodies(store) == before
    assert problem(store) is None


def test_packing_twice_is_packing_once(durable_url: str) -> None:
    with opened(durable_url) as store:
        filled(store)
        first = store.write(lambda transaction: transaction.pack(transaction.open(KEY)))
        assert (first.blocks_before, first.blocks_after) == (5, 2)  # entries, and the rest
        again = store.write(lambda transaction: transaction.pack(transaction.open(KEY)))
        assert again == Repacked(2, 2, first.bytes_after, first.bytes_after)


def test_what_was_compressed_ahead_is_taken_if_it_is_still_so(durable_url: str) -> None:
    """A body that changed since it was compressed ahead must never come back with packing."""
    with opened(durable_url) as store:
        filled(store)
        with store.read() as reader:
            ahead = reader.squeezed(found(store))
        assert len(ahead) == 2
        redact(store, 5, turn(4, "[redacted]"))
        before = bodies(store)
        store.write(lambda transaction: transaction.pack(transaction.open(KEY), ahead))
        assert bodies(store) == before
        assert problem(store) is None
        filled(store, key(2))
        with store.read() as reader:
            wrong = {
                made: Packed((), 0, None, b"") for made in reader.squeezed(found(store, key(2)))
            }
        store.write(lambda transaction: transaction.pack(transaction.open(key(2)), wrong))
        with pytest.raises(DamagedEvent):
            bodies(store, key(2))


def test_blocks_are_merged_until_one_holds_a_megabyte(durable_url: str) -> None:
    with opened(durable_url) as store:
        record(store, started())
        record(store, renamed("One"), renamed("Two"))
        for number in range(1, 7):
            record(store, turn(number, f"{number}" * 400_000))
        before = bodies(store)
        packed = store.write(lambda transaction: transaction.pack(transaction.open(KEY)))
        assert (packed.blocks_before, packed.blocks_after) == (7, 3)  # three of them in each
        assert bodies(store) == before
        record(store, turn(7, "7" * 400_000), turn(8, "8" * 400_000))
        packed = store.write(lambda transaction: transaction.pack(transaction.open(KEY)))
        assert (packed.blocks_before, packed.blocks_after) == (4, 4)
        assert problem(store) is None


def test_branches_stay_apart(store: Store) -> None:
    record(store, started(), turn(1), turn(2, branch=7), turn(3), turn(4, branch=7))
    record(store, turn(5), turn(6, branch=7))
    pack(store)
    assert [*bodies(store)] == [2, 4, 6]
    with store.read() as reader:
        assert [b.version for b in reader.bodies(found(store), Segment(7, None))] == [3, 5, 7]
    assert problem(store) is None


# -- removing --------------------------------------------------------------------------------


def test_removing_leaves_the_headers(store: Store) -> None:
    filled(store)
    with store.read() as reader:
        heads = list(reader.all_heads(found(store)))
    assert erase(store) == 14  # every event of it has content
    stream = found(store)
    assert bodies(store) == {}
    with store.read() as reader:
        assert reader.body(stream, 7) is None
        assert list(reader.all_heads(stream)) == heads
    events = recorded(store)
    assert len(events) == 15
    assert events[6].event.body == b""  # type: ignore[attr-defined]
    assert problem(store) is None


def test_content_that_is_missing_without_a_word_is_damage(durable_url: str) -> None:
    """Whoever removes bodies must say so: else a loss could pass for an erasure."""
    with opened(durable_url) as store:
        filled(store)
        store.write(lambda transaction: transaction.remove_bodies(transaction.open(KEY)))
        assert problem(store) == (1, 1, "its content is missing")


def test_what_is_recorded_after_an_erasure_must_be_there(durable_url: str) -> None:
    with opened(durable_url) as store:
        filled(store)
        erase(store)
        record(store, *turns(30, 31))
        assert problem(store) is None

        def lose(transaction: Transaction) -> int:
            return transaction.remove_bodies(transaction.open(KEY), [16])

        assert store.write(lose) == 1
        assert problem(store) == (16, 16, "its content is missing")


def test_an_erased_session_remembers_nothing(store: Store) -> None:
    """Titles, and digests by which a text could be guessed, must never outlive the bodies."""
    filled(store)
    before = found(store)
    assert "secret" in str(before.state.titles)
    erase(store)
    after = found(store)
    assert after.state.titles == {}
    assert after.memory.salt != before.memory.salt
    assert (after.memory.batches, after.memory.latest) == ((), {})


def test_removing_takes_some_bodies_alone(store: Store) -> None:
    filled(store)
    pack(store)
    left = {version: data for version, data in bodies(store).items() if version not in (3, 4, 9)}

    def work(transaction: Transaction) -> int:
        stream = transaction.open(KEY)
        removed = transaction.remove_bodies(stream, [3, 4, 9, 99])
        said = [EntryRedacted(of=version) for version in (3, 4, 9)]
        transaction.record(stream, said, fold(stream.state, said), stream.memory)
        return removed

    assert store.write(work) == 3
    assert bodies(store) == left
    assert problem(store) is None


def test_an_entry_that_was_erased_is_known_when_it_comes_again(store: Store) -> None:
    """A mirror's late retry must never bring erased content back."""
    filled(store)
    erase(store)
    with store.read() as reader:
        stream = found(store)
        known = reader.known(stream, [identity_of(uuid(6))], life=0)[identity_of(uuid(6))]
        assert reader.same(stream, known, entry(6))
        assert reader.same(stream, known, entry(6, "another"))


def test_what_was_made_of_a_session_goes_with_it(store: Store) -> None:
    fork = key(2)
    filled(store)
    filled(store, key(3))
    record(store, started(fork), at=fork)
    record(store, SessionForked(child=fork.stream_id, version=5))
    numbers = [found(store, at).id for at in (KEY, fork, key(3))]
    rows = [Summary(number, "1.0", 5, 0, 0, 0, b"secret") for number in numbers]
    store.write(lambda transaction: transaction.keep_summaries(rows))
    assert found(store).id in numbers
    erase(store)
    with store.read() as reader:
        assert reader.forks(found(store)) == [fork]
        kept = reader.summaries(KEY.project_key, "1.0") | reader.summaries(fork.project_key, "1.0")
        assert [*kept] == numbers[2:]


def test_kept_files_go_with_the_last_session_that_points_to_them(store: Store) -> None:
    one, both = b"1" * 32, b"2" * 32
    filled(store)
    filled(store, key(2))

    def keep(at: SessionKey, *digests: bytes) -> None:
        def work(transaction: Transaction) -> None:
            for digest in digests:
                transaction.keep_file(StoredFile(digest, 1, 0, b"x"))

        store.write(work)
        files = [FileKept(name="a", digest=d.hex(), kind="plan", size=1) for d in digests]
        record(store, *files, at=at)

    keep(KEY, one, both)
    keep(key(2), both)
    erase(store)
    with store.read() as reader:
        assert reader.file(one) is None
        assert reader.file(both) is not None
    erase(store, key(2))
    with store.read() as reader:
        assert reader.file(both) is None


# -- replacing -------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_a_replaced_body_verifies_once_it_is_told(store: Store, packed: bool) -> None:
    filled(store)
    if packed:
        pack(store)
    before = bodies(store)
    digest = redact(store, 5, turn(4, "[redacted]"))
    assert bodies(store) == before | {5: entry(4, "[redacted]").body}
    assert len(digest) == 64
    assert problem(store) is None


def test_a_body_that_was_replaced_twice(store: Store) -> None:
    filled(store)
    redact(store, 5, turn(4, "[redacted]"))
    redact(store, 5, turn(4, "[redacted again]"))
    assert problem(store) is None


@pytest.mark.parametrize("told", ["", "00" * 32])
def test_a_body_replaced_by_another_than_was_told_is_damage(durable_url: str, told: str) -> None:
    with opened(durable_url) as store:
        filled(store)
        redact(store, 5, turn(4, "[redacted]"), told)
        assert problem(store) == (5, 5, "its content was changed")


def test_an_entry_that_was_redacted_is_known_when_it_comes_again(store: Store) -> None:
    """The first content must never come back as a conflict with the one that replaced it."""
    filled(store)
    redact(store, 5, turn(4, "[redacted]"))
    with store.read() as reader:
        stream = found(store)
        known = reader.known(stream, [identity_of(uuid(4))])[identity_of(uuid(4))]
        assert reader.same(stream, known, entry(4))


def test_a_title_that_is_replaced_goes_from_the_state(store: Store) -> None:
    filled(store)
    redact(store, 14, renamed("[redacted]"))
    assert found(store).state.title == "[redacted]"
    assert "secret" not in str(found(store).state)
    assert problem(store) is None


def test_what_was_replaced_can_be_erased_and_packed(store: Store) -> None:
    filled(store)
    redact(store, 5, turn(4, "[redacted]"))
    pack(store)
    assert problem(store) is None
    erase(store)
    assert problem(store) is None


def test_bad_replacements_are_refused(store: Store) -> None:
    filled(store)

    def replace(version: int, body: bytes) -> None:
        def work(transaction: Transaction) -> None:
            transaction.replace_body(transaction.open(KEY), version, body)

        before = bodies(store)
        with pytest.raises(Refused):
            store.write(work)
        assert bodies(store) == before

    replace(99, b"{}")
    replace(5, b"no JSON")
    erase(store)
    replace(5, b"{}")
