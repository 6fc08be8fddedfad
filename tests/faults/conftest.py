"""Assertions of the oracles tell what they compared, as those of the tests do."""

import pytest

pytest.register_assert_rewrite("tests.faults.oracles")
