"""Opening a log by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from .adapters.storage.stores import open_store

if TYPE_CHECKING:
    from .log import Log


def default_path() -> Path:
    """The default file: ``turnlog.db`` in the user's data directory."""
    return Path(platformdirs.user_data_dir("turnlog")) / "turnlog.db"


def open_log(url: str | None = None, synchronous: str = "FULL", create: bool = True) -> Log:
    """Open a log; without a URL, the one that the settings name, else the default file.

    The arguments, and what they raise, are those of ``adapters.storage.stores.open_store``.
    """
    from .log import Log

    if url is None:
        from .settings import Settings  # an application that names its log needs none

        location = Settings.load().location()
        if create:
            location.make_folder()
        url = location.url
    return Log(open_store(url, synchronous, create=create))
