"""The page of the errors."""

from __future__ import annotations

import importlib
import re

from turnlog.domain import errors as kinds

from .markdown import NOTE, ROOT, first, page, table


def errors() -> str:
    """Every error that is raised on purpose."""
    found: dict[str, type] = {}
    for path in sorted(ROOT.glob("[adpt]*/**/*.py")):
        folder = path.relative_to(ROOT).parts[0]
        if folder not in ("adapters", "domain", "projections", "turnlog"):
            continue
        if re.search(
            r"^class \w+\(.*(Error|Refused|NotJson)", path.read_text("utf-8"), re.MULTILINE
        ):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            module = importlib.import_module(name if folder == "turnlog" else f"turnlog.{name}")
            for kind in vars(module).values():
                if isinstance(kind, type) and issubclass(kind, kinds.TurnlogError):
                    found[kind.__name__] = kind
    rows = [
        (f"`{name}`", f"`{kind.__mro__[1].__name__}`", f"`{kind.__module__}`", first(kind))
        for name, kind in sorted(found.items())
    ]
    return page(
        [
            "# Errors",
            NOTE,
            "Everything that turnlog raises on purpose is a `TurnlogError`. Each says what was "
            "wrong, with which value, and what to do. Whatever raises has changed nothing. The "
            "command line tells it in one message and ends with code 2.",
            table(("error", "is a", "defined in", "meaning"), rows),
        ]
    )
