"""The sessions as they are now: one row a stream, its responses, checkpoints and tags."""

from .filters import ALL, Filter
from .fold import Sessions
from .query import Session, Spent
from .totals import Totals

__all__ = ["ALL", "Filter", "Session", "Sessions", "Spent", "Totals"]
