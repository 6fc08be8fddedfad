"""The pages say what the code does, about everything that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import turnlog
from docs import make_pages
from turnlog.adapters.cli.app import app
from turnlog.domain import events
from turnlog.domain.points import KINDS
from turnlog.reading import figures
from turnlog.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
TEST = re.compile(r"`((?:tests|turnlog/testing)/[\w/]+\.py)(?:::(\w+))?`")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", make_pages.PAGES)
def test_a_page_made_of_the_code_is_up_to_date(name: str) -> None:
    """After a change: `python -m docs.make_pages`."""
    assert read(f"docs/{name}.md") == make_pages.PAGES[name]()


def test_the_readme_shows_what_the_commands_print() -> None:
    """An output in the README must never be made up."""
    text = read("README.md")
    assert all(f"<!-- output: {name} -->" in text for name in make_pages.OUTPUTS)
    assert text == make_pages.readme(text)


def test_the_readme_is_the_same_on_every_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README must never be out of date on a day when something of the demo happened."""
    monkeypatch.setattr(figures, "today", lambda: "2026-11-12")
    assert f"\n{make_pages.OUTPUTS['sessions']()}\n" in read("README.md")


def test_every_command_is_documented() -> None:
    page = read("docs/commands.md")
    names = {command.name for command in app.registered_commands}
    names |= {c.callback.__name__ for c in app.registered_commands if not c.name and c.callback}
    assert {name for name in names - {None} if f"## turnlog {name}\n" not in page} == set()


def test_every_event_and_each_of_its_fields_is_documented() -> None:
    page = read("docs/events.md")
    assert [topic for topic in events.EVENTS if f"## {topic}\n" not in page] == []
    fields = {name for event in events.EVENTS.values() for name in event.model_fields}
    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []


def test_every_public_name_setting_error_and_point_is_documented() -> None:
    api, errors = read("docs/api.md"), read("docs/errors.md")
    settings, points = read("docs/settings.md"), read("docs/points.md")
    assert [name for name in turnlog.__all__ if f"`turnlog.{name}`" not in api] == []
    methods = [name for name in dir(turnlog.Log) if not name.startswith("_")]
    assert [name for name in methods if f"`{name}" not in api] == []
    assert [
        name for name in Settings.model_fields if f"`TURNLOG_{name.upper()}`" not in settings
    ] == []
    assert [kind for kind in KINDS if f"`{kind}:" not in points] == []
    assert [name for name in every_error() if f"| `{name}` |" not in errors] == []


def every_error() -> list[str]:
    """The classes that derive from a TurnlogError, as the sources say."""
    bases: dict[str, list[str]] = {}
    for folder in ("domain", "projections", "adapters", "turnlog"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = [b.id for b in node.bases if isinstance(b, ast.Name)]
    found = {"TurnlogError"}
    while more := {name for name, of in bases.items() if found & set(of)} - found:
        found |= more
    return sorted(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", to.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in slugs, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_that_are_named_exist(page: Path) -> None:
    """A proof must never be cited that nobody runs."""
    for path, name in TEST.findall(page.read_text("utf-8")):
        assert (ROOT / path).exists(), path
        if name:
            assert re.search(rf"^ *(async )?def {name}\(", read(path), re.MULTILINE), (
                f"{path}::{name}"
            )


def test_every_invariant_has_a_proof() -> None:
    parts = re.split(r"^## (\d)\. ", read("docs/invariants.md"), flags=re.MULTILINE)
    assert parts[1::2] == list("123456789")
    assert [
        number
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
        if not TEST.search(text)
    ] == []


def test_every_decision_is_listed() -> None:
    index = read("docs/decisions/README.md")
    notes = sorted(p.name for p in (ROOT / "docs/decisions").glob("0*.md"))
    assert [name for name in notes if f"({name})" not in index] == []


def test_every_package_is_on_the_map() -> None:
    """A newcomer must never meet a folder that the architecture does not explain."""
    page = read("docs/architecture.md")
    packages = [
        path.parent.relative_to(ROOT).as_posix()
        for folder in ("domain", "projections", "adapters", "turnlog")
        for path in (ROOT / folder).rglob("__init__.py")
    ]
    outermost = {"projections", "adapters", "turnlog"}
    assert [p for p in sorted({*packages} - outermost) if f"| `{p}` |" not in page] == []


def test_every_page_is_in_the_table_of_contents() -> None:
    index = read("docs/README.md")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


def test_the_python_of_the_readme_is_python() -> None:
    for page in PAGES:
        for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            compile(code, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_database_fact_is_explained() -> None:
    """Each test of a fact is named where the fact is used, and no other is."""
    facts = read("tests/storage/test_database_facts.py")
    proven = set(re.findall(r"^def (test_\w+)\(", facts, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", read("docs/internals.md")))
    assert named == proven
