"""Write the pages that are made of the code: commands, events, settings, errors, the API.

Run from the root of a checkout: ``python -m docs.make_pages``. A test holds the pages, and the
output in the README, to what this makes.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import typer

import turnlog
from turnlog import storage, testing
from turnlog.adapters import cli
from turnlog.adapters.cli import app, figures
from turnlog.domain import errors as kinds
from turnlog.domain import events
from turnlog.settings import HOST_NAMES, HOST_VARIABLES, Settings, takes

ROOT = Path(__file__).resolve().parents[1]
HISTORY = "docs/demo/history"
NOTE = "This page is made by `python -m docs.make_pages`; a test holds it to the code.\n"


def commands() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app.app)
    context = typer.Context(group, info_name="turnlog")
    parts = [
        "# Commands",
        NOTE,
        "A session is named by its id or by any beginning of it that no other session shares. A "
        "point in time is written as in [points.md](points.md), a time as `2026-01-30`, "
        "`2026-01-30T14:23Z` or an age like `7d`.",
        "`--json` writes one JSON document; `show`, `events` and `import --watch`, which stream, "
        "write one document a line. Keys stay, money is a decimal text of dollars, times are ISO "
        "8601 in UTC. What goes wrong is told on standard error.",
        "Exit codes: 0 done; 1 a check that does not hold (`verify`, `doctor`); 2 what was asked "
        "makes no sense, or failed; 70 a mistake of ours; 130 Ctrl-C.",
    ]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        parts += _command(name, command, typer.Context(command, info_name=name, parent=context))
    return _page(parts)


def _command(name: str, command: Any, context: typer.Context) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    shown = "".join(f" {p.metavar or p.human_readable_name}" for p in arguments)
    yield f"## turnlog {name}"
    yield f"```\nturnlog {name}{shown} [OPTIONS]\n```"
    yield inspect.cleandoc(command.help)
    rows = [(f"`{p.metavar}`", p.help) for p in arguments]
    rows += [(_option(p), p.help + (" Required." if p.required else "")) for p in options]
    yield _table(("", "what it does"), rows)


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in reversed(option.opts))
    return names if option.is_flag else f"{names} {option.metavar or ''}".replace("|", "\\|")


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
        _table(("field", "meaning"), [_field(documented, "SessionEvent", n) for n in common]),
    ]
    for topic, event in events.EVENTS.items():
        parts += [f"## {topic}", _first(event)]
        rows = []
        for name in event.model_fields:
            if name not in common:
                where = "body" if name in event.CONTENT else "header"
                field, meaning = _field(documented, event.__name__, name)
                rows.append((field, _type(event.model_fields[name].annotation), where, meaning))
        if rows:
            parts.append(_table(("field", "type", "lies in", "meaning"), rows))
        else:
            parts.append("No fields of its own.")
    return _page(parts)


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


def settings() -> str:
    """Every setting, and what comes before what."""
    rows = [
        (
            f"`{name}`",
            f"`TURNLOG_{name.upper()}`",
            takes(field),
            _default(field),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    places = [(f"`{kind}`", f"`{name}`") for kind, name in HOST_VARIABLES.items()]
    hosts = [(f"`{name}`", f"`{setting}`") for setting, name in HOST_NAMES.items()]
    return _page(
        [
            "# Settings",
            NOTE,
            _table(("setting", "in the environment", "takes", "default", "meaning"), rows),
            "`turnlog settings` shows those in force and what set each; passwords and tokens are "
            "shown nowhere, neither there nor in errors. A value that makes no sense is refused "
            "before anything is done, with what set it and what it takes. `turnlog.open(…)` has "
            "an argument of the same name for those that an application may decide.",
            "## What comes before what",
            "1. An argument: of `turnlog.open(…)`, or `--db` on the command line.\n"
            "2. The environment: the variables above.\n"
            "3. An `.env` file, which stands in for the environment: `.env` in the working "
            "directory, or the file that `TURNLOG_ENV_FILE` names; where that is empty, none.\n"
            "4. The settings file, `settings.toml` in the user's configuration folder for "
            "`turnlog`, or the file that `TURNLOG_SETTINGS_FILE` names.\n"
            "5. The variables of a host application, of the environment first and then of the "
            "`.env` file:",
            _table(("variable of the host", "setting"), hosts),
            "6. For the log alone, and only where `SESSION_STORAGE_TYPE` (or "
            "`TURNLOG_STORAGE_TYPE`) says what it is kept in, what the host calls it. With "
            "`redis-postgres`, `REDIS_URL` names the Redis beside it ([redis.md](redis.md)):",
            _table(("`SESSION_STORAGE_TYPE`", "the log is named by"), places),
            "7. The default: `turnlog.db` in the user's data folder.",
            "A bare `DATABASE_URL` belongs to the host application and never chooses the log. "
            "Whichever of these sources names the log, by `database_url` or `db_path`, is not "
            "mixed with those after it; where one source has both, `storage_type` says which. "
            "Every name that begins with `SESSION_` may also be written `TURNLOG_SESSION_…`, and "
            "then counts as turnlog's own.",
            "The command line does not follow an `.env` file to a log or a Redis on another "
            "machine where nobody named that file: whoever runs a command in a cloned repository "
            "did not mean to send sessions to its author. `--db` or `TURNLOG_ENV_FILE` says that "
            "one does mean it ([why](decisions/0014-env-files.md)).",
            '```toml\n# settings.toml\ndatabase_url = "~/sessions.db"\nuser_id = '
            '"ada@example.org"\n```',
            "## Other variables",
            _table(
                ("variable", "meaning"),
                [
                    ("`CLAUDE_CONFIG_DIR`", "what `turnlog import` without a path reads"),
                    ("`NO_COLOR`", "no colours, even on a terminal"),
                    ("`COLUMNS`", "how wide the output is where it is no terminal; 100 without"),
                    ("`TURNLOG_TRACEBACK`", "show where a mistake of ours happened"),
                ],
            ),
        ]
    )


def _default(field: Any) -> str:
    return "" if field.default is None else f"`{field.default}`"


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
        (f"`{name}`", f"`{kind.__mro__[1].__name__}`", f"`{kind.__module__}`", _first(kind))
        for name, kind in sorted(found.items())
    ]
    return _page(
        [
            "# Errors",
            NOTE,
            "Everything that turnlog raises on purpose is a `TurnlogError`. Each says what was "
            "wrong, with which value, and what to do. Whatever raises has changed nothing. The "
            "command line tells it in one message and ends with code 2.",
            _table(("error", "is a", "defined in", "meaning"), rows),
        ]
    )


def api() -> str:
    """The public names, and the methods of the log."""
    rows = []
    for name in turnlog.__all__:
        value = getattr(turnlog, name)
        rows.append((f"`turnlog.{name}`", _first(value)))
    parts = []
    for part in turnlog.Log.__mro__[:-1]:
        methods = list(_methods(part))
        if methods:
            parts += [] if part is turnlog.Log else [f"### {_first(part).rstrip('.')}"]
            parts += [_table(("method", "what it does"), methods)]
    return _page(
        [
            "# The Python API",
            NOTE,
            '```python\nimport turnlog\n\nwith turnlog.open("sqlite:///sessions.db") as log:\n'
            "    for session in log.sessions(limit=5):\n"
            "        print(session.title, session.billed.cost_usd)\n```",
            _table(("name", "what it is"), rows),
            "## Log",
            "`AsyncLog`, which `await turnlog.open_async(…)` gives, has the same methods: those "
            "that return something are awaited, those that yield are asynchronous iterators. It "
            "runs under asyncio and trio.",
            *parts,
            "## Rows",
            "What the fold of [a projection of your own](projections.md#your-own-projection) works "
            "on.",
            _table(("method", "what it does"), list(_methods(turnlog.Rows))),
            "## turnlog.testing",
            "Trying a projection of your own, for which no test framework is needed, and "
            "certifying [a store of your own](custom-stores.md), which takes pytest.",
            _table(("name", "what it does"), [_tested(name) for name in testing.__all__]),
            "## turnlog.storage",
            "What a store of your own needs; [stores of your own](custom-stores.md) says how.",
            _table(
                ("name", "what it is"),
                [
                    (f"`{name}`", _first(value))
                    for name in storage.__all__
                    if inspect.isroutine(value := getattr(storage, name)) or inspect.isclass(value)
                ],
            ),
        ]
    )


def _tested(name: str) -> tuple[str, str]:
    value = getattr(testing, name)
    call = name if isinstance(value, type) else f"{name}({', '.join(_parameters(value))})"
    return f"`{call}`", _first(value)


def _methods(kind: type) -> Iterator[tuple[str, str]]:
    for name, member in vars(kind).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            call = name if isinstance(member, property) else f"{name}{_signature(member)}"
            yield f"`{call}`", _first(member)


def _signature(method: Callable[..., Any]) -> str:
    return f"({', '.join(_parameters(method)[1:])})"


def _parameters(function: Callable[..., Any]) -> list[str]:
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        optional = parameter.default is not parameter.empty
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        parameters.append(f"{name}=…" if optional else stars.get(parameter.kind, "") + name)
    return parameters


def listing() -> str:
    """What `turnlog sessions` prints of the demo's history."""
    return _printed(["sessions"])


