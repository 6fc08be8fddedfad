"""Whatever happens to a log, it agrees with plain lists and with what it said before."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.support.log_machine import Machine

QUICK = settings(
    max_examples=24,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
SOAK = settings(QUICK, max_examples=2_000, stateful_step_count=60, derandomize=False)


class OnSqlite(Machine):
    url = "sqlite://"


TestOnSqlite = OnSqlite.TestCase
TestOnSqlite.settings = QUICK


class Longer(Machine):
    url = "sqlite://"


TestOnSqliteForLong = pytest.mark.soak(Longer.TestCase)
TestOnSqliteForLong.settings = SOAK
