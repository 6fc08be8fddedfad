"""Testing projections of your own: what a fold makes of events, and whether it can be trusted.

Nothing in here needs a test framework: what does not hold is raised.
"""

from .checking import check_projection as check_projection
from .given import Given as Given
from .given import given as given
from .given import recorded as recorded
from .sample import sample as sample

__all__ = ["Given", "check_projection", "given", "recorded", "sample"]
