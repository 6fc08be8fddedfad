"""Which log is meant, and the Redis beside it.

An argument names the log; else the settings; else, where the storage type is set, the host
application's own variables; else it is the default file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .fields import Fields, StorageType, as_storage_type
from .invalid import InvalidSettings
from .location import DEFAULT, Beside, Location, default_path, is_postgres, log_url
from .sources import HOST_PLACES, PREFIX

HOST_VARIABLES: dict[StorageType, str] = {
    "sqlite": "SESSION_DB_PATH",
    "postgres": "DATABASE_URL",
    "redis-postgres": "DATABASE_URL",
}
"""By ``SESSION_STORAGE_TYPE``: which variable of the host application names the log."""


class Host(NamedTuple):
    """The variables of the host application, and where each is."""

    environment: Mapping[str, str]
    dotenv: Mapping[str, str]
    dotenv_path: Path | None

    def find(self, name: str) -> tuple[str, str, bool] | None:
        """A variable: its value, how it is told, and whether it is the ``.env`` file's."""
        if value := self.environment.get(name):
            return value, name, False
        if value := self.dotenv.get(name):
            return value, f"{name} in {self.dotenv_path}", True
        return None


class Chosen:
    """The choice, step by step."""

    def __init__(self, settings: Fields, set_by: Mapping[str, str], host: Host) -> None:
        self._settings = settings
        self._set_by = set_by
        self._host = host

    def location(self, db: str | None) -> Location:
        """Where the log is; see ``Settings.location``."""
        if db is not None:
            if not db:
                raise InvalidSettings(
                    "--db is empty; give it a database URL or a path, or leave it"
                )
            return Location(log_url(db), "--db", self.beside())
        return self._set() or self._of_host() or self._default()

    def _set(self) -> Location | None:
        """As the settings themselves name it."""
        kind, url, path = (
            self._settings.storage_type,
            self._settings.database_url,
            self._settings.db_path,
        )
        if url and path and kind is None:
            raise InvalidSettings(
                f"{self._by('database_url')} and {self._by('db_path')} both name a log; "
                f"say which by {PREFIX}STORAGE_TYPE, or leave one out"
            )
        if path and kind in (None, "sqlite"):
            return self._named("db_path", log_url(path), kind)
        if url:
            return self._named("database_url", log_url(url), kind)
        return None

    def _named(self, setting: str, url: str, kind: StorageType | None) -> Location:
        by = self._by(setting)
        if kind is not None:
            _hold_together(kind, self._by("storage_type"), url, by)
        return Location(url, by, self._beside(kind), self._is_found(by))

    def _of_host(self) -> Location | None:
        """As the variables of the host application name it, where it says what it keeps."""
        kind, by = self._storage_type()
        if kind is None:
            return None
        name = HOST_VARIABLES[kind]
        found = self._host.find(name)
        if found is None:
            if kind == "sqlite":
                return None
            raise InvalidSettings(
                f"{by} is {kind!r}, but no {name} names the database; set {PREFIX}DATABASE_URL"
            )
        value, where, of_dotenv = found
        url = log_url(value)
        _hold_together(kind, by, url, where)
        told = f"{where}, as {by} is {kind}"
        found_there = of_dotenv and self._host_is_found()
        return Location(url, told, self._beside(kind), found_there, (kind, by))

    def _storage_type(self) -> tuple[StorageType | None, str]:
        if self._settings.storage_type is not None:
            return self._settings.storage_type, self._by("storage_type")
        found = self._host.find(HOST_PLACES["storage_type"])
        if found is None:
            return None, ""
        value, by, _ = found
        kind = next((kind for kind in HOST_VARIABLES if kind == as_storage_type(value)), None)
        if kind is None:
            raise InvalidSettings(
                f"{by} is {value!r}; turnlog takes sqlite, postgres or redis-postgres there. A log "
                f"that {PREFIX}DATABASE_URL or --db names needs no storage type"
            )
        return kind, by

    def _default(self) -> Location:
        kind, by = self._storage_type()
        storage = (kind, by) if kind is not None else None
        url = log_url(str(default_path()))
        return Location(url, DEFAULT, self._beside(kind), storage=storage)

    def beside(self) -> Beside | None:
        """The Redis beside a log that an argument names."""
        return self._beside(self._settings.storage_type)

    def _beside(self, kind: StorageType | None) -> Beside | None:
        """The Redis beside the log: one that is named, unless the storage type goes without."""
        if kind not in (None, "redis-postgres"):
            return None
        if self._settings.redis_url:
            by = self._by("redis_url")
            return _redis(self._settings.redis_url, by, self._is_found(by))
        if kind is None:
            return None
        if (found := self._host.find(HOST_PLACES["redis_url"])) is None:
            by = self._storage_type()[1]
            raise InvalidSettings(
                f"{by} is {kind!r}, but no REDIS_URL names the Redis; set {PREFIX}REDIS_URL"
            )
        url, where, of_dotenv = found
        return _redis(url, where, of_dotenv and self._host_is_found())

    def _by(self, setting: str) -> str:
        return self._set_by.get(setting, f"the argument {setting}")

    def _is_found(self, by: str) -> bool:
        return by.endswith(f" in {self._host.dotenv_path}") and self._host_is_found()

    def _host_is_found(self) -> bool:
        """Whether the ``.env`` file is one that nobody named."""
        return "TURNLOG_ENV_FILE" not in self._host.environment


def _hold_together(kind: StorageType, by: str, url: str, named_by: str) -> None:
    if (kind != "sqlite") != is_postgres(url):
        form = "the path of a file" if kind == "sqlite" else "postgresql://user@host/name"
        raise InvalidSettings(
            f"{by} is {kind!r}, but {named_by} names another kind of database; write {form} there"
        )


def _redis(url: str, by: str, found: bool) -> Beside:
    if not url.lower().startswith(("redis://", "rediss://", "unix://")):
        raise InvalidSettings(f"{by} names no Redis; write redis://host:6379/0 there")
    return Beside(url, by, found)
