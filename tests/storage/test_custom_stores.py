"""Stores of one's own: the example of docs/custom-stores.md as it stands there, and others."""

from __future__ import annotations

import io
import re
import sys
from contextlib import closing, redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import turnlog
from turnlog import storage
from turnlog.adapters.cli import run
from turnlog.adapters.storage import installed
from turnlog.adapters.storage.stores import open_store
from turnlog.storage import MemoryStore, NotAStore, Opening, Store, WrappedStore, read_models

ROOT = Path(__file__).parent.parent.parent
STEP = re.compile(r"<!-- (run|printed|file: (\S+)) -->\n```\w*\n(.*?)```", re.DOTALL)
ENTRIES = [{"type": "note", "text": "Hello"}]
KEY = {"project_key": "shop", "session_id": "s-1"}


PAGE = (ROOT / "docs/custom-stores.md").read_text("utf-8")
STEPS = [(name or what, text) for what, name, text in STEP.findall(PAGE)]
FILES = dict(STEPS)


def module(name: str) -> ModuleType:
    """A file of the page as a module."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(FILES[f"{name}.py"], "docs/custom-stores.md", "exec"), vars(made))
    return made


Journal = module("journal").Journal
TestJournal = module("test_journal").TestJournal


def test_the_example_does_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page shows must never be something that nobody ran."""
    monkeypatch.chdir(tmp_path)
    assert [what for what, _ in STEPS] == ["journal.py", "run", "printed", "test_journal.py"]
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(FILES["run"], "docs/custom-stores.md", "exec"), {})
    assert out.getvalue() == FILES["printed"]


def test_a_journal_knows_what_others_wrote(tmp_path: Path) -> None:
    """A line must never be missing for an event that another process recorded."""
    url, path = f"sqlite:///{tmp_path / 'log.db'}", tmp_path / "journal.jsonl"
    with turnlog.open(url) as log:
        log.append(KEY, ENTRIES)
    path.write_bytes(b'{"position": 1, "stream": "shop/s-1", "version": 1, "event": "X"}\n{"posi')
    with closing(Journal(open_store(url), path)):
        lines = path.read_text().splitlines()
    assert [line[:14] for line in lines] == ['{"position": 1', '{"position": 2']


def test_a_wrapper_passes_on_all_there_is() -> None:
    """What a later contract asks must never be answered by the contract itself."""
    asked = {name for name in dir(Store) if not name.startswith("_")}
    assert asked - vars(WrappedStore).keys() == set()


def test_a_log_works_over_a_store_of_ones_own() -> None:
    store = WrappedStore(MemoryStore(read_models()))
    with turnlog.open(store=store, checkpoint_interval=2) as log:
        assert log.store is store
        log.append(KEY, ENTRIES)
        assert log.load(KEY) == ENTRIES
        assert [session.session_id for session in log.sessions()] == ["s-1"]
        assert log.verify().holds
        assert log.rebuild()
        log.rename(KEY, "A title")
        assert [hit.session.session_id for hit in log.search("title").hits] == ["s-1"]


@pytest.mark.parametrize(
    "argument", [{"url": "memory:"}, {"prices": "table"}, {"compress_threshold": 0}]
)
def test_what_says_how_to_open_a_store_is_refused_beside_one(argument: dict[str, Any]) -> None:
    """An argument must never be passed over without a word."""
    (name,) = argument
    with pytest.raises(turnlog.Refused, match=f"make it with {name}, or leave it out"):
        turnlog.open(store=MemoryStore(read_models()), **argument)


class Half(Store):
    """A store that lacks nearly everything."""

    def read(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize("store", [object(), "sqlite://", Half()])
def test_what_is_no_store_is_refused(store: Any) -> None:
    """An object without the methods must never be found out in the middle of an append."""
    with pytest.raises(NotAStore, match=r"is no store: it has no .*write.*custom-stores\.md"):
        turnlog.open(store=store)


def test_the_names_of_the_page_are_there() -> None:
    rows = PAGE.split("| --- | --- |\n")[1].split("\n\n")[0].splitlines()
    named = {name for row in rows for name in re.findall(r"`(\w+)", row.split("|")[1])}
    assert named | {"NotAStore", "Opening"} == set(storage.__all__)
    assert all(hasattr(storage, name) for name in storage.__all__)


# -- by a URL --------------------------------------------------------------------------------


OPENED: list[Opening] = []


def open_mine(opening: Opening) -> Store:
    OPENED.append(opening)
    return MemoryStore(opening.registry, opening.clock)


def open_nothing(opening: Opening) -> Any:
    return None


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Entry points as if packages offered them."""

    def offer(*points: tuple[str, str]) -> None:
        made = [EntryPoint(name, value, installed.GROUP) for name, value in points]

        def found(group: str, name: str) -> list[EntryPoint]:
            return [p for p in made if p.group == group and p.name == name]

        monkeypatch.setattr(installed, "entry_points", found)

    OPENED.clear()
    return offer


def test_a_package_opens_the_urls_of_its_scheme(offered: Any) -> None:
    offered(("mine", f"{__name__}:open_mine"))
    with turnlog.open("mine://ada:open-sesame@host/place", create=False) as log:
        log.append(KEY, ENTRIES)
        assert log.load(KEY) == ENTRIES
    (opening,) = OPENED
    assert opening.url == "mine://ada:open-sesame@host/place"
    assert not opening.create
    assert run(["sessions", "--db", "mine://host/place"]) == 0


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([], "turnlog keeps no logs in 'mine'"),
        ([("mine", "no_such_module:open")], "cannot be loaded: ModuleNotFoundError"),
        ([("mine", f"{__name__}:open_nothing")], "NoneType is no store"),
        ([("mine", f"{__name__}:open_mine"), ("mine", "x:y")], "all open 'mine'"),
    ],
)
def test_a_package_that_opens_nothing_is_told_of(
    offered: Any, points: list[tuple[str, str]], told: str
) -> None:
    offered(*points)
    with pytest.raises(turnlog.StorageError) as refused:
        turnlog.open("mine://ada:open-sesame@host/place")
    assert told in str(refused.value)
    assert "open-sesame" not in str(refused.value)


def test_no_package_takes_over_turnlogs_own_urls(offered: Any, tmp_path: Path) -> None:
    """A package must never come between a log and its database by its name alone."""
    offered(("sqlite", f"{__name__}:open_mine"), ("memory", f"{__name__}:open_mine"))
    turnlog.open(f"sqlite:///{tmp_path / 'log.db'}").close()
    turnlog.open("memory:").close()
    assert OPENED == []
