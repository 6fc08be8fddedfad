"""What ``import turnlog`` gives, and that the async log is the log."""

import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import turnlog
from turnlog import AsyncLog, Log, public
from turnlog.domain import errors


def test_the_public_names_are_those_that_are_listed() -> None:
    """A name must never become public, or be gone, unnoticed."""
    given = {
        name
        for name, value in vars(public).items()
        if not name.startswith("_") and name != "open_log"
        if not isinstance(value, ModuleType) or name == "events"
    }
    assert given == set(turnlog.__all__)
    assert turnlog.__all__ == sorted(turnlog.__all__, key=lambda name: (name.islower(), name))
    assert all(getattr(turnlog, name) is getattr(public, name) for name in turnlog.__all__)
    assert set(turnlog.__all__) <= set(dir(turnlog))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'close'"):
        turnlog.close  # noqa: B018


def test_every_error_is_a_turnlog_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, turnlog.TurnlogError) for kind in kinds)


def test_importing_turnlog_loads_neither_the_sdk_nor_a_database_library() -> None:
    """The command line must never wait for what it does not need to say how it is used."""
    heavy = "'sqlalchemy', 'claude_agent_sdk', 'pydantic', 'anyio'"
    told = f"import sys, turnlog; print([name for name in ({heavy}) if name in sys.modules])"
    assert _python(told) == "[]"


def test_a_log_is_used_without_the_sdk() -> None:
    """Opening a log, or making a session store, must never import claude_agent_sdk."""
    told = (
        "import sys, turnlog; log = turnlog.open('sqlite://'); log.session_store(); "
        "print('claude_agent_sdk' in sys.modules)"
    )
    assert _python(told) == "False"


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def methods(kind: type) -> dict[str, Any]:
    found = inspect.getmembers(
        kind, lambda member: callable(member) or isinstance(member, property)
    )
    return {name: member for name, member in found if not name.startswith("_")}


def test_the_async_log_has_the_methods_of_the_log() -> None:
    """A method must never be there for one of them only, or take other arguments."""
    given, expected = methods(AsyncLog), methods(Log)
    assert given.keys() == expected.keys()
    for name, method in expected.items():
        if not isinstance(method, property):
            found = inspect.signature(given[name]).parameters
            assert list(found.values()) == list(inspect.signature(method).parameters.values()), name


def test_what_the_log_returns_is_awaited_and_what_it_yields_is_streamed() -> None:
    at_once = {"conversation", "session_store"}
    for name, method in methods(Log).items():
        if isinstance(method, property) or name in at_once:
            continue
        if inspect.isgeneratorfunction(method) or name == "subscribe":
            assert not inspect.iscoroutinefunction(methods(AsyncLog)[name]), name
        else:
            assert inspect.iscoroutinefunction(methods(AsyncLog)[name]), name


def test_every_module_of_the_front_door_is_held_to_its_layer() -> None:
    """A composing module must never be forgotten, and so be importable from the inside."""
    root = Path(__file__).parent.parent
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    [inward] = [c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    held = set(re.findall(r"[a-z_.]+", " ".join(inward["layers"])))
    modules = {path.stem for path in (root / "turnlog").glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in (root / "turnlog").glob("*/__init__.py")}
    assert {f"turnlog.{module}" for module in modules} <= held
