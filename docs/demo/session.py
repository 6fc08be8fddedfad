"""A session of the demo: a transcript, with what the CLI writes around every prompt."""

from __future__ import annotations

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
