"""Write the pages that are made of the code: commands, events, settings, errors, the API.

Run from the root of a checkout: ``python -m docs.make_pages``. A test holds the pages, and the
output in the README, to what this makes.
"""

from __future__ import annotations

from collections.abc import Callable

from .pages.api import api
from .pages.commands import commands
from .pages.errors import errors
from .pages.events import event_kinds
from .pages.markdown import ROOT
from .pages.outputs import branches, days, hits, listing
from .pages.settings import settings

OUTPUTS: dict[str, Callable[[], str]] = {
    "sessions": listing,
    "branches": branches,
    "days": days,
    "search": hits,
}
PAGES: dict[str, Callable[[], str]] = {
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


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (ROOT / "docs" / f"{name}.md").write_text(page(), encoding="utf-8")
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
