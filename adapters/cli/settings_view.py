"""The settings in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr
from rich.padding import Padding
from rich.text import Text

from ...settings import SECRETS, Location, Settings, env_file, settings_file
from ..secrets import hidden
from .safe_text import one_line
from .screen import screen, write_json


def show_settings(db: str | None, as_json: bool) -> None:
    """Show every setting, its value and what set it."""
    settings = Settings.load()
    location = settings.location(db)
    rows = list(_rows(settings, location))
    file, dotenv = settings_file(), env_file()
    if as_json:
        write_json(
            {
                "settings_file": str(file),
                "settings_file_exists": file.exists(),
                "env_file": str(dotenv) if dotenv is not None else None,
                "settings": {name: {"value": value, "set_by": by} for name, value, by, _ in rows},
            }
        )
        return
    for name, value, by, description in rows:
        line = Text.assemble((name, "bold"), (" = ", "quiet"))
        line.append(one_line(str(value)) if value is not None else "(none)", "code")
        screen().print(Text.assemble(line, (f"   {one_line(by)}", "quiet")), soft_wrap=True)
        screen().print(Padding(Text(description, "quiet"), (0, 0, 0, 2), expand=False))
    there = "" if file.exists() else ", which is not there"
    screen().print(f"\nsettings file: {file}{there}", soft_wrap=True)
    if dotenv is not None:
        screen().print(f"environment file: {dotenv}", soft_wrap=True)


def _rows(settings: Settings, location: Location) -> Iterator[tuple[str, Any, str, str]]:
    """Each setting: its name, its value as it may be seen, what set it, what it means."""
    for name, field in type(settings).model_fields.items():
        value, by = getattr(settings, name), settings.set_by(name) or "default"
        if name == "database_url":
            value, by = location.url, location.chosen_by
        elif name == "storage_type" and value is None and location.storage is not None:
            value, by = location.storage
        elif name == "redis_url" and location.redis is not None:
            value, by = location.redis[:2]
        if isinstance(value, SecretStr):
            value = "***"
        elif name in SECRETS and value is not None:
            value = hidden(value)
        yield name, value, by, field.description or ""
