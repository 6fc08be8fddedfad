"""A session of the demo: a transcript, with what the CLI writes around every prompt."""

from __future__ import annotations

from typing import Any

from tests.support.entries import Entry, milliseconds
from tests.support.transcripts import Transcript


class Session(Transcript):
    """Tells a conversation: ``ask``, then answers and tools, then ``done``."""

    title_so_far = ""

    def ask(self, text: str, *files: str) -> Entry:
        """A person asks; the files that were edited until then are snapshotted."""
        if not self.prompts:
            self.permission_mode("acceptEdits")
            self.mode()
        entry = self.prompt(text)
        self.snapshot(dict.fromkeys(files, 1))
        return entry

    def edit_file(self, path: str, old: str, new: str, **answer: Any) -> None:
        """A file is edited; ``answer`` is what the model says and thinks with it."""
        given = {"file_path": path, "old_string": old, "new_string": new}
        told = f"The file {path} has been updated."
        self.run("Edit", given, told, **answer)

    def write_file(self, path: str, content: str) -> None:
        """A file is written."""
        self.run("Write", {"file_path": path, "content": content}, f"File created at {path}")

    def done(self, title: str = "") -> None:
        """The CLI notes how long it took, and writes its state again."""
        asked = self.entries.index(self.prompts[-1][0])
        self.system(
            "turn_duration",
            durationMs=self.now - milliseconds(self.entries[asked]["timestamp"]),
            messageCount=len(self.entries) - asked,
        )
        self.title_so_far = title or self.title_so_far
        self.title(self.title_so_far)
        self.last_prompt()
        self.mode()
        self.permission_mode("acceptEdits")
