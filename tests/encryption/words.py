"""A log in which every text that people write is a word of its own, to be looked for in files."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path

from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey

TEXTS = 50
"""Prompts of the long session: its state is kept in a snapshot."""


class Words:
    """Words that occur nowhere else."""

    def __init__(self, mark: str) -> None:
        self._mark, self._numbers = mark, count(1)
        self.all: list[str] = []

    def __call__(self) -> str:
        digits = sha256(f"{self._mark} {next(self._numbers)}".encode()).digest()[:14]
        word = "".join(chr(ord("a") + digit % 26) for digit in digits)
        self.all.append(word)
        return word


def record(log: Log, words: Words, seed: int = 1, prompts: int = 2) -> SessionKey:
    """Record a session with a text in every place that takes one."""
    s = Transcript(cwd=f"/home/{words()}/{words()}", branch=words(), seed=seed)
    for _ in range(prompts):
        s.prompt(f"Why {words()} the {words()}?")
        s.run("Bash", {"command": f"grep {words()}"}, f"found {words()}")
        s.answer(f"Because of {words()}.", thinking=words())
    key = SessionKey("-home-project", s.session_id)
    log.append(key, s.entries, user_id=words())
    log.rename(key, words(), actor=words())
    log.tag(key, [words(), words()], actor=words())
    log.set_metadata(key, {words(): words()}, actor=words())
    log.set_status(key, "error", why=words(), actor=words())
    log.checkpoint(key, "before", label=words(), actor=words())
    log.attempt_continuation(key, why=words(), actor=words())
    log.rewind(key, "prompt:1", reason=words(), actor=words())
    log.catch_up()
    return key


def tell_by_hand(log: Log, words: Words, key: SessionKey) -> None:
    """Fork a session, and record one of another agent."""
    fork = log.fork(key, reason=words(), actor=words()).child
    log.delete(fork, reason=words(), actor=words())
    by_hand = log.create(
        project="by-hand",
        working_dir=f"/{words()}",
        user_id=words(),
        prompt=words(),
        title=words(),
        tags=[words()],
        metadata={words(): [words()]},
        actor=words(),
    ).key
    log.update(by_hand, user_id=words(), title=words(), status="error", why=words())
    talk = log.conversation(by_hand)
    talk.record("user", words())
    talk.record("assistant", words())
    talk.summarize(words(), actor=words())
    log.archive(by_hand, reason=words(), actor=words())


def imported(log: Log, words: Words, directory: Path, seed: int = 9) -> SessionKey:
    """Import a session with a subagent and a line that is broken."""
    s = Transcript(branch=words(), seed=seed)
    s.prompt(words())
    call = s.answer(tools=[("Task", {"prompt": words(), "description": words()})])
    agent = s.subagent(call.tools[0])
    agent.answer(words())
    s.subagent_result(agent, words())
    s.answer(words())
    path = s.write(directory)
    with path.open("a") as file:
        file.write(f'{{"type": "user", "text": "{words()}\n')
    log.import_claude(directory, workers=1, machine=words(), user_id=words())
    log.catch_up()
    return next(
        SessionKey(found.project_key, found.session_id)
        for found in log.sessions()
        if found.session_id == s.session_id
    )


def found_in(words: list[str], files: list[Path]) -> list[str]:
    """Those of some words that are in some files, by their ends.

    An index keeps no beginning that a word has in common with the one before it.
    """
    wanted = [(word, word[-9:].encode()) for word in words]
    held = {word for data in _read(files) for word, spelled in wanted if spelled in data}
    return sorted(held)


def _read(files: list[Path]) -> Iterator[bytes]:
    for path in files:
        if path.is_file():
            yield path.read_bytes()
