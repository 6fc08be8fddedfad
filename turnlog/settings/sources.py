"""Where settings come from: the environment, an ``.env`` file, the settings file, the host.

Each source gives values by the names of settings, and says of each what set it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from .invalid import InvalidSettings

PREFIX = "TURNLOG_"
HOST_NAMES = {
    "cleanup_days": "SESSION_CLEANUP_DAYS",
    "checkpoint_interval": "SESSION_CHECKPOINT_INTERVAL",
    "compress_threshold": "SESSION_COMPRESS_THRESHOLD",
}
"""What a host application calls a policy. These choose no log, so they hold by themselves."""

HOST_PLACES = {
    "storage_type": "SESSION_STORAGE_TYPE",
    "db_path": "SESSION_DB_PATH",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
}
"""What it calls the places of its sessions; see ``location``, which asks for them last of all."""


def names_of(setting: str) -> list[str]:
    """The variables of a setting, the first of which holds."""
    host = {**HOST_NAMES, **HOST_PLACES}.get(setting, "")
    names = [PREFIX + setting.upper()]
    return [*names, PREFIX + host] if host.startswith("SESSION_") else names


class Variables(PydanticBaseSettingsSource):
    """Settings by the names of variables."""

    def __init__(
        self,
        kind: type[BaseSettings],
        variables: Mapping[str, str],
        where: str = "",
        host: bool = False,
    ) -> None:
        """Takes the variables by their names in capitals, and how the place of all is told."""
        super().__init__(kind)
        self._variables = variables
        self._where = where
        self._host = host
        self.set_by: dict[str, str] = {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of a setting, and the variable that has it."""
        names = [HOST_NAMES.get(field_name, "")] if self._host else names_of(field_name)
        for name in names:
            if value := self._variables.get(name):  # an empty one is none
                return value, name, self.field_is_complex(field)
        return None, "", False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for setting, field in self.settings_cls.model_fields.items():
            text, name, is_complex = self.get_field_value(field, setting)
            if text is None:
                continue
            self.set_by[setting] = name + self._where
            try:
                found[setting] = self.prepare_field_value(setting, field, text, is_complex)
            except ValueError:
                raise InvalidSettings(f"{name}{self._where} is no JSON") from None
        return found


class SettingsFile(PydanticBaseSettingsSource):
    """The settings file, in TOML."""

    def __init__(self, kind: type[BaseSettings], path: Path) -> None:
        super().__init__(kind)
        self._path = path
        self.set_by: dict[str, str] = {}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: the file is read as a whole."""
        return None, "", False

    def __call__(self) -> dict[str, Any]:
        try:
            found = TomlConfigSettingsSource(self.settings_cls, self._path)()
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise InvalidSettings(f"{self._path} cannot be read: {problem}") from problem
        self.set_by = {name: f"{name} in the settings file {self._path}" for name in found}
        return found


Source = Variables | SettingsFile


def sources(kind: type[BaseSettings]) -> Sequence[Source]:
    """Every source, the one whose values hold first.

    Raises:
        InvalidSettings: a file cannot be read.
    """
    own = in_capitals(os.environ)
    path = env_file()
    named = dotenv(path)
    return (
        Variables(kind, own),
        Variables(kind, named, f" in {path}"),
        SettingsFile(kind, settings_file()),
        Variables(kind, own, host=True),
        Variables(kind, named, f" in {path}", host=True),
    )


def settings_file() -> Path:
    """The settings file: ``TURNLOG_SETTINGS_FILE``, else ``settings.toml`` in the user's folder.

    Raises:
        InvalidSettings: the variable names no file. What it would set may be which log is meant.
    """
    named = os.environ.get("TURNLOG_SETTINGS_FILE")
    if named:
        if not os.path.exists(named):  # noqa: PTH110 - false where the folder is closed to us
            raise InvalidSettings(f"TURNLOG_SETTINGS_FILE is {named!r}, which is not there")
        return Path(named)
    return Path(platformdirs.user_config_dir("turnlog")) / "settings.toml"


def env_file() -> Path | None:
    """The file that stands in for the environment; None where there is none.

    It is ``TURNLOG_ENV_FILE``, where an empty name means none, else ``.env`` in the working
    directory.

    Raises:
        InvalidSettings: the variable names no file.
    """
    named = os.environ.get("TURNLOG_ENV_FILE")
    if named == "":
        return None
    path = Path(named or ".env")
    # Unlike is_file, this is false where the folder is closed to us.
    if os.path.isfile(path):  # noqa: PTH113
        return path.absolute()
    if named:
        raise InvalidSettings(f"TURNLOG_ENV_FILE is {named!r}, which is no file")
    return None


def dotenv(path: Path | None) -> dict[str, str]:
    """The variables of an ``.env`` file, by their names in capitals.

    Raises:
        InvalidSettings: it cannot be read.
    """
    if path is None:
        return {}
    try:
        source = DotEnvSettingsSource(BaseSettings, path, "utf-8", case_sensitive=True)
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidSettings(
            f"{path} cannot be read: {problem}; TURNLOG_ENV_FILE= (empty) leaves it out"
        ) from problem
    return in_capitals({k: v for k, v in source.env_vars.items() if v is not None})


def in_capitals(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables by their names in capitals."""
    return {name.upper(): value for name, value in variables.items()}
