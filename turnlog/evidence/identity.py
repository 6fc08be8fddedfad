"""The name of a log: given by chance, once, and kept for ever."""

from __future__ import annotations

import os

from ..adapters.storage.contract.store import Store


def log_id(store: Store) -> str:
    """The log's name, 32 hexadecimal digits; one that has none is given one."""
    with store.read() as reader:
        name = reader.log_id()
    if name is None:
        store.write(lambda transaction: transaction.keep_log_id(os.urandom(16).hex()))
        with store.read() as reader:
            name = reader.log_id()
        assert name is not None
    return name
