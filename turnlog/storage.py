"""Stores of your own: the contract a store keeps, and what helps to keep it.

``turnlog.open(store=…)`` takes a store, and a URL leads to one that an installed package opens
under the entry points ``turnlog.stores``. ``turnlog.testing.StoreContract`` certifies it. See
docs/custom-stores.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from .adapters.storage.contract.reader import Reader as Reader
from .adapters.storage.contract.store import Store as Store
from .adapters.storage.contract.transaction import Transaction as Transaction
from .adapters.storage.contract.values import Appended as Appended
from .adapters.storage.contract.values import Body as Body
from .adapters.storage.contract.values import Content as Content
from .adapters.storage.contract.values import Packed as Packed
from .adapters.storage.contract.values import Reclaimed as Reclaimed
from .adapters.storage.contract.values import Repacked as Repacked
from .adapters.storage.contract.values import Source as Source
from .adapters.storage.contract.values import Squeezed as Squeezed
from .adapters.storage.contract.values import StoredFile as StoredFile
from .adapters.storage.contract.values import Stream as Stream
from .adapters.storage.contract.values import Stretch as Stretch
from .adapters.storage.contract.values import Summary as Summary
from .adapters.storage.contract.values import Unreadable as Unreadable
from .adapters.storage.installed import NotAStore as NotAStore
from .adapters.storage.installed import Opening as Opening
from .adapters.storage.memory.models import MemoryModels as ModelsInMemory
from .adapters.storage.memory.store import MemoryStore as MemoryStore
from .adapters.storage.stores import has_fts5, open_store
from .adapters.storage.stores import read_models as _read_models
from .adapters.storage.wrapped import WrappedStore as WrappedStore
from .domain.recorded import Recorded as Recorded
from .projections.engine.own import registrations_of
from .projections.engine.projection import Projection
from .projections.engine.registry import Registry as Registry

__all__ = [
    "Appended",
    "Body",
    "Content",
    "MemoryStore",
    "ModelsInMemory",
    "NotAStore",
    "Opening",
    "Packed",
    "Reader",
    "Reclaimed",
    "Recorded",
    "Registry",
    "Repacked",
    "Source",
    "Squeezed",
    "Store",
    "StoredFile",
    "Stream",
    "Stretch",
    "Summary",
    "Transaction",
    "Unreadable",
    "WrappedStore",
    "open_store",
    "read_models",
]


def read_models(
    projections: Iterable[type[Projection]] = (), prices: str = "table", search: bool | None = None
) -> Registry:
    """The read models that every log keeps, for a store to be made with.

    Args:
        projections: of your own, kept besides.
        prices: as ``turnlog.open`` takes it.
        search: whether the search index is one of them; by default where this Python's SQLite can
            search texts, for read models that lie in SQLite or PostgreSQL.

    Raises:
        InvalidProjection: one of them cannot be kept.
        Refused, MissingExtra: as ``turnlog.open`` raises them of ``prices``.
    """
    searched = has_fts5() if search is None else search
    return _read_models(registrations_of(projections), prices, searched)
