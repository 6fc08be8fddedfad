"""Which read models a log keeps: each by its name, with how it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Dialect

from ...domain.errors import Refused
from .read_model import ReadModel

Lifecycle = Literal["inline", "caught up"]
"""Folded in the append's own transaction, or afterwards, in batches."""
Policy = Literal["pause", "set aside"]
"""What becomes of an event that cannot be folded: the read model stays before it and tries it
again, or notes it and goes on without it."""


@dataclass(frozen=True)
class Registration:
    """A read model as a log is told of it."""

    name: str
    version: int
    make: Callable[[Dialect, str], ReadModel]
    """Makes it over the tables of a prefix."""
    lifecycle: Lifecycle = "caught up"
    policy: Policy = "pause"
    textless: bool = False
    """Whether its tables hold nothing that people wrote where the log is encrypted; what does is
    not kept there."""

    @classmethod
    def of(
        cls, kind: type[ReadModel], lifecycle: Lifecycle = "caught up", policy: Policy = "pause"
    ) -> Registration:
        """Register a class of read models under its own name and version."""
        return cls(kind.name, kind.version, kind, lifecycle, policy)

    def prefix(self, generation: str) -> str:
        """How the names of one generation's tables begin."""
        return prefix_of(self.name, self.version, generation)


def prefix_of(name: str, version: int, generation: str) -> str:
    """How the names of a generation's tables begin: ``sessions_v1``, ``sessions_v1b``."""
    return f"{name}_v{version}{generation}"


class Registry:
    """The read models of a log, by name."""

    def __init__(self, registrations: tuple[Registration, ...] = ()) -> None:
        self._by_name: dict[str, Registration] = {}
        for registration in registrations:
            self.add(registration)

    def add(self, registration: Registration) -> None:
        """Add a read model.

        Raises:
            Refused: another one has its name, or the name cannot begin a table's.
        """
        name = registration.name
        known = self._by_name.get(name)
        if known is not None and known != registration:
            raise Refused(
                f"two read models are named {name!r} (versions {known.version} and "
                f"{registration.version}); give one of them another name"
            )
        if not (name.isascii() and name.isidentifier() and name == name.lower()):
            raise Refused(
                f"{name!r} is no name for a read model: its tables' names begin with it; "
                "use lower-case letters, digits and underscores"
            )
        if re.search(r"_v\d+b?$", name):
            raise Refused(
                f"{name!r} is no name for a read model: it ends like the version that follows it"
            )
        if registration.version < 1:
            raise Refused(
                f"the read model {name!r} has version {registration.version}; versions begin at 1"
            )
        self._by_name[name] = registration

    def leave_out(self, name: str) -> None:
        """Keep a read model no more."""
        del self._by_name[name]

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Registration:
        """A read model by its name.

        Raises:
            Refused: there is none of that name.
        """
        found = self._by_name.get(name)
        if found is None:
            there = ", ".join(self._by_name)
            raise Refused(f"there is no read model {name!r}; there are {there or 'none'}")
        return found
