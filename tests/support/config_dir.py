"""The files of a configuration directory (``~/.claude``), written as the CLI lays them out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .entries import Entry, milliseconds

if TYPE_CHECKING:
    from .transcripts import Transcript


def write(
    transcript: Transcript,
    directory: Path,
    *,
    history: bool = True,
    flat_subagents: bool = False,
) -> Path:
    """Write a session: its transcript, its subagents', and its prompts into ``history.jsonl``.

    Args:
        history: False leaves ``history.jsonl`` alone.
        flat_subagents: put subagents beside the session, as older CLIs do.

    Returns:
        The path of the main transcript.
    """
    project = directory / "projects" / slug(transcript.cwd)
    main = project / f"{transcript.session_id}.jsonl"
    write_lines(main, transcript.entries)
    agents = project if flat_subagents else project / transcript.session_id / "subagents"
    for agent in transcript.subagents:
        path = agents / f"agent-{agent.agent_id}.jsonl"
        write_lines(path, agent.entries)
        if not flat_subagents:
            path.with_suffix(".meta.json").write_text(json.dumps(agent.meta), encoding="utf-8")
    if history:
        append_history(directory, history_lines(transcript))
    return main


def history_lines(transcript: Transcript, *, with_session: bool = True) -> list[Entry]:
    """What ``history.jsonl`` keeps of a session's prompts; older CLIs leave the session out."""
    session = {"sessionId": transcript.session_id} if with_session else {}
    return [
        {
            "display": typed,
            "pastedContents": {},
            "timestamp": milliseconds(entry["timestamp"]),
            "project": transcript.cwd,
            **session,
        }
        for entry, typed in transcript.prompts
    ]


def append_history(directory: Path, lines: Iterable[Entry]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "history.jsonl").open("ab") as file:
        file.writelines(encode_line(line) for line in lines)


def write_lines(path: Path, entries: Iterable[Any]) -> None:
    """Write a ``.jsonl`` file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(encode_line, entries)))


def encode_line(entry: Any) -> bytes:
    """Compact UTF-8 JSON and a newline; lone surrogates are escaped, as JavaScript does."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
    text = re.sub("[\ud800-\udfff]", lambda lone: f"\\u{ord(lone[0]):04x}", text)
    return text.encode() + b"\n"


def slug(cwd: str) -> str:
    """The name of a project's folder."""
    return re.sub("[^a-zA-Z0-9]", "-", cwd)
