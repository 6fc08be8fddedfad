"""turnlog: every turn of an AI-agent session, on the record."""

from .log import Log
from .opening import open_log as open

__all__ = ["Log", "open"]
