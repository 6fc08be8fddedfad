"""A session's name and the text id of its stream."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.domain.errors import InvalidKey
from turnlog.domain.keys import LONGEST_ID, SessionKey

# Whatever a JSON string can hold, half surrogates and NUL included.
names = st.text(st.characters(codec=None, categories=None), min_size=1, max_size=12)
keys = st.builds(SessionKey, names, names, st.none() | names)


@given(keys)
def test_a_stream_id_names_one_key(key: SessionKey) -> None:
    assert SessionKey.parse(key.stream_id) == key


@given(keys)
def test_a_stream_id_is_printable_ascii(key: SessionKey) -> None:
    assert key.stream_id.isascii()
    assert key.stream_id.isprintable()
    assert " " not in key.stream_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SessionKey("a/b", "c"), SessionKey("a", "b/c")),
        (SessionKey("a", "b", "c"), SessionKey("a", "b/c")),
        (SessionKey("a", "b%2Fc"), SessionKey("a", "b/c")),
        (SessionKey("a", "b"), SessionKey("a", "B")),
    ],
)
def test_keys_that_look_alike_never_share_a_stream(one: SessionKey, other: SessionKey) -> None:
    """Two sessions must never be recorded in one stream."""
    assert one.stream_id != other.stream_id


def test_a_subagents_stream_belongs_to_its_session() -> None:
    key = SessionKey("p", "s", "subagents/agent-1")
    assert key.main == SessionKey("p", "s")
    assert key.main.main == key.main
    assert key.stream_id.startswith(key.main.stream_id + "/")


def test_a_key_is_taken_as_the_sdk_writes_it() -> None:
    assert SessionKey.of({"project_key": "p", "session_id": "s"}) == SessionKey("p", "s")
    assert SessionKey.of({"project_key": "p", "session_id": "s", "subpath": "a"}).subpath == "a"
    assert SessionKey.of(SessionKey("p", "s", "a")) == SessionKey("p", "s", "a")


@pytest.mark.parametrize("subpath", [None, ""])
def test_an_empty_subpath_is_the_session_itself(subpath: str | None) -> None:
    key = {"project_key": "p", "session_id": "s", "subpath": subpath}
    assert SessionKey.of(key) == SessionKey("p", "s")
    assert SessionKey.of(SessionKey("p", "s", subpath)) == SessionKey("p", "s")


@pytest.mark.parametrize("name", ["..", "a/../b", "\0", "\x1b[31m", " ", "-Users-ada", "ü" * 20])
def test_odd_names_are_names(name: str) -> None:
    key = SessionKey.of({"project_key": name, "session_id": name, "subpath": name})
    assert SessionKey.parse(key.stream_id) == key


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ({}, "project_key"),
        ({"project_key": "p"}, "session_id"),
        ({"project_key": "", "session_id": "s"}, "project_key"),
        ({"project_key": "p", "session_id": 7}, "session_id .* 7"),
        ({"project_key": "p", "session_id": "s", "subpath": ["a"]}, "subpath"),
        ({"project_key": "p", "session_id": "s", "subpath": 0}, "subpath"),
        (SessionKey("p", ""), "session_id"),
        ("a session id", "a session id"),
        (("p", "s"), "p"),
        (None, "None"),
    ],
)
def test_what_names_no_session_is_refused(key: Any, told: str) -> None:
    with pytest.raises(InvalidKey, match=told):
        SessionKey.of(key)


def test_a_key_too_long_for_an_index_is_refused() -> None:
    """A key must never be cut: two long keys would become one."""
    longest = SessionKey("p", "s" * (LONGEST_ID - 2))
    assert SessionKey.of(longest) == longest
    with pytest.raises(InvalidKey, match=str(LONGEST_ID)):
        SessionKey.of(SessionKey("p", "s" * (LONGEST_ID - 1)))
    with pytest.raises(InvalidKey, match=str(LONGEST_ID)):
        SessionKey.of(SessionKey("p" * 10_000, "s"))


@pytest.mark.parametrize("text", ["", "alone", "a/b/c/d"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey):
        SessionKey.parse(text)
