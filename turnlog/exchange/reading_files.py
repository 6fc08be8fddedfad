"""Sessions as files for people: a page or a Markdown text each."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..adapters.storage.contract.store import Store
from ..projections.sessions import Session
from ..projections.sessions.query import subagents_of
from ..reading.finding import row_of, tables_in
from .files import folder_in, new_file, plain_name
from .html.page import Entry, write_index, write_story
from .markdown import write_index as write_markdown_index
from .markdown import write_story as write_markdown_story
from .story import Story

Write = Callable[[str], object]


class Form:
    """How sessions are written for people: HTML, or Markdown."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.suffix = ".html" if name == "html" else ".md"
        self.index = "index.html" if name == "html" else "README.md"

    def story(self, write: Write, story: Story, index: str | None) -> None:
        """Write a session."""
        (write_story if self.name == "html" else write_markdown_story)(write, story, index)

    def contents(self, write: Write, entries: list[Entry]) -> None:
        """Write the file that leads to the others."""
        (write_index if self.name == "html" else write_markdown_index)(write, entries)


def write_one(store: Store, file: BinaryIO, form: Form, session: Session) -> None:
    """Write a session into one file."""
    with _text(file) as write, _story(store, session) as story:
        form.story(write, story, None)


def write_all(
    store: Store,
    root: Path,
    form: Form,
    sessions: Iterator[Session],
    overwrite: bool,
    progress: Callable[[Session], None],
) -> list[Path]:
    """Write sessions into a folder, a file each, with one that leads to them."""
    entries: list[Entry] = []
    files = []
    for session in sessions:
        key = session.key
        parts = (plain_name(key.project_key), plain_name(key.session_id) + form.suffix)
        path = folder_in(root, parts[0]) / parts[1]
        with (
            new_file(path, overwrite) as file,
            _text(file) as write,
            _story(store, session) as story,
        ):
            form.story(write, story, f"../{form.index}")
        files.append(path)
        entries.append(Entry(session, "/".join(parts)))
        progress(session)
    with new_file(root / form.index, overwrite) as file, _text(file) as write:
        form.contents(write, entries)
    return [*files, root / form.index]


@contextmanager
def _story(store: Store, session: Session) -> Iterator[Story]:
    key = session.key.main
    with store.read() as reader:
        found = reader.query(subagents_of(tables_in(reader), [key.stream_id]))
        yield Story(reader, row_of(reader, key), [Session.of(row) for row in found])


@contextmanager
def _text(file: BinaryIO) -> Iterator[Write]:
    text = io.TextIOWrapper(file, "utf-8", newline="\n", write_through=False)
    try:
        yield text.write
        text.flush()
    finally:
        text.detach()
