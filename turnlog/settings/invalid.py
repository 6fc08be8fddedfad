"""The error of the settings."""

from __future__ import annotations

from ..domain.errors import TurnlogError


class InvalidSettings(TurnlogError):
    """A setting with a value that makes no sense, or a file of settings that cannot be read."""
