"""Where settings come from, which holds, and what is said of one that makes no sense."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import turnlog
from turnlog.settings import InvalidSettings, Settings

POLICIES = {
    "SESSION_CLEANUP_DAYS": "cleanup_days",
    "SESSION_CHECKPOINT_INTERVAL": "checkpoint_interval",
    "SESSION_COMPRESS_THRESHOLD": "compress_threshold",
}


def test_what_is_given_first_holds(
    file: Path, dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def days(**given: int) -> tuple[int, str | None]:
        settings = Settings.load(**given)
        return settings.cleanup_days, settings.set_by("cleanup_days")

    assert days() == (30, None)
    dotenv.write_text("SESSION_CLEANUP_DAYS=1\n")
    assert days() == (1, f"SESSION_CLEANUP_DAYS in {dotenv}")
    monkeypatch.setenv("SESSION_CLEANUP_DAYS", "2")
    assert days() == (2, "SESSION_CLEANUP_DAYS")
    file.write_text("cleanup_days = 3\n")
    assert days() == (3, f"cleanup_days in the settings file {file}")
    dotenv.write_text("TURNLOG_CLEANUP_DAYS=4\nSESSION_CLEANUP_DAYS=1\n")
    assert days() == (4, f"TURNLOG_CLEANUP_DAYS in {dotenv}")
    monkeypatch.setenv("TURNLOG_SESSION_CLEANUP_DAYS", "5")
    assert days() == (5, "TURNLOG_SESSION_CLEANUP_DAYS")
    monkeypatch.setenv("TURNLOG_CLEANUP_DAYS", "6")
    assert days() == (6, "TURNLOG_CLEANUP_DAYS")
    assert days(cleanup_days=7) == (7, "the argument cleanup_days")


@pytest.mark.parametrize(("variable", "setting"), POLICIES.items())
@pytest.mark.parametrize("prefix", ["", "TURNLOG_"])
def test_a_policy_has_the_name_that_hosts_give_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, setting: str, prefix: str
) -> None:
    monkeypatch.setenv(prefix + variable, "17")
    assert getattr(Settings.load(), setting) == 17
    monkeypatch.delenv(prefix + variable)
    monkeypatch.setenv(f"TURNLOG_{setting.upper()}", "18")
    assert getattr(Settings.load(), setting) == 18


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNLOG_CLEANUP_DAYS", "")
    monkeypatch.setenv("SESSION_CLEANUP_DAYS", "9")
    assert Settings.load().cleanup_days == 9


def test_an_env_file_is_read_as_the_environment_is(dotenv: Path) -> None:
    dotenv.write_text(
        "# of the application\nDEBUG=1\nTURNLOG_NO_SUCH_THING=1\n"
        "export TURNLOG_USER_ID='ada@example.org' # whose\nTURNLOG_BUDGET_USD=12.50\n"
    )
    settings = Settings.load()
    assert settings.user_id == "ada@example.org"
    assert settings.budget_usd == Decimal("12.50")


def test_an_env_file_is_named_or_left_out(
    dotenv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv.write_text("TURNLOG_USER_ID=ada\n")
    assert Settings.load().user_id == "ada"
    monkeypatch.setenv("TURNLOG_ENV_FILE", "")
    assert Settings.load().user_id is None
    other = tmp_path / "production.env"
    other.write_text("TURNLOG_USER_ID=grace\n")
    monkeypatch.setenv("TURNLOG_ENV_FILE", str(other))
    assert Settings.load().user_id == "grace"
    monkeypatch.setenv("TURNLOG_ENV_FILE", str(tmp_path / "none.env"))
    with pytest.raises(InvalidSettings, match=r"TURNLOG_ENV_FILE is '.*none.env', which is no"):
        Settings.load()


def test_a_working_directory_that_is_gone_has_none(dotenv: Path) -> None:
    """A command must never fail for the folder that it is run in."""
    dotenv.parent.rmdir()
    assert Settings.load().user_id is None


def test_an_env_file_in_no_known_encoding_is_named(dotenv: Path) -> None:
    dotenv.write_bytes(b"TURNLOG_USER_ID=\xff\xfe\n")
    with pytest.raises(InvalidSettings, match=r"\.env cannot be read: .* leaves it out"):
        Settings.load()


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("TURNLOG_SYNCHRONOUS", "SOMETIMES", "is 'SOMETIMES', but takes FULL or NORMAL"),
        ("SESSION_CLEANUP_DAYS", "-1", "is '-1', but takes a whole number from 0 to 36,600"),
        ("SESSION_CLEANUP_DAYS", "soon", "is 'soon', but takes a whole number from 0 to 36,600"),
        ("TURNLOG_SESSION_CHECKPOINT_INTERVAL", "2.5", "is '2.5', but takes a whole number from"),
        ("SESSION_COMPRESS_THRESHOLD", "1e99", "is '1e99', but takes a whole number from 0 to"),
        ("TURNLOG_CONTINUE_HOURS", "nan", "is 'nan', but takes a number above 0 and below"),
        ("TURNLOG_STORAGE_TYPE", "oracle", "is 'oracle', but takes sqlite, postgres or redis-po"),
        ("TURNLOG_BUDGET_USD", "-3", "is '-3', but takes a number above 0 and below 1,000,000,000"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    """A wrong setting must never be passed over, nor leave one guessing which and why."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as refused:
        turnlog.open("memory:")
    assert f"{variable} {told}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('synchronous = "SOMETIMES"\n', "synchronous in the settings file .*/settings.toml is 'S"),
        ('databse_url = "x"\n', "databse_url in the settings file .* there is no such setting"),
        ("database_url = 5\n", "database_url in the settings file .* is not a text"),
        ("not toml", "settings.toml cannot be read"),
    ],
)
def test_a_settings_file_that_makes_no_sense_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=told):
        Settings.load()


def test_a_settings_file_that_is_named_and_not_there_is_told(file: Path) -> None:
    """A file that somebody named must never be passed over: it may be what chooses the log."""
    file.unlink()
    with pytest.raises(InvalidSettings, match=r"TURNLOG_SETTINGS_FILE is .*, which is not there"):
        turnlog.open("memory:")


def test_an_argument_that_makes_no_sense_is_named() -> None:
    with pytest.raises(InvalidSettings, match="the argument checkpoint_interval is -1, but takes"):
        turnlog.open("memory:", checkpoint_interval=-1)
    with pytest.raises(InvalidSettings, match="the argument synchronous is 'SOMETIMES'"):
        turnlog.open("memory:", synchronous="SOMETIMES")


def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNLOG_CLEANUP_DAYS", "7")
    with turnlog.open("memory:", checkpoint_interval=3) as log:
        assert (log.settings.cleanup_days, log.settings.checkpoint_interval) == (7, 3)
