"""The settings in force."""

from __future__ import annotations

import os

from rich.text import Text

from ...settings import Settings, settings_file
from .safe_text import one_line
from .screen import screen, write_json


def show_settings(db: str | None, as_json: bool) -> None:
    """Show every setting, its value and what set it."""
    settings = Settings.load()
    location = settings.location(db)
    rows = []
    for name, field in type(settings).model_fields.items():
        variable = f"TURNLOG_{name.upper()}"
        value = getattr(settings, name)
        if name == "database_url":
            value, source = shown_url(location.url), location.chosen_by
        elif os.environ.get(variable):
            source = variable
        elif name in settings.model_fields_set:
            source = "the settings file"
        else:
            source = "default"
        rows.append((name, value, source, field.description or ""))
    if as_json:
        write_json(
            {
                "settings_file": str(settings_file()),
                "settings_file_exists": settings_file().exists(),
                "settings": {
                    name: {"value": value, "set_by": source} for name, value, source, _ in rows
                },
            }
        )
        return
    for name, value, source, description in rows:
        line = Text.assemble((name, "bold"), (" = ", "quiet"))
        line.append(one_line(str(value)) if value is not None else "(none)", "code")
        screen().print(Text.assemble(line, (f"   {one_line(source)}", "quiet")), soft_wrap=True)
        screen().print(f"  {description}", style="quiet")
    there = "" if settings_file().exists() else ", which is not there"
    screen().print(f"\nsettings file: {settings_file()}{there}", soft_wrap=True)


def shown_url(url: str) -> str:
    """A database URL without its password."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string() if "@" in url else url
