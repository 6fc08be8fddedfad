"""The contract of a store as a suite of pytest tests, the one that turnlog's own stores pass."""

from __future__ import annotations

import pytest

_PARTS = (
    "adopting",
    "atomic",
    "beside",
    "entries",
    "lookups",
    "models",
    "removing",
    "together",
    "versions",
)
# So that what does not hold is told in full.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from .adopting import Adopting
from .atomic import Atomic
from .base import Base as Base
from .base import Clock as Clock
from .base import MakeStore as MakeStore
from .beside import Beside
from .entries import Entries
from .lookups import Lookups
from .models import ReadModels
from .removing import Removing
from .together import Together
from .versions import Versions


class StoreContract(
    Versions, Atomic, Lookups, Entries, Beside, ReadModels, Removing, Adopting, Together
):
    """What every store must do, as tests: derive a class, and override the fixture ``make_store``.

    ``durable`` says whether a store holds what was committed when it is closed and made again.
    """
