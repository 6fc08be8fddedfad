"""Sessions begun by hand in an encrypted log."""

from __future__ import annotations

from turnlog import Filter, Log, SessionKey


def test_a_directory_goes_on_with_its_latest_session(log: Log) -> None:
    """Encryption must never make an agent lose the session it goes on with."""
    first = log.get_or_create("/srv/shop", user_id="ada", prompt="Why?", tags=["slow", "shop"])
    assert log.get_or_create("/srv/shop", user_id="ada") == (first.key, False, first.version)
    assert log.get_or_create("/srv/shop", user_id="grace").created
    assert log.get_or_create("/srv/other").created


def test_it_is_told_and_found_like_any_other(log: Log) -> None:
    key = log.create(ids="time", user_id="ada", prompt="Why is it slow?", tags=["slow"]).key
    log.create(SessionKey("p", "other"), user_id="grace")
    talk = log.conversation(key)
    talk.record("user", "Why is it slow?")
    talk.record("assistant", "The loop.")
    log.checkpoint(key, "here")
    assert log.get_checkpoint(key, "here").text == "The loop."
    [row] = log.sessions(Filter(user_id="ada", tags=("slow",)))
    assert (row.first_message, row.tags) == ("Why is it slow?", ("slow",))
    assert log.stats(asked=Filter(user_id="ada")).turns == 1
