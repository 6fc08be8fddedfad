"""What lies beside the events: files, and how far they were imported."""

from __future__ import annotations

from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...adapters.storage.contract.values import Source, StoredFile, Summary
from ...domain.keys import SessionKey
from .base import Base
from .recording import KEY, found


class Beside(Base):
    """What lies beside the events: files, and how far they were imported."""

    def test_how_far_a_file_was_imported_is_kept(self, store: Store) -> None:
        first = Source("host:/a.jsonl", 10, 1, 2, 10, None)
        later = Source("host:/a.jsonl", 30, 3, 2, 20, b"identity")
        store.write(lambda transaction: transaction.keep_source(first))
        store.write(lambda transaction: transaction.keep_source(later))
        with store.read() as reader:
            assert reader.source("host:/a.jsonl") == later
            assert reader.source("host:/b.jsonl") is None

    def test_a_files_content_is_kept_once(self, store: Store) -> None:
        file = StoredFile(b"d" * 32, 3, 0, b"abc")
        store.write(lambda transaction: transaction.keep_file(file))
        store.write(lambda transaction: transaction.keep_file(file._replace(data=b"xyz")))
        with store.read() as reader:
            assert reader.file(b"d" * 32) == file
            assert reader.file(b"e" * 32) is None

    def test_the_sdks_summaries_are_kept_by_project_and_release(self, store: Store) -> None:
        def keep(transaction: Transaction) -> None:
            streams = [transaction.open(at) for at in (KEY, SessionKey("other", "s"))]
            for stream in streams:
                transaction.keep_summaries([Summary(stream.id, "0.2", 1, 0, 0, 0, b"old")])
                transaction.keep_summaries([Summary(stream.id, "0.2", 2, 0, 0, 0, b"new")])

        store.write(keep)
        number = found(store).id
        with store.read() as reader:
            assert reader.summaries(KEY.project_key, "0.2") == {
                number: Summary(number, "0.2", 2, 0, 0, 0, b"new")
            }
            assert reader.summaries(KEY.project_key, "0.3") == {}
