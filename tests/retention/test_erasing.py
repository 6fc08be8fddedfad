"""Erasing: what was said goes, what it cost stays, and everything that reads agrees on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

import turnlog
from tests.projecting.logs import rows
from tests.support.transcripts import Transcript
from turnlog import Filter, Log, SessionKey, events
from turnlog.domain.errors import ContentErased
from turnlog.examining import examine
from turnlog.retention.sharing import SharedContent
from turnlog.retention.sweeping import is_owed
from turnlog.settings import Location

from .conftest import AGENT, FORK, KEY, OTHER, talk

MODELS = ("sessions", "audit", "search")


def test_what_was_said_goes_and_what_it_cost_stays(log: Log) -> None:
    talk(log)
    talk(log, OTHER, "pears")
    log.tag(KEY, ["fruit"])
    log.set_metadata(KEY, {"ticket": 7})
    before, total = log.session(KEY.session_id), log.stats()
    assert len(log.search("apples").hits) > 0

    erased = log.erase(KEY, reason="asked to", actor="ada")

    assert erased.streams == (KEY,)
    assert erased.bodies > 5
    assert log.load(KEY) is None
    after = log.session(KEY.session_id)
    assert (after.presence, after.title, after.tags, after.working_dir) == (
        "erased",
        None,
        (),
        None,
    )
    kept = ("prompts", "turns", "entries", "billed", "first_at", "last_at", "models", "status")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert log.stats().billed == total.billed
    assert log.search("apples").hits == ()
    assert len(log.search("pears").hits) > 0
    assert log.verify().problems == ()
    assert [deed.kind for deed in log.audit(limit=1)] == ["SessionErased"]
    [last] = [r.event for r in log.events(KEY) if isinstance(r.event, events.SessionErased)]
    assert (last.reason, last.actor, last.bodies) == ("asked to", "ada", erased.bodies)


def test_a_rebuild_after_it_equals_the_live_tables(log: Log) -> None:
    """What a rebuild makes of the log must never differ from what erasing left."""
    talk(log)
    talk(log, OTHER, "pears")
    log.append(AGENT, talk_of_agent())
    log.rename(KEY, "Mine", actor="ada")
    log.set_status(KEY, "error", why="by hand", actor="ada")
    log.rewind(KEY, "prompt:1", reason="back", actor="ada")
    log.checkpoint(KEY, "here", label="a label")
    log.catch_up()
    log.erase(KEY)
    live = {name: rows(log, name) for name in MODELS}
    stats = log.stats()
    log.rebuild()
    assert {name: rows(log, name) for name in MODELS} == live
    assert log.stats() == stats


@pytest.mark.parametrize("erased", [KEY, FORK, OTHER], ids=["origin", "fork", "copy"])
def test_figures_by_user_and_branch_equal_a_rebuild(log: Log, erased: SessionKey) -> None:
    """What is billed to a user must never stay with them by half once whose it was is erased."""
    s = Transcript(KEY.session_id, seed=1)
    for text in ("Where?", "And there?"):
        s.prompt(text, gitBranch="fix/apples")
        s.answer("Here.")
    log.append(KEY, s.entries, user_id="ada")
    log.append(OTHER, s.entries, user_id="bob")
    log.fork(KEY, "prompt:1", into=FORK)
    talk(log, FORK)
    spent = log.stats().billed
    log.erase(erased, forks="erase" if erased == KEY else "keep")
    live = rows(log, "sessions")
    log.rebuild(name="sessions")
    assert rows(log, "sessions") == live
    assert log.stats().billed == spent


def test_the_same_elsewhere(elsewhere: Log) -> None:
    test_a_rebuild_after_it_equals_the_live_tables(elsewhere)
    assert elsewhere.search("apples").hits == ()
    assert len(elsewhere.search("pears").hits) > 0
    assert elsewhere.verify().problems == ()


def talk_of_agent() -> list[dict[str, Any]]:
    s = Transcript(AGENT.session_id, seed=5)
    s.prompt("Count the apples.")
    s.answer("Nine apples.")
    return s.entries


def test_subagents_go_with_it_and_one_goes_alone(log: Log) -> None:
    talk(log)
    log.append(AGENT, talk_of_agent())
    assert log.erase(AGENT).streams == (AGENT,)
    assert log.load(AGENT) is None
    assert log.load(KEY) is not None
    assert set(log.erase(KEY).streams) == {KEY}
    assert log.verify().problems == ()


def test_erased_twice(log: Log) -> None:
    talk(log)
    log.erase(KEY)
    version = log.state(KEY).version
    assert log.erase(KEY).streams == ()
    assert log.state(KEY).version == version


def test_a_dry_run_changes_nothing(log: Log) -> None:
    s = talk(log)
    erased = log.erase(KEY, dry_run=True)
    assert (erased.streams, erased.done) == ((KEY,), False)
    assert log.load(KEY) == s.entries


def test_what_is_not_there_cannot_be_erased(log: Log) -> None:
    with pytest.raises(turnlog.UnknownSession):
        log.erase(KEY)


@pytest.mark.parametrize(
    "command",
    [
        lambda log: log.rename(KEY, "back"),
        lambda log: log.set_status(KEY, "active"),
        lambda log: log.rewind(KEY, "prompt:1"),
        lambda log: log.checkpoint(KEY, "here"),
        lambda log: log.fork(KEY),
        lambda log: log.undelete(KEY),
        lambda log: log.archive(KEY),
    ],
)
def test_an_erased_session_is_not_opened_again(log: Log, command: Any) -> None:
    talk(log)
    log.erase(KEY)
    with pytest.raises(turnlog.Refused, match="erased"):
        command(log)


def test_what_is_left_of_it_is_said(log: Log) -> None:
    """Of what was erased there must never be said that it is damaged, nor be given a part."""
    talk(log)
    log.erase(KEY)
    for read in (log.iter_entries, log.transcript):
        with pytest.raises(ContentErased, match="erased for good"):
            list(read(KEY))
    assert log.at(KEY, "prompt:1").live.prompts == 1
    assert [b.prompts[0].entry for b in log.branches(KEY)] == [None]
    assert log.sessions(Filter(presence=("erased",)))[0].prompts == 2


def test_what_comes_later_is_a_new_life(log: Log) -> None:
    """An agent that goes on after an erasure must never lose what it says."""
    s = talk(log)
    log.erase(KEY)
    start = len(s.entries)
    s.prompt("And the plums?")
    s.answer("Gone.")
    assert log.append(KEY, s.entries[start:]).recorded == 2
    assert log.load(KEY) == s.entries[start:]
    assert log.session(KEY.session_id).presence == "present"
    assert [hit.key for hit in log.search("plums").hits] == [KEY]
    assert log.verify().problems == ()
    again = log.erase(KEY)
    assert (again.streams, log.load(KEY)) == ((KEY,), None)
    assert log.verify().problems == ()


# -- who shares it ---------------------------------------------------------------------------


def test_a_fork_is_named_before_what_it_reads_goes(log: Log) -> None:
    """A fork reads what it took over: erasing that must never leave it with a hole, unasked."""
    talk(log)
    log.fork(KEY, "prompt:1", into=FORK)
    grandchild = FORK._replace(session_id="5e550000-0000-4000-8000-000000000009")
    log.fork(FORK, into=grandchild)
    for forks in ("refuse", "keep"):
        with pytest.raises(SharedContent, match="a fork") as refused:
            log.erase(KEY, forks=forks)  # type: ignore[arg-type]
        assert {s.key for s in refused.value.sharers} == {FORK, grandchild}
    assert log.load(FORK) is not None
    assert set(log.erase(KEY, forks="erase").streams) == {KEY, FORK, grandchild}
    assert log.load(FORK) is None
    assert log.verify().problems == ()


def test_a_fork_alone_leaves_its_origin(log: Log) -> None:
    """What a fork took over is its origin's: erasing the fork must never reach it."""
    s = talk(log)
    log.fork(KEY, into=FORK)
    assert log.erase(FORK).streams == (FORK,)
    assert log.load(KEY) == s.entries


