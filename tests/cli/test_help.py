"""What `--help` says."""

import pytest
from typer.testing import CliRunner

from turnlog.adapters.cli.app import app


@pytest.mark.parametrize(
    ("command", "extra"), [("export", "turnlog[parquet]"), ("redact", "turnlog[redaction]")]
)
def test_what_stands_in_square_brackets_is_shown(command: str, extra: str) -> None:
    """The name of an extra must never vanish from the help as if it were markup."""
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert extra in told
