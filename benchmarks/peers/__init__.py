"""Session stores of others, each doing the same work as its own API offers it."""

from .run import measure_peers

__all__ = ["measure_peers"]
