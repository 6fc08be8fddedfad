"""A search of a log and of its plain lists: the same, whatever happened."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.support.log_machine import Machine
from turnlog import Hit
from turnlog.domain.entry import uuid_text

WORDS = ("question", "answer", "further")


class SearchMachine(Machine):
    """Searches now and then, and at the end."""

    def teardown(self) -> None:
        self.search()
        super().teardown()

    @rule()
    def search(self) -> None:
        for word in WORDS:
            found = [self.uuid(hit) for hit in self.log.search(word, limit=100).hits]
            assert sorted(found) == sorted(self.expected(word)), word

    def uuid(self, hit: Hit) -> str:
        event = next(iter(self.log.events(hit.origin, hit.version - 1))).event
        return uuid_text(event.identity or b"")

    def expected(self, word: str) -> set[str]:
        """The entries that have the word in what ``load`` gives of every session, each once."""
        return {
            entry["uuid"]
            for writer in self.everyone
            for entry in self.log.load(writer.key) or []
            if word in said(entry)
        }


def said(entry: dict[str, object]) -> str:
    """What a text of the conversation says, in small letters; nothing for anything else."""
    message = entry.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content.lower()
    blocks = content if isinstance(content, list) else []
    texts = (block.get("text", "") for block in blocks if block.get("type") == "text")
    return " ".join(texts).lower()


@pytest.mark.parametrize("url", ["memory:", "sqlite://"])
def test_what_is_found_is_what_is_live(url: str) -> None:
    """Rewinds, late entries, forks, subagents and new lives must never change what is found but
    by what is live."""
    machine = type("SearchMachine", (SearchMachine,), {"url": url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=8, stateful_step_count=30, deadline=None)
    )
