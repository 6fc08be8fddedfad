"""Where a transcript is cut must never show in what is recorded."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import turnlog
from tests.support.config_dir import encode_line
from tests.support.entries import Ids
from turnlog.adapters.claude import portions
from turnlog.adapters.claude.portions import Place, Portion, Reading
from turnlog.appending import Arrival
from turnlog.domain.keys import SessionKey

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")


def lines(kinds: str) -> list[dict[str, Any]]:
    """A transcript: each capital letter an entry with a uuid, each other one a line without."""
    ids = Ids(kinds)
    entries: list[dict[str, Any]] = []
    leaf = None
    for letter in kinds:
        if letter.isupper():
            uuid = ids.uuid()
            message = {"role": "user", "content": letter * 20}
            entries.append({"type": "user", "uuid": uuid, "parentUuid": leaf, "message": message})
            leaf = uuid
        else:
            entries.append({"type": "mode", "mode": letter * 20})
    return entries


def read(data: bytes, place: Place = Place()) -> list[Portion]:  # noqa: B008
    return list(Reading(BytesIO(data), KEY.session_id, place=place).portions())  # type: ignore[arg-type]


def take_in(log: turnlog.Log, found: list[Portion]) -> None:
    for portion in found:
        if portion.entries:
            log.arrive(
                Arrival(
                    KEY,
                    portion.entries,
                    "import",
                    from_file=True,
                    preceding=portion.preceding,
                    follower=portion.follower,
                )
            )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "LARGEST", 400)
    monkeypatch.setattr(portions, "LONGEST_RUN", 700)


KINDS = st.one_of(
    st.text(alphabet="AAAAabc", min_size=1, max_size=60),
    st.text(alphabet="Aaaaaaaaaaaaab", min_size=20, max_size=60),
)


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(kinds=KINDS, data=st.data())
def test_portions_are_read_on_from_any_of_them(small: None, kinds: str, data: Any) -> None:
    """An import that ends after any portion and goes on must never lose or repeat a line."""
    entries = lines(kinds)
    content = b"".join(map(encode_line, entries))
    found = read(content)
    with turnlog.open("sqlite://") as log:
        take_in(log, found)
        whole = log.load(KEY)
        assert whole == entries
        take_in(log, read(content))
        assert log.load(KEY) == entries
        assert log.state(KEY).version == len(list(log.events(KEY)))
    with turnlog.open("sqlite://") as log:
        stop = data.draw(st.integers(0, len(found) - 1))
        take_in(log, found[: stop + 1])
        take_in(log, read(content, found[stop].resume))
        assert log.load(KEY) == entries


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(kinds=KINDS, data=st.data())
def test_a_file_may_be_read_at_any_size_it_ever_had(small: None, kinds: str, data: Any) -> None:
    """A file that is followed as it grows must never be recorded otherwise than read at once."""
    entries = lines(kinds)
    content = b"".join(map(encode_line, entries))
    sizes = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    with turnlog.open("sqlite://") as log:
        place = Place()
        for size in [*sizes, len(content)]:
            found = read(content[:size], place)
            take_in(log, found)
            place = found[-1].resume
        assert (log.load(KEY) or []) == entries


def test_a_portion_is_one_block(small: None) -> None:
    """Portions must fit the blocks they are stored in, or each would be compressed twice."""
    found = read(b"".join(map(encode_line, lines("AaAbAAcAaaAAAA"))))
    sizes = [sum(len(entry.body) for entry in portion.entries) for portion in found]
    assert len(sizes) > 3
    assert max(sizes) <= 400


def test_a_portion_knows_what_stands_around_it(small: None) -> None:
    entries = lines("AaAAaAAAaA")
    found = read(b"".join(map(encode_line, entries)))
    assert len(found) > 2
    for before, after in pairwise(found):
        named = [entry.identity for entry in before.entries if entry.identity is not None]
        assert after.preceding == named[-1]
        assert before.follower == after.entries[0].identity is not None
        assert before.resume == Place(before.end, after.preceding)
    assert found[0].preceding is None
    assert found[-1].follower is None


def test_a_long_run_without_uuids_is_cut_all_the_same(small: None) -> None:
    """A file without uuids must never have to fit into memory."""
    entries = lines("A" + "a" * 60)
    found = read(b"".join(map(encode_line, entries)))
    assert len(found) > 3
    first_line = len(encode_line(entries[0]))
    assert {portion.resume.offset for portion in found} == {first_line}
