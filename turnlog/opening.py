"""Opening a log by its URL."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from .adapters.storage.stores import open_store
from .projecting.upgrading import bring_up_to_date
from .projections.engine.own import registrations_of

if TYPE_CHECKING:
    from .log import Log
    from .projections.engine.projection import Projection


def default_path() -> Path:
    """The default file: ``turnlog.db`` in the user's data directory."""
    return Path(platformdirs.user_data_dir("turnlog")) / "turnlog.db"


def open_log(
    url: str | None = None,
    synchronous: str = "FULL",
    create: bool = True,
    projections: Iterable[type[Projection]] = (),
    outdated: bool = False,
    prices: str = "table",
) -> Log:
    """Open a log; without a URL, the one that the settings name, else the default file.

    The other arguments, and what they raise, are those of ``adapters.storage.stores.open_store``.

    Args:
        projections: of your own, kept besides the built-in ones.
        outdated: open the log also where read models wait to be rebuilt; nothing can be appended
            until they are.

    Raises:
        InvalidProjection: one of them cannot be kept.
        NeedsRebuild: read models are of an earlier release, and the log is long; where it is
            short they are rebuilt now.
    """
    from .log import Log

    from .settings import Settings

    settings = Settings.load()
    if url is None:
        location = settings.location()
        if create:
            location.make_folder()
        url = location.url
    own = registrations_of(projections)
    store = open_store(url, synchronous, create=create, projections=own, prices=prices)
    if not outdated:
        try:
            bring_up_to_date(store)
        except BaseException:
            store.close()
            raise
    return Log(store, settings)
