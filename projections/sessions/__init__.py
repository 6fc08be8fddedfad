"""The sessions as they are now: one row a stream, its responses, checkpoints and tags."""

from .fold import Sessions

__all__ = ["Sessions"]
