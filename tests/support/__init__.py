"""What tests share."""

import pytest

pytest.register_assert_rewrite("tests.support.agreement", "tests.support.log_machine")
