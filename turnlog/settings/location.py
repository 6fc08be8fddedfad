"""Where the log is, and what said so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import platformdirs

from ..adapters.secrets import hidden
from .invalid import InvalidSettings

DEFAULT = "the default, as nothing else is set"

_URL = re.compile(r"[a-z][a-z0-9+.-]*://|memory:", re.IGNORECASE)
_POSTGRES = re.compile(r"postgres(ql)?(\+[a-z0-9]+)?://", re.IGNORECASE)
_HERE = ("", "localhost", "127.0.0.1", "::1")


class Beside(NamedTuple):
    """The Redis beside a log, and what named it."""

    url: str
    chosen_by: str
    found: bool = False
    """Whether that was an ``.env`` file that nobody named: the one of the working directory."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({hidden(self.url)!r}, {self.chosen_by!r})"


class Location(NamedTuple):
    """Where the log is, and what said so."""

    url: str
    chosen_by: str
    redis: Beside | None = None
    found: bool = False
    """As of ``Beside``."""
    storage: tuple[str, str] | None = None
    """The storage type that the host application says, and by which variable."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({hidden(self.url)!r}, {self.chosen_by!r}, {self.redis!r})"

    @property
    def is_default(self) -> bool:
        """Whether nothing chose it."""
        return self.chosen_by == DEFAULT

    @property
    def path(self) -> Path | None:
        """The file of a log in SQLite."""
        path = self.url.removeprefix("sqlite:///")
        return Path(unquote(path)) if path not in (self.url, "") else None

    def refuse_found(self) -> None:
        """Refuse to go to another machine that nothing names but an ``.env`` file lying about.

        Raises:
            InvalidSettings: whoever runs a command in a folder did not mean what lies there.
        """
        for place in (self, self.redis):
            if place is not None and place.found and is_elsewhere(place.url):
                raise InvalidSettings(
                    f"{place.chosen_by} names {hidden(place.url)}, another machine, and nobody "
                    "named that file; if you mean it, set TURNLOG_ENV_FILE=.env, or give --db"
                )

    def make_folder(self) -> None:
        """Make the folder of the default file, for its owner alone."""
        if self.is_default and self.path is not None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def default_path() -> Path:
    """The default file: ``turnlog.db`` in the user's data directory."""
    return Path(platformdirs.user_data_dir("turnlog")) / "turnlog.db"


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


def is_postgres(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    return _POSTGRES.match(url) is not None


def is_elsewhere(url: str) -> bool:
    """Whether the server of a URL may be on another machine; a file is here."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("", "sqlite", "unix", "memory"):
            return False
        hosts = [parts.hostname or "", *parse_qs(parts.query).get("host", [])]
    except ValueError:
        return True
    return any(host not in _HERE and not host.startswith("/") for host in hosts)
