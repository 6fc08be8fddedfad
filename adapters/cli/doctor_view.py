"""What the doctor found."""

from __future__ import annotations

from rich.text import Text

from ...examining import Finding, examine
from ...settings import Settings
from .safe_text import one_line
from .screen import read_or_not, screen, write_json

_SIGNS = {"good": ("✓", "good"), "note": ("·", "quiet"), "warn": ("!", "warn"), "bad": ("✗", "bad")}


def show_doctor(db: str | None, config_dir: str | None, as_json: bool) -> bool:
    """Examine everything and say what was found.

    Returns:
        Whether nothing is wrong.
    """
    location = Settings.load().location(db)
    location.refuse_found()
    findings = []
    for finding in examine(location, config_dir):
        findings.append(finding)
        if not as_json:
            with read_or_not():
                _show(finding)
    healthy = all(finding.level != "bad" for finding in findings)
    if as_json:
        with read_or_not():
            write_json(
                {"healthy": healthy, "findings": [finding._asdict() for finding in findings]}
            )
    return healthy


def _show(finding: Finding) -> None:
    sign, style = _SIGNS[finding.level]
    head = Text.assemble((f"{sign} ", style), (f"{finding.about:<12} ", "bold"))
    text = Text(one_line(finding.what), style if finding.level == "bad" else "")
    for n, line in enumerate(text.wrap(screen(), max(screen().width - head.cell_len, 20))):
        screen().print(Text.assemble(head if n == 0 else " " * head.cell_len, line))
    if finding.todo:
        told = Text.assemble(
            (" " * head.cell_len + "→ ", "quiet"), (one_line(finding.todo), "code")
        )
        screen().print(told, soft_wrap=True)
