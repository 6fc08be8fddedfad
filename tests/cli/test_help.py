"""What `--help` says."""

import pytest
from typer.testing import CliRunner

from turnlog.adapters.cli.app import app


def test_an_argument_that_may_be_left_out_stands_in_one_pair_of_brackets() -> None:
    """What is typed must never be told with brackets of its own."""
    told = CliRunner().invoke(app, ["tag", "--help"], env={"COLUMNS": "200"}).output
    assert "[TAG]..." in told
    assert "[[" not in told


@pytest.mark.parametrize(
    ("command", "extra"), [("export", "turnlog[parquet]"), ("redact", "turnlog[redaction]")]
)
def test_what_stands_in_square_brackets_is_shown(command: str, extra: str) -> None:
    """The name of an extra must never vanish from the help as if it were markup."""
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert extra in told
