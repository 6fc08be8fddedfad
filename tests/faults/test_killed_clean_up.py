"""`turnlog gc` is killed at any moment and begun again: the log is that of one nobody disturbed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import turnlog
from tests.faults import children
from tests.faults.oracles import assert_whole, conversation, joined
from tests.faults.processes import child
from tests.support.contents import contents
from turnlog.domain.keys import SessionKey
from turnlog.retention.sweeping import is_owed

KEYS = [SessionKey("shop", f"5e550000-0000-4000-8000-{number:012d}") for number in range(5)]
FIRST, SECOND, THIRD, FORK, ACTIVE = KEYS
AGENT = FIRST._replace(subpath="subagents/agent-1")
ENDED = (FIRST, SECOND, THIRD, FORK)
BATCHES = {key: conversation(3, seed) for seed, key in enumerate((FIRST, SECOND, THIRD, AGENT), 1)}
MOMENTS = {"archive": (0.3, 0.8), "export": (0.15, 0.4, 0.65, 0.9), "erase": (0.3, 0.8)}
"""When it is killed, as parts of what there is to do."""


def record(url: str) -> None:
    """Sessions that ended, with a subagent and a fork, and one that goes on."""
    with turnlog.open(url) as log:
        for key, batches in BATCHES.items():
            for batch in batches:
                log.append(key, batch)
        log.fork(SECOND, "prompt:2", into=FORK)
        log.append(FORK, conversation(1, 9)[0])
        log.append(ACTIVE, conversation(1, 10)[0][:1])
        log.catch_up()


class Place(NamedTuple):
    """A log, and the folder that its sessions are written into."""

    url: str
    out: Path

    def clean_up(self, strength: str, fatal: int = 0) -> list[Any]:
        """Run the command in a process of its own, which dies before its so manieth deed.

        Returns:
            Its exit code and how much it did; nothing where it was killed.
        """
        asked = ["gc", "--days", "0", "--strength", strength, "--db", self.url]
        if strength == "export":
            asked += ["--out", str(self.out)]
        if strength != "archive":
            asked.append("--yes")
        with child(children.command_and_die, asked, str(self.out), fatal) as process:
            heard = process.rest()
            assert process.was_killed != bool(heard)
        return heard

    def exported(self) -> dict[SessionKey, Any]:
        """What is in the files that were written: each whole, and nothing beside them."""
        found: dict[SessionKey, Any] = {}
        for file in sorted(self.out.iterdir()) if self.out.exists() else ():
            assert file.suffix == ".jsonl", f"{file} was left unfinished"
            with turnlog.open("sqlite://") as log:
                log.import_sessions(file)
                assert log.verify().problems == ()
                found.update((key, log.load(key)) for key in BATCHES if log.load(key))
        return found


def at(folder: Path) -> Place:
    return Place(f"sqlite:///{folder / 'turnlog.db'}", folder / "out")


def assert_between(place: Place, strength: str) -> None:
    """Each session is as it was, or as it should be; what is written out is whole."""
    with turnlog.open(place.url) as log:
        assert log.verify().problems == ()
        assert log.state(ACTIVE).presence == "present"
        for key in ENDED:
            presence = log.state(key).presence
            assert presence in ("present", "archived" if strength == "archive" else "erased")
            loaded = log.load(key)
            assert (loaded is None) == (presence == "erased")
            if loaded is not None and key in BATCHES:
                assert loaded == joined(BATCHES[key])
        gone = [key for key in BATCHES if log.state(key.main).presence == "erased"]
    if strength == "export":
        assert len(list(place.out.glob("[!.]*"))) >= len({key.main for key in gone})


def outcome(place: Place) -> Any:
    """What a log holds, with nothing that tells when it was cleaned up, or into which file."""
    with turnlog.open(place.url) as log:
        assert not is_owed(log.store)
        assert_whole(log)
        found = contents(log)
    for events in found.events.values():
        for _, _, values in events:
            values.pop("exported", None)
    return found, place.exported()


@pytest.mark.parametrize("strength", MOMENTS)
def test_a_clean_up_that_was_killed_and_begun_again_is_like_one_that_was_not(
    tmp_path: Path, strength: str
) -> None:
    """A kill must never lose a session that is not written out, or leave one half cleaned up."""
    origin = tmp_path / "origin"
    origin.mkdir()
    record(at(origin).url)
    undisturbed = at(Path(shutil.copytree(origin, tmp_path / "undisturbed")))
    ((code, deeds),) = undisturbed.clean_up(strength)
    assert (code, deeds > 50) == (0, True)
    expected = outcome(undisturbed)
    if strength == "export":
        assert expected[1] == {key: joined(batches) for key, batches in BATCHES.items()}
    for part in MOMENTS[strength]:
        place = at(Path(shutil.copytree(origin, tmp_path / f"killed-{part}")))
        fatal = round(deeds * part)
        assert place.clean_up(strength, fatal) == []
        assert_between(place, strength)
        # It had less to do this time: perhaps it is done before it would be killed again.
        heard = place.clean_up(strength, fatal // 2)
        assert [code for code, _ in heard] in ([], [0])
        assert_between(place, strength)
        ((code, _),) = place.clean_up(strength)
        assert code == 0
        assert outcome(place) == expected


def test_the_same_in_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """A kill must never lose a session that is not written out, or leave one half cleaned up."""
    undisturbed = at(tmp_path / "undisturbed")
    undisturbed.out.parent.mkdir()
    record(undisturbed.url)
    undisturbed.clean_up("export")
    place = Place(postgres_url, tmp_path / "out")
    record(place.url)
    for fatal in (90, 60):
        assert place.clean_up("export", fatal) == []
        assert_between(place, "export")
    ((code, deeds),) = place.clean_up("export")
    assert (code, deeds > 90) == (0, True)
    (found, files), (expected, written) = outcome(place), outcome(undisturbed)
    assert files == written
    # The rest tells the hash of what a fork began at, which no two logs share.
    for name in ("rows", "loaded", "totals"):
        assert getattr(found, name) == getattr(expected, name)
    topics = [{k: [t for _, t, _ in x] for k, x in c.events.items()} for c in (found, expected)]
    assert topics[0] == topics[1]
