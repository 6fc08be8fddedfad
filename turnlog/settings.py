"""Settings: where the log is and how it is kept.

What is given first of these holds: an argument (``--db``), the environment (``TURNLOG_…``), the
settings file. Then, only where ``SESSION_STORAGE_TYPE`` says that it means a session store, the
host application's own variables. A bare ``DATABASE_URL`` never chooses the log.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, unquote

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from .domain.batch import CHECKPOINT_EVERY
from .domain.errors import TurnlogError
from .opening import default_path

_URL = re.compile(r"[a-z][a-z0-9+]*://|memory:", re.IGNORECASE)
_POSTGRES = re.compile(r"postgres(ql)?(\+[a-z0-9]+)?://", re.IGNORECASE)


DEFAULT = "the default, as nothing else is set"


class InvalidSettings(TurnlogError):
    """A setting with a value that makes no sense, or a settings file that cannot be read."""


class Location(NamedTuple):
    """Where the log is, and what said so."""

    url: str
    chosen_by: str

    @property
    def is_default(self) -> bool:
        """Whether nothing chose it."""
        return self.chosen_by == DEFAULT

    @property
    def path(self) -> Path | None:
        """The file of a log in SQLite."""
        path = self.url.removeprefix("sqlite:///")
        return Path(unquote(path)) if path not in (self.url, "") else None

    def make_folder(self) -> None:
        """Make the folder of the default file, for its owner alone."""
        if self.is_default and self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


class Settings(BaseSettings):
    """What can be set. In the environment each name begins with ``TURNLOG_``."""

    model_config = SettingsConfigDict(
        env_prefix="TURNLOG_", extra="forbid", env_ignore_empty=True, frozen=True
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="The log: a database URL, or the path of a SQLite file. Without it, turnlog.db "
        "in the user's data directory.",
    )
    storage_type: Literal["sqlite", "postgres", "redis-postgres"] | None = Field(
        default=None,
        description="What the log is kept in. Without it, what the log's name says.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,
        description="A Redis that holds the list of active sessions ready, beside the log.",
    )
    synchronous: Literal["FULL", "NORMAL"] = Field(
        default="FULL",
        description="What SQLite promises: with FULL a commit outlives the failure of the machine, "
        "with NORMAL only that of the process.",
    )
    compress_threshold: int = Field(
        default=0,
        ge=0,
        le=1 << 30,
        description="Bytes from which on the bodies of an append are compressed; smaller ones are "
        "stored as they are.",
    )
    checkpoint_interval: int = Field(
        default=CHECKPOINT_EVERY,
        ge=0,
        le=10**6,
        description="Turns between automatic checkpoints; 0 for none but those at each prompt.",
    )
    continue_hours: float = Field(
        default=4.0,
        gt=0,
        le=24 * 366 * 100,
        description="Hours after its last message for which a directory's latest session is "
        "continued by `log.get_or_create`; after that a new one begins.",
    )
    cleanup_days: int = Field(
        default=30,
        ge=0,
        le=366 * 100,
        description="Days after which a session that ended is cleaned up by `turnlog gc`, counted "
        "from when it was recorded.",
    )
    user_id: str | None = Field(default=None, description="Whose sessions an import records.")
    actor: str | None = Field(
        default=None,
        description="Who the audit trail names for what is done on the command line. Without it, "
        "the login name.",
    )
    prices: Literal["table", "genai-prices"] = Field(
        default="table",
        description="Where the cost of a response is from: the table that comes with turnlog, or "
        "the library genai-prices (`pip install 'turnlog[prices]'`), which knows the models of "
        "other makers too. What is recorded already is priced anew by `turnlog rebuild`.",
    )
    budget_usd: Decimal | None = Field(
        default=None,
        gt=0,
        lt=10**9,
        description="Dollars a month (or a day) that are meant to be enough; `turnlog stats` and "
        "`turnlog status` warn from 80 % on.",
    )
    budget_per: Literal["day", "month"] = Field(
        default="month", description="What the budget is for: a day or a month."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment before the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=settings_file())
        return init_settings, env_settings, file

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read them.

        Args:
            given: settings that come before all others, by their names; None is not given.

        Raises:
            InvalidSettings: a value makes no sense; the message names it.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as problem:
            told = "; ".join(_told(error) for error in problem.errors())
            raise InvalidSettings(f"{told}; see `turnlog settings`") from None
        except (OSError, ValueError) as problem:
            raise InvalidSettings(f"{settings_file()} cannot be read: {problem}") from problem

    def location(
        self, db: str | None = None, environment: Mapping[str, str] = os.environ
    ) -> Location:
        """Where the log is.

        Args:
            db: what ``--db`` says.
            environment: where the host application's variables are looked up.

        Raises:
            InvalidSettings: the path is empty, or is not UTF-8.
        """
        if db is not None:
            if not db:
                raise InvalidSettings(
                    "--db is empty; give it a database URL or a path, or leave it"
                )
            return Location(log_url(db), "--db")
        if self.database_url:
            named = environment.get("TURNLOG_DATABASE_URL")
            return Location(
                log_url(self.database_url),
                "TURNLOG_DATABASE_URL" if named else f"the settings file {settings_file()}",
            )
        return _of_host(environment) or Location(log_url(str(default_path())), DEFAULT)


HOST_VARIABLES = {
    "sqlite": "SESSION_DB_PATH",
    "postgres": "DATABASE_URL",
    "postgresql": "DATABASE_URL",
}
"""By ``SESSION_STORAGE_TYPE``: which variable of the host application names the database."""


def settings_file() -> Path:
    """The settings file: ``TURNLOG_SETTINGS_FILE``, else ``settings.toml`` in the user's folder."""
    named = os.environ.get("TURNLOG_SETTINGS_FILE")
    if named:
        return Path(named)
    return Path(platformdirs.user_config_dir("turnlog")) / "settings.toml"


def log_url(text: str) -> str:
    """The database URL of a log: a URL as it is, anything else as the path of a SQLite file.

    Raises:
        InvalidSettings: the path is not UTF-8, which a URL cannot spell.
    """
    if _POSTGRES.match(text):
        return _POSTGRES.sub("postgresql+psycopg://", text, count=1)
    if _URL.match(text):
        return text
    path = str(Path(text).expanduser())
    try:
        return "sqlite:///" + quote(path, safe="/\\:~ @+=,")
    except UnicodeEncodeError:
        raise InvalidSettings(f"the path {path!r} is not UTF-8; choose another") from None


def _of_host(environment: Mapping[str, str]) -> Location | None:
    kind = environment.get("SESSION_STORAGE_TYPE", "").strip().lower()
    name = HOST_VARIABLES.get(kind, "")
    value = environment.get(name, "")
    if not value:
        return None
    return Location(log_url(value), f"{name}, as SESSION_STORAGE_TYPE is {kind}")


def _told(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    return f"setting {name!r}: {error['msg']}, got {error['input']!r:.80}"
