"""The page of the events."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from typing import Any

from turnlog.domain import events

from .markdown import NOTE, first, page, table


def event_kinds() -> str:
    """Every event with its fields."""
    modules = {kind.__module__ for kind in (events.SessionEvent, *events.EVENTS.values())}
    documented: dict[tuple[str, str], str] = {}
    for name in modules:
        documented |= _attribute_docs(importlib.import_module(name))
    common = list(events.SessionEvent.model_fields)
    parts = [
        "# Events",
        NOTE,
        "What can happen in a session, each a fact that never changes. An event is stored under "
        "its topic: a stable name with a version, never the path of a class. Facts lie in the "
        "header and stay for ever; content, which is what a person or a model wrote, lies in the "
        "body and can be erased. An older topic that a later release replaces is upcast when it "
        "is read, so a log that was ever written stays readable.",
        "## The fields of every event",
        table(("field", "meaning"), [_field(documented, "SessionEvent", n) for n in common]),
    ]
    for topic, event in events.EVENTS.items():
        parts += [f"## {topic}", first(event)]
        rows = []
        for name in event.model_fields:
            if name not in common:
                where = "body" if name in event.CONTENT else "header"
                field, meaning = _field(documented, event.__name__, name)
                rows.append((field, _type(event.model_fields[name].annotation), where, meaning))
        if rows:
            parts.append(table(("field", "type", "lies in", "meaning"), rows))
        else:
            parts.append("No fields of its own.")
    return page(parts)


def _field(documented: dict[tuple[str, str], str], kind: str, name: str) -> tuple[str, str]:
    for owner in [kind, *(base.__name__ for base in getattr(events, kind).__mro__[1:])]:
        if (owner, name) in documented:
            return f"`{name}`", documented[owner, name]
    return f"`{name}`", ""


def _type(annotation: Any) -> str:
    told = inspect.formatannotation(annotation)
    told = re.sub(r"\b(?:turnlog\.[a-z.]+|typing)\.", "", told)
    if "Segment" in told:
        told = "Lineage" + (" | None" if told.endswith("None") else "")
    return "`" + told.replace("|", "\\|") + "`"


def _attribute_docs(module: Any) -> dict[tuple[str, str], str]:
    """The texts that stand below the fields of a module's classes."""
    found = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.ClassDef):
            continue
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                told = " ".join(str(text.value.value).split())
                found[node.name, field.target.id] = told.replace("``", "`")
    return found
