"""Passwords and tokens are shown nowhere."""

from __future__ import annotations

import pytest

import turnlog
from turnlog.adapters.secrets import hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ada:open-sesame@host/db", "postgresql://ada:***@host/db"),
        ("redis://:open-sesame@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://ada:open/se@same@host/db", "postgresql://ada:***@host/db"),
        (
            "postgresql://host/db?sslpassword=open-sesame&x=1",
            "postgresql://host/db?sslpassword=***&x=1",
        ),
        ("https://host/?API_KEY=open-sesame#a", "https://host/?API_KEY=***#a"),
        (
            "unix:///run/redis.sock?db=0&password=open-sesame",
            "unix:///run/redis.sock?db=0&password=***",
        ),
        ("no URL: ada@example.org said so", "no URL: ada@example.org said so"),
        ("sqlite:////home/ada/log.db", "sqlite:////home/ada/log.db"),
        ("postgresql://ada@host/db", "postgresql://ada@host/db"),
    ],
)
def test_passwords_and_tokens_are_hidden(text: str, shown: str) -> None:
    assert hidden(text) == shown


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:open@sesame@127.0.0.1:1/db",
        "postgresql://ada:open-sesame@host:many/db",
        "postgresql://ada:open-sesame@[::1/db",
        "mysql://ada:open-sesame@host/db?token=open-sesame",
        "sqlite://ada:open-sesame@host/db",
    ],
)
def test_no_error_shows_a_password(url: str) -> None:
    """A password that makes a URL none must never be shown with what is wrong."""
    with pytest.raises(turnlog.InvalidURL) as refused:
        turnlog.open(url)
    assert "sesame" not in str(refused.value)
