"""Write the database that later releases must stay able to read.

`python -m tests.formats.make GENERATION` makes a database and what it holds as JSON beside it. Run
it for a new schema version, or where blocks are written in another way; what is committed once is
never written again.

- `schema-1`: blocks with one salt for all bodies.
- `schema-1-salts`: a salt for each body; a session that was packed, redacted and went on, another
  that was erased.
- `schema-1-lifted`: facts in short, and packed blocks with UUIDs and pictures as their bytes.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.sql.schema import SCHEMA_VERSION

HERE = Path(__file__).parent


def told(log: turnlog.Log) -> dict[str, Any]:
    """What a log says of itself: entries, figures and titles of every session."""
    sessions = sorted(log.sessions(limit=100), key=lambda session: session.name)
    found = {}
    for session in sessions:
        key = {"project_key": session.project_key, "session_id": session.session_id}
        found[session.name] = {
            "entries": log.load(key),
            "title": session.title,
            "status": session.status,
            "tags": list(session.tags),
            "prompts": session.prompts,
            "turns": session.turns,
            "recorded": session.recorded,
            "billed": list(session.billed.usage),
            "live": list(session.live.usage),
            "events": [recorded.topic for recorded in log.events(key)],
            "checkpoints": [row.name for row in log.checkpoints(key)],
        }
    return found


def fill(log: turnlog.Log) -> None:
    """One session through everything that may happen to it, and a fork of it."""
    s = Transcript("f0000000-0000-4000-8000-000000000001", cwd="/home/ada/shop", seed=7)
    for number in (1, 2, 3):
        s.mode()
        s.prompt(f"What about part {number}?")
        call = s.answer("Let me look.", tools=[("Read", {"file_path": f"part{number}.py"})])
        s.tool_result(call.tools[0], "def part() -> None: ...")
        s.answer(f"Part {number} is fine.", thinking="It is.")
        s.title(f"Part {number}")
    s.compact("All three parts are fine.")
    s.cost_state({"claude-sonnet-4-5-20250929": 0.25})
    key = {"project_key": "-home-ada-shop", "session_id": s.session_id}
    third = len(s.entries) // 3
    log.append(key, s.entries[:third], user_id="ada")
    log.append(key, s.entries[2 * third :])  # the batch before comes late
    log.append(key, s.entries[third : 2 * third])
    other = {**s.entries[1], "message": {"role": "user", "content": "another content"}}
    log.append(key, [other, "no object", {"type": "x", "big": 2**70, "half": "\ud800"}])
    log.rename(key, "Three parts", actor="ada")
    log.tag(key, ["parts", "fine"])
    log.checkpoint(key, "before", label="as it was")
    log.fork(key, "prompt:2", into={**key, "session_id": "f0000000-0000-4000-8000-000000000002"})
    log.rewind(key, "prompt:1", reason="try again", actor="ada")
    log.append(key, [{"type": "mode", "mode": "plan"}])
    gone = {**key, "session_id": "f0000000-0000-4000-8000-000000000003"}
    log.append(gone, s.entries[:3])
    log.delete(gone, reason="a trial")


def change_bodies(log: turnlog.Log) -> None:
    """Pack the session, redact an entry of it, and go on; erase another."""
    key = {"project_key": "-home-ada-shop", "session_id": "f0000000-0000-4000-8000-000000000001"}
    picture = b64encode(sha256(b"a picture").digest() * 16).decode()
    log.append(key, [{"type": "attachment", "data": picture}])
    log.archive(key, reason="done")
    text = "Part 1 is fine."
    entry = next(x["uuid"] for x in log.load(key) or [] if text in str(x.get("message")))
    log.redact(key, entry, texts=[text], reason="not for everybody")
    log.append(key, [{"type": "mode", "mode": "normal"}])
    s = Transcript("f0000000-0000-4000-8000-000000000004", cwd="/home/ada/shop", seed=8)
    s.prompt("What is the password?")
    s.answer("It is hunter2.")
    gone = {**key, "session_id": s.session_id}
    log.append(gone, s.entries)
    log.erase(gone, reason="a password")


def main(generation: str) -> None:
    """Write a database and what it holds."""
    name = f"schema-{SCHEMA_VERSION}{generation}"
    path = HERE / f"{name}.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        fill(log)
        change_bodies(log)
        (HERE / f"{name}.json").write_text(json.dumps(told(log), indent=1) + "\n")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("VACUUM")
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
