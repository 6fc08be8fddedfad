"""The demo: a small history, imported, listed, shown, rewound and verified.

It runs the installed command line on a log of its own under ``.demo/``, and reads nothing else.
``make demo`` sets everything up and runs it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HISTORY = Path("docs/demo/history")
FOLDER = Path(".demo")
SESSION = "8b6e0a57"

STEPS = (
    (
        "Ada has worked with Claude Code for some weeks. We import what it left on her disk: the "
        "sessions of three projects, one of them with a subagent, and a history of prompts.",
        ("import", str(HISTORY)),
    ),
    (
        "Everything is an event in one file now. The list is a read model, folded from them. Of "
        "the oldest session only the prompts are left; the CLI had deleted its transcript.",
        ("sessions",),
    ),
    (
        "This is the session about payment webhooks. The first two prompts go well. At the third, "
        "Ada asks for a lock in Redis, and from there on it goes wrong.",
        ("show", SESSION),
    ),
    (
        "Every prompt has set a checkpoint. Ada goes back to the second: an agent that resumes "
        "this session now knows nothing of the lock.",
        (
            "rewind",
            SESSION,
            "--to",
            "checkpoint:prompt-2",
            "--reason",
            "the insert decides, no lock",
        ),
    ),
    (
        "Going back is one more event, so nothing is lost. Both branches are there, with the way "
        "back to the one that was left.",
        ("branches", SESSION),
    ),
    (
        "What the wrong turn cost was spent all the same: it stays in what was billed. Live is "
        "what the branch cost on which the session goes on.",
        ("stats", SESSION),
    ),
    (
        "Each event is chained to the one before it by a hash. Were one byte of one of them "
        "changed, this would name it.",
        ("verify",),
    ),
)


def main() -> int:
    """Run the demo; the exit code of the first command that fails, else 0."""
    os.chdir(ROOT)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "settings.toml").touch()  # nobody else's settings
    database = FOLDER / "turnlog.db"
    environment = _environment(database)
    for said, arguments in STEPS:
        _say(said, arguments)
        code = subprocess.run([_turnlog(), *arguments], env=environment, check=False).returncode
        if code:
            print(f"\nthe demo stops here: the command ended with code {code}")
            return code
    _finish(database)
    return 0


def _turnlog() -> str:
    beside = Path(sys.executable).parent
    found = shutil.which("turnlog", path=str(beside)) or shutil.which("turnlog")
    if found is None:
        sys.exit("the command line is not installed: run `make demo`")
    return found


def _environment(database: Path) -> Mapping[str, str]:
    """The environment without any setting that could lead to another log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TURNLOG_")}
    return {
        **kept,
        "TURNLOG_DATABASE_URL": str(database),
        "TURNLOG_SETTINGS_FILE": str(FOLDER / "settings.toml"),
        "TURNLOG_ACTOR": "ada",
    }


def _say(text: str, arguments: tuple[str, ...]) -> None:
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    command = " ".join(f'"{part}"' if " " in part else part for part in arguments)
    print("\n" + _styled(textwrap.fill(text, width), "3"))
    print("\n" + _styled(f"$ turnlog {command}", "1;36") + "\n", flush=True)


def _finish(database: Path) -> None:
    command = os.path.relpath(_turnlog())
    command = "turnlog" if command.startswith("..") else command
    print(
        f"\n{_styled('That was the demo.', '1')} Its log is {database}; look around in it with\n\n"
        f"    {command} show 3f1c --subagents --db {database}\n\n"
        "For your own sessions, type the next command. It reads ~/.claude, changes nothing there,\n"
        "and may be run again at any time:\n\n"
        f"    {_styled(f'{command} import', '1;36')}\n"
    )


def _styled(text: str, style: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{style}m{text}\033[0m"


if __name__ == "__main__":
    sys.exit(main())
