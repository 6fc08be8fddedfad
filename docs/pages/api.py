"""The page of the Python API."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import turnlog
from turnlog import storage, testing

from .markdown import NOTE, first, page, table


def api() -> str:
    """The public names, and the methods of the log."""
    rows = []
    for name in turnlog.__all__:
        value = getattr(turnlog, name)
        rows.append((f"`turnlog.{name}`", first(value)))
    parts = []
    for part in turnlog.Log.__mro__[:-1]:
        methods = list(_methods(part))
        if methods:
            parts += [] if part is turnlog.Log else [f"### {first(part).rstrip('.')}"]
            parts += [table(("method", "what it does"), methods)]
    return page(
        [
            "# The Python API",
            NOTE,
            '```python\nimport turnlog\n\nwith turnlog.open("sqlite:///sessions.db") as log:\n'
            "    for session in log.sessions(limit=5):\n"
            "        print(session.title, session.billed.cost_usd)\n```",
            table(("name", "what it is"), rows),
            "## Log",
            "`AsyncLog`, which `await turnlog.open_async(…)` gives, has the same methods: those "
            "that return something are awaited, those that yield are asynchronous iterators. It "
            "runs under asyncio and trio.",
            *parts,
            "## Rows",
            "What the fold of [a projection of your own](projections.md#your-own-projection) works "
            "on.",
            table(("method", "what it does"), list(_methods(turnlog.Rows))),
            "## turnlog.testing",
            "Trying a projection of your own, for which no test framework is needed, and "
            "certifying [a store of your own](custom-stores.md), which takes pytest.",
            table(("name", "what it does"), [_tested(name) for name in testing.__all__]),
            "## turnlog.storage",
            "What a store of your own needs; [stores of your own](custom-stores.md) says how.",
            table(
                ("name", "what it is"),
                [
                    (f"`{name}`", first(value))
                    for name in storage.__all__
                    if inspect.isroutine(value := getattr(storage, name)) or inspect.isclass(value)
                ],
            ),
        ]
    )


def _tested(name: str) -> tuple[str, str]:
    value = getattr(testing, name)
    call = name if isinstance(value, type) else f"{name}({', '.join(_parameters(value))})"
    return f"`{call}`", first(value)


def _methods(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            call = name if isinstance(member, property) else f"{name}{_signature(member)}"
            yield f"`{call}`", first(member)


def _signature(method: Callable[..., Any]) -> str:
    return f"({', '.join(_parameters(method)[1:])})"


def _parameters(function: Callable[..., Any]) -> list[str]:
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        optional = parameter.default is not parameter.empty
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        parameters.append(f"{name}=…" if optional else stars.get(parameter.kind, "") + name)
    return parameters
