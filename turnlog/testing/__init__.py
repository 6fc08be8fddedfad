"""Testing projections and stores of your own: what a fold makes of events, and whether a projection
or a store can be trusted.

Nothing in here but ``StoreContract`` needs a test framework: what does not hold is raised.
"""

from typing import TYPE_CHECKING, Any

from .checking import check_projection as check_projection
from .given import Given as Given
from .given import given as given
from .given import recorded as recorded
from .sample import sample as sample

if TYPE_CHECKING:
    from .store import MakeStore as MakeStore
    from .store import StoreContract as StoreContract

__all__ = [
    "Given",
    "MakeStore",
    "StoreContract",
    "check_projection",
    "given",
    "recorded",
    "sample",
]


def __getattr__(name: str) -> Any:
    # These are tests of pytest, which nobody needs who tries a projection.
    if name in ("MakeStore", "StoreContract"):
        from . import store

        return getattr(store, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
