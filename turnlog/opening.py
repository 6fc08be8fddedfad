"""Opening a log by its URL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .adapters.redaction import redaction_of
from .adapters.storage.stores import open_store
from .projecting.upgrading import bring_up_to_date
from .projections.engine.own import registrations_of
from .settings import Settings

if TYPE_CHECKING:
    from .log import Log
    from .projections.engine.projection import Projection


def open_log(
    url: str | None = None,
    synchronous: str | None = None,
    create: bool = True,
    projections: Iterable[type[Projection]] = (),
    outdated: bool = False,
    prices: str | None = None,
    checkpoint_interval: int | None = None,
    compress_threshold: int | None = None,
    continue_hours: float | None = None,
    cleanup_days: int | None = None,
    redact: str | Sequence[str] | None = None,
) -> Log:
    """Open a log; without a URL, the one that the settings name, else the default file.

    What is not given is as the settings say: the environment, an ``.env`` file, the settings file.

    Args:
        url: ``sqlite:///path``, ``sqlite://`` (in memory), ``postgresql://…``, ``memory:``.
        synchronous: with ``FULL`` every commit to SQLite is durable; ``NORMAL`` may lose the last
            ones when the machine (not the process) fails.
        create: whether a log is made where there is none.
        projections: of your own, kept besides the built-in ones.
        outdated: open the log also where read models wait to be rebuilt; nothing can be appended
            until they are.
        prices: where the cost of a response is from: ``table``, turnlog's own, or
            ``genai-prices``. What is there already is priced anew by a rebuild.
        checkpoint_interval: turns between automatic checkpoints; 0 for none but those at each
            prompt.
        compress_threshold: bytes from which on what an append writes is compressed.
        continue_hours: for how long after its last message a directory's session is continued.
        cleanup_days: after how many days a session that ended may be cleaned up.
        redact: what is taken out of entries before they are recorded: patterns, a line each or as
            a list.

    Raises:
        InvalidSettings: an argument or a setting has a value that makes no sense.
        InvalidURL: the URL names nothing turnlog can open, or no log and none is to be made.
        MissingExtra: the driver is not installed.
        StorageError: the database cannot be opened, or belongs to something else.
        InvalidPattern: something cannot be matched that is to be taken out.
        InvalidProjection: one of them cannot be kept.
        NeedsRebuild: read models are of an earlier release, and the log is long; where it is
            short they are rebuilt now.
    """
    from .log import Log

    settings = Settings.load(
        synchronous=synchronous,
        prices=prices,
        checkpoint_interval=checkpoint_interval,
        compress_threshold=compress_threshold,
        continue_hours=continue_hours,
        cleanup_days=cleanup_days,
        redact=redact,
    )
    redaction_of(settings.redact)  # one that cannot be matched is told now, not with an append
    if url is None:
        location = settings.location()
        if create:
            location.make_folder()
        url = location.url
    own = registrations_of(projections)
    store = open_store(
        url,
        settings.synchronous,
        create=create,
        projections=own,
        prices=settings.prices,
        compress_threshold=settings.compress_threshold,
    )
    if not outdated:
        try:
            bring_up_to_date(store)
        except BaseException:
            store.close()
            raise
    return Log(store, settings)
