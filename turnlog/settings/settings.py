"""The settings in force: read from every source, with what set each of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pydantic import PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .choosing import Chosen, Host
from .fields import Fields
from .invalid import InvalidSettings
from .location import Beside, Location
from .sources import Source, dotenv, env_file, in_capitals, sources
from .telling import told


class Settings(Fields):
    """What can be set. In the environment each name begins with ``TURNLOG_``.

    ``Settings.load()`` reads all sources; ``Settings(name=value)`` takes nothing but what it is
    given, and the defaults.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)
    _set_by: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing is read but by ``load``, which keeps what set each."""
        return (init_settings,)

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read them.

        Args:
            given: settings that come before all others, by their names; None is not given.

        Raises:
            InvalidSettings: a value makes no sense, or a file cannot be read; the message names
                what set it, and what it takes.
        """
        values, set_by = _merged(sources(cls))
        arguments = {name: value for name, value in given.items() if value is not None}
        values |= arguments
        set_by |= {name: f"the argument {name}" for name in arguments}
        try:
            settings = cls(**values)
        except ValidationError as problem:
            raise InvalidSettings(told(problem, cls, set_by)) from None
        settings._set_by = set_by
        return settings

    def set_by(self, name: str) -> str | None:
        """What set a setting; None where it has its default."""
        return self._set_by.get(name)

    def location(self, db: str | None = None) -> Location:
        """Where the log is.

        Args:
            db: what ``--db`` says.

        Raises:
            InvalidSettings: the path is empty, or is not UTF-8; or the storage type and what names
                the log do not fit together.
        """
        return self._choice().location(db)

    def redis(self) -> Beside | None:
        """The Redis beside a log that an argument names; a location has its own.

        Raises:
            InvalidSettings: the storage type says that there is one, and nothing names it.
        """
        return self._choice().beside()

    def _choice(self) -> Chosen:
        path = env_file()
        return Chosen(self, self._set_by, Host(in_capitals(os.environ), dotenv(path), path))


def _merged(found: Sequence[Source]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    set_by: dict[str, str] = {}
    for source in reversed(found):
        more = source()
        if more.keys() & {"database_url", "db_path"}:
            # A source that names the log takes the place of whatever named it before.
            for name in ("database_url", "db_path"):
                values.pop(name, None)
        values |= more
        set_by |= source.set_by
    return values, {name: by for name, by in set_by.items() if name in values}
