"""What is set up so that the import runs every day."""

from __future__ import annotations

import json
import plistlib
import shlex
import stat
from pathlib import Path

import pytest

from turnlog.adapters.claude.install import (
    CannotInstall,
    System,
    installation,
    this_command,
    this_system,
    with_hook,
    write,
)

COMMAND = ["/opt/my tools/turnlog", "import", "--db", "sqlite:////home/ada/50%$x.db"]
HOME = Path("/home/ada")


def test_systemd_runs_it_daily_and_after_a_pause() -> None:
    planned = installation(COMMAND, HOME, "systemd")
    texts = {file.path.name: file for file in planned.files if file.link_to is None}
    service, timer = texts["turnlog-import.service"].text, texts["turnlog-import.timer"].text
    line = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    expected = '"/opt/my tools/turnlog" import --db "sqlite:////home/ada/50%%$$x.db"'
    assert line == f"ExecStart={expected}"
    assert "OnCalendar=*-*-* 12:17" in timer
    assert "Persistent=true" in timer, "a machine that slept catches up"
    assert {file.path.parent for file in texts.values()} == {HOME / ".config/systemd/user"}
    link = next(file for file in planned.files if file.link_to is not None)
    assert link.path.parent.name == "timers.target.wants"
    assert planned.commands[-1] == "systemctl --user start turnlog-import.timer"


def test_launchd_runs_it_daily() -> None:
    planned = installation(COMMAND, HOME, "launchd")
    (file,) = planned.files
    agent = plistlib.loads(file.text.encode())
    assert file.path == HOME / f"Library/LaunchAgents/{agent['Label']}.plist"
    assert agent["ProgramArguments"] == COMMAND
    assert agent["StartCalendarInterval"] == {"Hour": 12, "Minute": 17}


def test_cron_takes_a_line() -> None:
    planned = installation(COMMAND, HOME, "cron")
    assert planned.files == ()
    line = next(word for word in shlex.split(planned.commands[0]) if "*" in word)
    minute, hour, *_, rest = line.removesuffix(")").split(" ", 5)
    assert (minute, hour) == ("17", "12")
    # In a crontab a percent sign ends the command, unless it is escaped.
    assert shlex.split(rest.replace("\\%", "%")) == COMMAND
    with pytest.raises(CannotInstall, match="crontab"):
        write(planned)


@pytest.mark.parametrize("system", ["systemd", "launchd"])
def test_only_writing_touches_the_disk(tmp_path: Path, system: System) -> None:
    """Nothing must ever be set up that was only to be shown."""
    home = tmp_path / "ada"
    planned = installation(COMMAND, home, system)
    assert not home.exists()
    for _ in range(2):
        assert write(planned) == [file.path for file in planned.files]
        for path, text, link_to in planned.files:
            assert path.is_relative_to(home)
            if link_to is not None:
                assert path.is_symlink()
                assert path.exists()
            else:
                assert path.read_text() == text
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, "a URL may hold a password"


def test_the_hook_runs_it_when_a_session_ends() -> None:
    planned = installation(COMMAND, HOME, "cron")
    assert planned.settings == HOME / ".claude/settings.json"
    (entry,) = json.loads(planned.hook)["hooks"]["SessionEnd"]
    (hook,) = entry["hooks"]
    assert hook["type"] == "command"
    assert shlex.split(hook["command"]) == COMMAND
    elsewhere = installation(COMMAND, HOME, "cron", config=Path("/etc/claude"))
    assert elsewhere.settings == Path("/etc/claude/settings.json")


def test_the_hook_is_added_to_settings_once() -> None:
    """Settings of other programs must never be lost."""
    mine = {"hooks": {"SessionEnd": [{"hooks": []}], "Stop": []}, "model": "Größe"}
    text = with_hook(json.dumps(mine), COMMAND)
    found = json.loads(text)
    assert found["model"] == "Größe"
    assert found["hooks"]["Stop"] == []
    assert len(found["hooks"]["SessionEnd"]) == 2
    assert with_hook(text, COMMAND) == text
    assert json.loads(with_hook("", COMMAND)) == json.loads(
        installation(COMMAND, HOME, "cron").hook
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"hooks": []}', '{"hooks": {"SessionEnd": {}}}'])
def test_settings_that_make_no_sense_are_left_alone(text: str) -> None:
    with pytest.raises(CannotInstall):
        with_hook(text, COMMAND)


def test_this_machine_has_a_way() -> None:
    assert this_system() in ("systemd", "launchd", "cron")
    assert Path(this_command()[0]).is_absolute()