def branches() -> str:
    """What `turnlog branches` prints after the demo's rewind."""
    rewind = ["rewind", "8b6e", "--to", "prompt:2", "--reason", "the lock was a wrong turn"]
    printed = _printed(["branches", "8b6e"], before=rewind)
    return re.sub(r"left behind \d{4}-\d\d-\d\d \d\d:\d\d", "left behind 2026-10-14 09:00", printed)


def days() -> str:
    """What `turnlog stats --by day` prints of the demo's history."""
    return _printed(["stats", "--by", "day"])


def hits() -> str:
    """What `turnlog search` prints of the demo's history."""
    return _printed(["search", "lock redis", "--limit", "2"])


def _printed(command: list[str], before: list[str] | None = None) -> str:
    with tempfile.TemporaryDirectory() as folder, _terminal(Path(folder) / "log.db"):
        _run(["import", str(ROOT / HISTORY), "--workers", "1"])
        if before is not None:
            _run(before)
        lines = _run(command).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


@contextlib.contextmanager
def _terminal(database: Path) -> Iterator[None]:
    """A hundred columns, in UTC, on a day when nothing of the history happened."""
    settings = {
        "COLUMNS": "100",
        "TZ": "UTC",
        "TURNLOG_DATABASE_URL": str(database),
        "TURNLOG_ACTOR": "ada",
    }
    with (
        mock.patch.dict(os.environ, settings),
        mock.patch.object(figures, "today", return_value=""),
    ):
        time.tzset()
        yield
    time.tzset()


def _run(arguments: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = cli.run(arguments)
    assert code == 0, arguments
    return out.getvalue()


OUTPUTS = {"sessions": listing, "branches": branches, "days": days, "search": hits}
PAGES = {
    "commands": commands,
    "events": event_kinds,
    "settings": settings,
    "errors": errors,
    "api": api,
}


def readme(text: str) -> str:
    """The README with the outputs that it shows as they are now."""
    for name, output in OUTPUTS.items():
        begin, end = f"<!-- output: {name} -->", "<!-- end -->"
        before, found, rest = text.partition(begin)
        if found:
            _, _, after = rest.partition(end)
            shown = f"\n```\n{output()}\n```\n"
            text = f"{before}{begin}{shown}{end}{after}"
    return text


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


def _first(value: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    text = inspect.getdoc(value) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def _page(parts: list[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (ROOT / "docs" / f"{name}.md").write_text(page(), encoding="utf-8")
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
