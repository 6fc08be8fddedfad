"""Stores of one's own: held to the contract, and found by their URLs."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from ...domain.errors import StorageError
from ...projections.engine.registry import Registry
from ..secrets import hidden
from .contract.store import Store

GROUP = "turnlog.stores"
_GIVEN = ("encrypted", "locked", "keys", "destroy_keys", "destroy_unused_keys")
"""What whoever derives from ``Store`` need not have."""


class NotAStore(StorageError):
    """An object that does not do what a store must."""


class Opening(NamedTuple):
    """What is asked of a package that opens stores of its own."""

    url: str
    registry: Registry
    """The read models that the log is to keep."""
    clock: Callable[[], int]
    """Milliseconds since 1970 UTC."""
    create: bool
    """Whether a log is made where there is none; else ``InvalidURL`` is raised."""


def check_store(store: object) -> Store:
    """A store of one's own, if it has everything that a log asks for.

    What it does is certified by ``turnlog.testing.StoreContract``.

    Raises:
        NotAStore: something is missing.
    """
    asked = [name for name in dir(Store) if not name.startswith("_")] + list(Store.__annotations__)
    missing = [name for name in asked if not _has(store, name)]
    if missing:
        raise NotAStore(
            f"{type(store).__name__} is no store: it has no {', '.join(missing)}; see "
            "docs/custom-stores.md"
        )
    return store  # type: ignore[return-value]


def installed_store(opening: Opening) -> Store | None:
    """The store that an installed package opens for a URL; None where none knows its scheme.

    The package names, under the entry points ``turnlog.stores``, a function by the URL's scheme. It
    takes an ``Opening`` and returns a ``Store``.

    Raises:
        StorageError: the package cannot be loaded, or what it gives is no store.
    """
    scheme = opening.url.partition(":")[0].lower()
    found = sorted(entry_points(group=GROUP, name=scheme), key=_package)
    if not found:
        return None
    point = found[0]
    if len({other.value for other in found}) > 1:
        packages = ", ".join(map(_package, found))
        raise StorageError(
            f"{hidden(opening.url)}: {packages} all open {scheme!r}; uninstall all but one"
        )
    try:
        open_one = point.load()
    except Exception as problem:  # whatever a foreign module raises when it is imported
        raise StorageError(
            f"{hidden(opening.url)}: {_package(point)} ({point.value}) cannot be loaded: "
            f"{type(problem).__name__}: {problem}; mend the package, or uninstall it"
        ) from problem
    return check_store(open_one(opening))


def _has(store: object, name: str) -> bool:
    if not hasattr(store, name):
        return False
    # A method of the protocol that was not overridden does nothing.
    inherited = getattr(type(store), name, None) is getattr(Store, name, store)
    return name in _GIVEN or not inherited


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"