def test_copies_elsewhere_stay_or_go_as_is_said(log: Log) -> None:
    s = talk(log)
    log.append(OTHER, s.entries)  # as a fork within the CLI: copied line by line
    with pytest.raises(SharedContent, match="a copy"):
        log.erase(KEY)
    erased = log.erase(KEY, forks="keep")
    assert (erased.streams, [copy.key for copy in erased.copies]) == ((KEY,), [OTHER])
    assert log.load(OTHER) == s.entries


def test_copies_go_on_request(log: Log) -> None:
    s = talk(log)
    log.append(OTHER, s.entries)
    assert set(log.erase(KEY, forks="erase").streams) == {KEY, OTHER}


# -- imports ---------------------------------------------------------------------------------


def test_an_import_leaves_it_out_unless_told_to_restore(log: Log, tmp_path: Path) -> None:
    """What was erased must never come back by itself with the file it came from."""
    s = Transcript(KEY.session_id, cwd="/home/ada/shop")
    s.prompt("Where are the apples?")
    s.answer("Gone.")
    s.write(tmp_path)
    log.import_claude(tmp_path, workers=1)
    key = SessionKey("-home-ada-shop", KEY.session_id)
    log.erase(key)
    summary = log.import_claude(tmp_path, workers=1)
    assert (summary.deleted, summary.recorded, log.load(key)) == (1, 0, None)
    summary = log.import_claude(tmp_path, workers=1, restore=True)
    assert (summary.recorded, log.load(key)) == (2, s.entries)
    assert log.import_claude(tmp_path, workers=1).recorded == 0
    assert log.verify().problems == ()


