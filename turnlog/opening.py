"""Opening a log by its URL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .adapters.redaction import redaction_of
from .adapters.storage.encryption.key_folder import KeyFolder
from .adapters.storage.encryption.keys import Keys
from .adapters.storage.installed import check_store
from .adapters.storage.stores import open_store
from .domain.errors import Refused
from .projecting.upgrading import bring_up_to_date
from .projections.engine.own import registrations_of
from .settings import Beside, Settings

if TYPE_CHECKING:
    from .adapters.storage.contract.store import Store
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
    keys: Keys | str | Path | None = None,
    store: Store | None = None,
    redis_url: str | None = None,
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
        keys: of an encrypted log: the folder they lie in, or what keeps them. A log that is made
            with them is encrypted; see docs/encryption.md.
        store: one of your own, in place of a URL and of all that says how to open one; see
            docs/custom-stores.md. It is closed with the log.
        redis_url: a Redis that has the active sessions at hand; see docs/redis.md. One that does
            not answer is done without.

    Raises:
        InvalidSettings: an argument or a setting has a value that makes no sense.
        InvalidURL: the URL names nothing turnlog can open, or no log and none is to be made.
        MissingExtra: the driver is not installed.
        KeysNeeded: these are not the log's keys, or the master key is missing or a wrong one.
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
        redis_url=redis_url,
    )
    redaction_of(settings.redact)  # one that cannot be matched is told now, not with an append
    redis = settings.redis()
    if store is None:
        if url is None:
            location = settings.location()
            redis = location.redis
            if create:
                location.make_folder()
            url = location.url
        store = _opened(url, settings, create, projections, keys)
    else:
        given = {"url": url, "synchronous": synchronous, "prices": prices, "keys": keys}
        _refuse_beside(
            **given, projections=tuple(projections), compress_threshold=compress_threshold
        )
        store = check_store(store)
    if not (outdated or store.locked):
        try:
            bring_up_to_date(store)
        except BaseException:
            store.close()
            raise
    return Log(_with_redis(store, redis), settings)


def _with_redis(store: Store, redis: Beside | None) -> Store:
    if redis is None:
        return store
    if store.encrypted:
        store.close()
        raise Refused(
            f"{store.url} is encrypted, and Redis would hold the titles and the names of users as "
            "they are; use it without one"
        )
    from .active.keeping import beside

    try:
        return beside(store, redis.url)
    except BaseException:
        store.close()
        raise


def _opened(
    url: str,
    settings: Settings,
    create: bool,
    projections: Iterable[type[Projection]],
    keys: Keys | str | Path | None,
) -> Store:
    return open_store(
        url,
        settings.synchronous,
        create=create,
        projections=registrations_of(projections),
        prices=settings.prices,
        compress_threshold=settings.compress_threshold,
        keys=_keys(keys, settings, url),
    )


def _refuse_beside(**given: object) -> None:
    """Refuse what says how to open a store, beside one that is open."""
    told = [name for name, value in given.items() if value is not None and value != ()]
    if told:
        raise Refused(
            f"a store of your own is open already: make it with {', '.join(told)}, or leave it out"
        )


def _keys(given: Keys | str | Path | None, settings: Settings, url: str) -> Keys | None:
    """What keeps the keys: as it was given, else the folder that the settings name."""
    if given is None and (settings.encryption_keys is None or url.startswith("memory:")):
        return None
    if given is not None and not isinstance(given, str | Path):
        return given
    master = settings.encryption_master_key
    return KeyFolder(
        given or settings.encryption_keys or "", master.get_secret_value() if master else None
    )
