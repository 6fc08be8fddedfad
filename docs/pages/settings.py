"""The page of the settings."""

from __future__ import annotations

from typing import Any

from turnlog.settings import HOST_NAMES, HOST_VARIABLES, Settings, takes

from .markdown import NOTE, page, table


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
    return page(
        [
            "# Settings",
            NOTE,
            table(("setting", "in the environment", "takes", "default", "meaning"), rows),
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
            "`turnlog`, or the file that `TURNLOG_SETTINGS_FILE` names, which must be there.\n"
            "5. The variables of a host application, of the environment first and then of the "
            "`.env` file:",
            table(("variable of the host", "setting"), hosts),
            "6. For the log alone, and only where `SESSION_STORAGE_TYPE` (or "
            "`TURNLOG_STORAGE_TYPE`) says what it is kept in, what the host calls it. With "
            "`redis-postgres`, `REDIS_URL` names the Redis beside it ([redis.md](redis.md)):",
            table(("`SESSION_STORAGE_TYPE`", "the log is named by"), places),
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
            table(
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
