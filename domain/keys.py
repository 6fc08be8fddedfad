"""The name of a session, and the text id of its stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from .errors import InvalidKey

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_ID = 1024
"""The longest stream id in ASCII characters: a B-tree page of PostgreSQL takes 2,704 bytes."""


class SessionKey(NamedTuple):
    """A session's name, or that of one of its subagents' streams (``subpath``)."""

    project_key: str
    session_id: str
    subpath: str | None = None

    @property
    def stream_id(self) -> str:
        """The text id of the stream: injective, printable ASCII."""
        return _stream_id(*self)

    @property
    def main(self) -> SessionKey:
        """The session this stream belongs to (itself, if it is no subagent's)."""
        return SessionKey(self.project_key, self.session_id)

    @classmethod
    def of(cls, key: SessionKey | Mapping[str, object]) -> SessionKey:
        """Take a key as the SDK writes it: ``{"project_key", "session_id", "subpath"?}``.

        Raises:
            InvalidKey: a part is missing, empty, no text, or the whole is too long.
        """
        if type(key) is dict or isinstance(key, Mapping):
            key = cls(
                key.get("project_key"),  # type: ignore[arg-type]
                key.get("session_id"),  # type: ignore[arg-type]
                key.get("subpath"),  # type: ignore[arg-type]
            )
        if not isinstance(key, cls):
            raise InvalidKey(f"a key has project_key, session_id and subpath, got {key!r:.80}")
        for field, value in zip(("project_key", "session_id"), key[:2], strict=True):
            if not isinstance(value, str) or not value:
                raise InvalidKey(f"{field} must be text that is not empty, got {value!r}")
        if key.subpath is not None and not isinstance(key.subpath, str):
            raise InvalidKey(f"subpath must be text or absent, got {key.subpath!r}")
        key = key if key.subpath != "" else key.main
        if len(stream_id := key.stream_id) > LONGEST_ID:
            raise InvalidKey(
                f"the key takes {len(stream_id)} characters, at most {LONGEST_ID} fit: "
                f"{stream_id[:60]}…; use shorter project and session names"
            )
        return key

    @classmethod
    def parse(cls, stream_id: str) -> SessionKey:
        """The inverse of ``stream_id``."""
        parts = [unquote(part, errors="surrogatepass") for part in stream_id.split("/")]
        if len(parts) not in (2, 3):
            raise InvalidKey(f"{stream_id!r} is no stream id: it needs two or three parts")
        return cls(*parts)


def short(session_id: str) -> str:
    """An id as it is shown and typed: eight characters of a uuid, whole where it is none.

    What begins with a date, say, shares that with many others.
    """
    return session_id[:8] if _UUID.fullmatch(session_id) else session_id


def names_in(project_key: str) -> tuple[str, str]:
    """The stream ids of a project lie from the first of these texts up to the second, left out."""
    project = _escape(project_key)
    return f"{project}/", f"{project}0"  # "0" comes after "/"


@lru_cache(maxsize=1024)  # every append names its stream several times
def _stream_id(*parts: str | None) -> str:
    return "/".join(_escape(part) for part in parts if part is not None)


def _escape(part: str) -> str:
    return quote(part, safe="", errors="surrogatepass")
