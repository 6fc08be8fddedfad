"""A log with all that an exported session has to carry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey
from turnlog.adapters.claude.kept_files import stored
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.domain.events import FileKept
from turnlog.domain.evolving import fold

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
AGENT = KEY._replace(subpath="subagents/agent-a1")
CHILD = KEY._replace(session_id="5e550000-0000-4000-8000-000000000002")
ATLAS = SessionKey("-home-ada-atlas", "5e550000-0000-4000-8000-000000000003")
BACKUP = f"file-history/{KEY.session_id}/0123456789abcdef@v1"


@pytest.fixture
def log(store_url: str) -> Iterator[Log]:
    with turnlog.open(store_url) as log:
        yield log


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Another log, with nothing in it."""
    folder = tmp_path_factory.mktemp("other")
    with turnlog.open(f"sqlite:///{folder / 'other.db'}") as log:
        yield log


def conversation(session_id: str, seed: int = 1, cwd: str = "/home/ada/atlas") -> Transcript:
    transcript = Transcript(session_id, seed=seed, cwd=cwd)
    for n in range(3):
        transcript.prompt(f"Question {n}, \u00e9\u2028 and {2**70}?")
        transcript.run("Bash", {"command": "ls"}, "a.py")
        transcript.answer(f"Answer {n}.", thinking="Hm.")
        transcript.mode()
    return transcript


def fill(log: Log) -> None:
    """Subagents, a late entry, a rewind, a fork that went on, words of people, a kept file."""
    origin = Transcript(KEY.session_id, seed=4, cwd="/home/ada/shop")
    origin.prompt("Look around?")
    task = {"prompt": "Look.", "subagent_type": "Explore", "description": "Look around"}
    call = origin.answer(tools=[("Task", task)]).tools[0]
    agent = origin.subagent(call)
    agent.answer("Found.")
    origin.subagent_result(agent, "Found.")
    origin.entries += conversation(KEY.session_id, cwd="/home/ada/shop").entries
    late = origin.entries.pop(8)
    log.append(KEY, origin.entries, user_id="ada")
    log.append(KEY, [late])
    log.append(AGENT, [{**agent.meta, "type": "agent_metadata"}])
    log.append(AGENT, agent.entries)
    log.rewind(KEY, "prompt:2", reason="try again", actor="ada")
    again = Transcript(KEY.session_id, seed=5, cwd="/home/ada/shop")
    again.leaf = next(e["uuid"] for e in reversed(log.load(KEY) or []) if "uuid" in e)
    again.prompt("Another question?")
    again.answer("Another answer.")
    log.append(KEY, again.entries)
    log.tag(KEY, ["shop", "\U0001f9ea"], "ada")
    log.rename(KEY, "The <checkout>", "ada")
    log.checkpoint(KEY, "good")
    _keep_file(log, b"total = 1\n")
    log.fork(KEY, "prompt:1", CHILD)
    child = Transcript(CHILD.session_id, seed=6, cwd="/home/ada/shop")
    child.prompt("Elsewhere?")
    child.answer("Elsewhere.")
    log.append(CHILD, child.entries)
    log.append(KEY, [{"type": "mode", "mode": "plan"}])
    log.append(ATLAS, [*conversation(ATLAS.session_id, 9).entries, "no entry at all"])


def _keep_file(log: Log, content: bytes) -> None:
    def work(transaction: Transaction) -> None:
        stream = transaction.open(KEY)
        file = stored(content)
        transaction.keep_file(file)
        digest, size = file.digest.hex(), len(content)
        event = FileKept(
            branch=stream.state.branch, name=BACKUP, digest=digest, kind="file-backup", size=size
        )
        transaction.record(stream, [event], fold(stream.state, [event]))

    log.store.write(work)


@pytest.fixture
def filled(log: Log) -> Log:
    """On every store."""
    fill(log)
    return log


@pytest.fixture(scope="session")
def read_only() -> Iterator[Log]:
    """The same for tests that change nothing."""
    with turnlog.open("sqlite://") as log:
        fill(log)
        yield log


@pytest.fixture
def full() -> Iterator[Log]:
    """The same where one store is enough."""
    with turnlog.open("sqlite://") as log:
        fill(log)
        yield log
