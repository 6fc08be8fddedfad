"""What runs the import again and again, so that nothing is lost when the CLI cleans up.

The CLI deletes transcripts after 30 days: once a day is often enough. Everything here is made of
its arguments; ``write`` alone touches the disk, and only below the home directory it was given.
"""

from __future__ import annotations

import json
import plistlib
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ...domain.errors import TurnlogError

System = Literal["systemd", "launchd", "cron"]
NAME = "turnlog-import"
LABEL = "dev.turnlog.import"
_MINUTE, _HOUR = 17, 12
"""When: at noon, when most machines are on. Those that were not catch up."""


class CannotInstall(TurnlogError):
    """Something that is not set up by writing a file, or a settings file that cannot be read."""


class NewFile(NamedTuple):
    """A file to be written, or a symbolic link."""

    path: Path
    text: str = ""
    link_to: str | None = None


class Installation(NamedTuple):
    """How the import is run on one system."""

    system: System
    files: tuple[NewFile, ...]
    """What is to be written; nothing where a command sets it up."""
    commands: tuple[str, ...]
    """What is to be typed so that it begins at once."""
    settings: Path
    """Where the hook goes."""
    hook: str
    """What to put there, to import at the end of every session of Claude Code, too."""


def this_system() -> System:
    """What starts programs at their time on this machine."""
    if sys.platform == "darwin":
        return "launchd"
    if sys.platform == "linux" and Path("/run/systemd/system").is_dir():
        return "systemd"
    return "cron"


def this_command() -> list[str]:
    """How turnlog is called on this machine, as words."""
    beside = Path(sys.executable).with_name("turnlog")
    found = shutil.which("turnlog") or (str(beside) if beside.exists() else None)
    if found is not None:
        return [str(Path(found).absolute())]
    return [sys.executable, "-c", "from turnlog.adapters.cli import main; main()"]


def installation(
    command: Sequence[str], home: Path, system: System, config: Path | None = None
) -> Installation:
    """What is needed on a system.

    Args:
        command: what to run, as words, the first an absolute path.
        home: the user's home directory.
        config: Claude Code's configuration directory, ``~/.claude`` by default.
    """
    files, commands = _SYSTEMS[system](command, home)
    hook = json.dumps({"hooks": {"SessionEnd": [_hook(command)]}}, indent=2)
    settings = (config or home / ".claude") / "settings.json"
    return Installation(system, tuple(files), tuple(commands), settings, hook)


def write(planned: Installation) -> list[Path]:
    """Write the files. What is there under their names is replaced.

    Returns:
        What was written.

    Raises:
        CannotInstall: this system is not set up by a file; the message gives the command.
        OSError: a file cannot be written.
    """
    if not planned.files:
        raise CannotInstall(f"type this to set it up:\n  {planned.commands[0]}")
    for path, text, link_to in planned.files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if link_to is not None:
            path.symlink_to(link_to)
        else:
            # The command may hold the password of a database.
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
    return [file.path for file in planned.files]


def with_hook(settings: str, command: Sequence[str]) -> str:
    """The settings of Claude Code with the hook in them; once is enough.

    Args:
        settings: the text of ``settings.json``, empty where there is none.

    Raises:
        CannotInstall: the text is not the settings' JSON.
    """
    try:
        found: Any = json.loads(settings) if settings.strip() else {}
    except ValueError as problem:
        raise CannotInstall(
            f"the settings are no JSON: {problem}; put the hook in by hand"
        ) from None
    hooks = found.setdefault("hooks", {}) if isinstance(found, dict) else None
    at_end = hooks.setdefault("SessionEnd", []) if isinstance(hooks, dict) else None
    if not isinstance(at_end, list):
        raise CannotInstall(
            "the settings hold no list of SessionEnd hooks; put the hook in by hand"
        )
    wanted = _hook(command)
    if wanted not in at_end:
        at_end.append(wanted)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _hook(command: Sequence[str]) -> dict[str, Any]:
    return {"hooks": [{"type": "command", "command": shlex.join(command), "timeout": 60}]}


def _systemd(command: Sequence[str], home: Path) -> tuple[list[NewFile], list[str]]:
    units = home / ".config/systemd/user"
    words = " ".join(map(_systemd_word, command))
    service = f"""[Unit]
Description=Record Claude Code's sessions before they are cleaned up

[Service]
Type=oneshot
Nice=10
ExecStart={words}
"""
    timer = f"""[Unit]
Description=Record Claude Code's sessions once a day

[Timer]
OnCalendar=*-*-* {_HOUR}:{_MINUTE}
RandomizedDelaySec=30min
Persistent=true

[Install]
WantedBy=timers.target
"""
    files = [
        NewFile(units / f"{NAME}.service", service),
        NewFile(units / f"{NAME}.timer", timer),
        NewFile(units / f"timers.target.wants/{NAME}.timer", link_to=f"../{NAME}.timer"),
    ]
    return files, ["systemctl --user daemon-reload", f"systemctl --user start {NAME}.timer"]


def _systemd_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or not word or " " in word else word


def _launchd(command: Sequence[str], home: Path) -> tuple[list[NewFile], list[str]]:
    path = home / f"Library/LaunchAgents/{LABEL}.plist"
    log = str(home / f"Library/Logs/{NAME}.log")
    agent = {
        "Label": LABEL,
        "ProgramArguments": list(command),
        "StartCalendarInterval": {"Hour": _HOUR, "Minute": _MINUTE},
        "ProcessType": "Background",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    text = plistlib.dumps(agent).decode()
    return [NewFile(path, text)], [f"launchctl load -w {shlex.quote(str(path))}"]


def _cron(command: Sequence[str], home: Path) -> tuple[list[NewFile], list[str]]:
    line = f"{_MINUTE} {_HOUR} * * * " + shlex.join(command).replace("%", "\\%")
    return [], [f"(crontab -l 2>/dev/null; echo {shlex.quote(line)}) | crontab -"]


_SYSTEMS = {"systemd": _systemd, "launchd": _launchd, "cron": _cron}