def test_it_is_known_under_another_project_too(log: Log, tmp_path: Path) -> None:
    """A copy of its file in another folder must never bring it back."""
    talk(log)
    log.erase(KEY)
    s = Transcript(KEY.session_id, cwd="/home/ada/elsewhere")
    s.prompt("Where are the apples?")
    s.write(tmp_path)
    assert log.import_claude(tmp_path, workers=1).deleted == 1


# -- what may go wrong -------------------------------------------------------------------------


def test_a_sweep_that_was_interrupted_is_made_up_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between an erasure and the sweep of the files, the next one must sweep them."""
    with turnlog.open(sqlite_url) as log:
        talk(log)

        def killed() -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(log.store, "reclaim", killed)
            with pytest.raises(KeyboardInterrupt):
                log.erase(KEY)
        assert is_owed(log.store)
        told = {f.about: f.what for f in examine(Location(log.url, "a test"))}
        assert "may be in the files still" in told["erased"]
        log.collect(days=9_999)
        assert not is_owed(log.store)


def test_a_batch_that_was_read_before_is_not_folded_after(sqlite_url: str) -> None:
    """A process that indexes what it read before an erasure must never bring it back."""
    from turnlog.domain.errors import LeaseLost
    from turnlog.projecting.folding import Folder
    from turnlog.projecting.leasing import Lease

    with turnlog.open(sqlite_url) as log:
        log.catch_up()
        talk(log)
        lease = Lease.take(log.store, "search")
        assert lease is not None
        folder = Folder(log.store, log.store.registry["search"], "live", lease)
        stretch = log.store.stretch(folder.place.position, 500, folder.model.topics, "all")
        assert stretch.runs
        log.erase(KEY)
        with pytest.raises(LeaseLost):
            folder._fold(stretch)
        assert log.search("apples").hits == ()


def test_an_interrupted_rebuild_begins_anew(sqlite_url: str) -> None:
    """What a rebuild folded beside before an erasure must never become live."""
    from turnlog.projecting.rebuilding import _begin, lease_for

    with turnlog.open(sqlite_url) as log:
        talk(log)
        log.catch_up()
        registration = log.store.registry["search"]
        with lease_for(log.store, "search") as lease:
            _begin(log.store, registration, lease, anew=False)
        log.erase(KEY)
        assert log.store.project(lambda c: log.store.account.rebuilding(c, "search")) is None
        log.rebuild(name="search")
        assert log.search("apples").hits == ()


def test_a_projection_of_ones_own_forgets(sqlite_url: str) -> None:
    """What an application's own projection made of the content must go with it."""
    with turnlog.open(sqlite_url, projections=[Titles]) as log:
        talk(log)
        talk(log, OTHER, "pears")
        log.catch_up()
        titled = sorted(row["title"] for row in log.rows(Titles))
        assert titled == ["About apples", "About pears"]
        log.erase(KEY)
        titled = sorted(row["title"] for row in log.rows(Titles))
        assert titled == ["", "About pears"]


class Titles(turnlog.Projection):
    """The last title of each session."""

    name = "own_titles"
    wants = (events.SessionRenamed,)
    tables: ClassVar = {"titles": turnlog.Table(key={"session": str}, columns={"title": str})}

    def fold(self, rows: turnlog.Rows, recorded: Any) -> None:
        rows.set("titles", recorded.key.session_id, title=recorded.event.title)
