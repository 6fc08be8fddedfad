"""What a decision asks of the past."""

from __future__ import annotations

from ...adapters.storage.contract.store import Store
from ...domain.batch import Known
from ...domain.entry import identity_of, message_identity
from ...domain.events import SessionDeleted, UsageRecorded
from ...domain.usage import Usage
from .base import Base
from .recording import KEY, entry, record, started, turn, turns, uuid


class Lookups(Base):
    """What a decision asks of the past."""

    def test_identities_are_known_within_the_present_life(self, store: Store) -> None:
        record(store, started(), *turns(1, 2))
        record(store, turn(3, place=2, before=2))
        wanted = [identity_of(uuid(number)) for number in (1, 3, 9)]
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            known = {wanted[0]: Known(2, 0, 2), wanted[1]: Known(4, 0, 2)}
            assert reader.known(stream, wanted) == known
            assert reader.versions(stream, wanted[0]) == [2]
            assert reader.versions(stream, wanted[2]) == []
        record(store, SessionDeleted(), started(), turn(1))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert reader.known(stream, wanted) == {wanted[0]: Known(7, 0, 7)}
            assert reader.known(stream, wanted, life=0)[wanted[1]] == Known(4, 0, 2)
            assert reader.versions(stream, wanted[0]) == [2, 7]

    def test_many_identities_are_looked_up_at_once(self, store: Store) -> None:
        record(store, started(), *turns(1, 700))
        wanted = [identity_of(uuid(number)) for number in range(1, 1000)]
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert len(reader.known(stream, wanted)) == 700

    def test_the_same_content_is_told_from_another(self, store: Store) -> None:
        record(store, started(), turn(1, "as it was"))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            assert reader.same(stream, Known(2, 0, 2), entry(1, "as it was"))
            assert not reader.same(stream, Known(2, 0, 2), entry(1, "changed"))

    def test_of_a_response_the_best_counters_are_known(self, store: Store) -> None:
        def used(tokens: int, counted: int, finished: bool = False) -> UsageRecorded:
            return UsageRecorded.trusted(
                identity=message_identity("msg_1"),
                message_id="msg_1",
                turn=1,
                counters=Usage(3, tokens),
                counted=Usage(3, counted),
                finished=finished,
            )

        record(store, started(), used(5, 0))
        record(store, used(2, 5), used(40, 5, finished=True))
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            found_responses = reader.responses(stream, ["msg_1", "msg_2"])
        assert list(found_responses) == ["msg_1"]
        response = found_responses["msg_1"]
        assert (response.turn, response.counters, response.finished) == (1, Usage(3, 40), True)
