"""Whatever happens to an encrypted log, it agrees with plain lists and with what it said before."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import turnlog
from tests.support.log_machine import Machine


class Encrypted(Machine):
    """The same machine over a log with keys."""

    def open(self) -> turnlog.Log:
        self.folder = Path(tempfile.mkdtemp())
        return turnlog.open("sqlite://", keys=self.folder / "keys")

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            shutil.rmtree(self.folder)


TestEncrypted = pytest.mark.soak(Encrypted.TestCase)
TestEncrypted.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
