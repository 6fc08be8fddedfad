"""The example of docs/projections.md, as it stands there."""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
STEP = re.compile(
    r"<!-- (?P<what>run|printed|file: (?P<file>\S+)) -->\n```\w*\n(?P<text>.*?)```", re.DOTALL
)


def steps() -> list[re.Match[str]]:
    return list(STEP.finditer((ROOT / "docs/projections.md").read_text("utf-8")))


def test_the_example_does_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page shows must never be something that nobody ran."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tool_use", raising=False)
    names: dict[str, Any] = {}
    printed = ""
    found = steps()
    assert [step["what"] for step in found] == [
        "file: tool_use.py",
        "run",
        "printed",
        "run",
        "printed",
        "run",
    ]
    for step in found:
        if step["file"]:
            Path(step["file"]).write_text(step["text"], encoding="utf-8")
        elif step["what"] == "printed":
            assert printed == step["text"]
        else:
            out = io.StringIO()
            with redirect_stdout(out):
                exec(compile(step["text"], "docs/projections.md", "exec"), names)
            printed = out.getvalue()
