"""Responses that several sessions hold, when these are appended at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import turnlog
from tests.faults.oracles import read_models
from tests.storage.storing import PATIENCE, held, running
from tests.storage.test_postgres import wait_for_lock
from tests.support.transcripts import Transcript
from turnlog.adapters.claude.batches import prepare
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.appending import Appended, Arrival, append
from turnlog.domain.keys import SessionKey

Database = psycopg.Connection[Any]


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A connection of our own to the database."""
    url = make_url(postgres_url).set(drivername="postgresql")
    text = url.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        yield connection


@pytest.fixture
def log(postgres_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(postgres_url) as opened:
        yield opened


def conversation(prompts: int) -> Transcript:
    transcript = Transcript(seed=7)
    for number in range(prompts):
        transcript.prompt(f"Question {number}?")
        transcript.answer(f"Answer {number}.")
    return transcript


def key_of(transcript: Transcript) -> SessionKey:
    return SessionKey("shop", transcript.session_id)


def billed(log: turnlog.Log) -> int:
    return log.stats().billed.usage.output_tokens


def output_of(transcript: Transcript) -> int:
    best: dict[str, int] = {}
    for entry in transcript.entries:
        if entry["type"] == "assistant":
            message = entry["message"]
            tokens = message["usage"]["output_tokens"]
            best[message["id"]] = max(tokens, best.get(message["id"], 0))
    return sum(best.values())


def assert_as_rebuilt(log: turnlog.Log) -> None:
    with log.store.read() as reader:
        assert reader.stale() == {}
    live = read_models(log)
    log.rebuild()
    assert read_models(log) == live


def appending(transcript: Transcript, entries: list[Any]) -> Callable[[Transaction], Appended]:
    arrival = Arrival(key_of(transcript), prepare(key_of(transcript), entries))
    return lambda transaction: append(transaction, arrival)


def test_two_copies_that_come_at_once_are_billed_once(log: turnlog.Log, database: Database) -> None:
    """A response must never be billed twice because its copies did not see one another."""
    origin = conversation(3)
    copy = origin.fork(by="sdk")
    with (
        held(log.store, appending(origin, origin.entries)) as first,
        running(lambda: log.append(key_of(copy), copy.entries)) as second,
    ):
        wait_for_lock(database)
        assert not second.done()
        first.release()
        second.result(PATIENCE)
    assert billed(log) == output_of(origin)
    assert log.session(origin.session_id).billed.usage.output_tokens == output_of(origin)
    assert log.session(copy.session_id).billed.usage.output_tokens == 0
    assert_as_rebuilt(log)


def test_a_session_that_grows_while_its_owner_arrives_keeps_what_it_gained(
    log: turnlog.Log, database: Database
) -> None:
    """Sums that are added up again must never leave out what is just being appended."""
    origin = conversation(2)
    copy = origin.fork(by="sdk")
    copied = len(copy.entries)
    log.append(key_of(copy), copy.entries)
    copy.prompt("And on Sundays?")
    copy.answer("The same.")
    with (
        held(log.store, appending(copy, copy.entries[copied:])) as growing,
        running(lambda: log.append(key_of(origin), origin.entries)) as owner,
    ):
        wait_for_lock(database)
        growing.release()
        owner.result(PATIENCE)
    own = copy.entries[-1]["message"]["usage"]["output_tokens"]
    assert log.session(copy.session_id).billed.usage.output_tokens == own
    assert_as_rebuilt(log)


def test_a_rewind_while_the_owner_arrives_takes_nothing_back(
    log: turnlog.Log, database: Database
) -> None:
    """Who says what is live must never say again who is billed: that may have changed."""
    origin = conversation(3)
    copy = origin.fork(by="sdk")
    log.append(key_of(copy), copy.entries)
    with (
        held(log.store, appending(origin, origin.entries)) as owner,
        running(lambda: log.rewind(key_of(copy), to="prompt:1")) as rewinding,
    ):
        wait_for_lock(database)
        owner.release()
        rewinding.result(PATIENCE)
    assert log.session(copy.session_id).billed.usage.output_tokens == 0
    assert billed(log) == output_of(origin)
    assert_as_rebuilt(log)


def test_copies_that_come_in_any_order_are_billed_once(log: turnlog.Log) -> None:
    """Appends that share responses must never block one another for good, nor count twice."""
    origin = conversation(12)
    family = [origin, *(origin.fork(by="sdk") for _ in range(5))]

    def write(number: int) -> None:
        chance = random.Random(number)
        transcript = family[number]
        entries: list[Any] = list(transcript.entries)
        while entries:
            size = chance.randint(1, 9)
            log.append(key_of(transcript), entries[:size])
            del entries[:size]

    with ThreadPoolExecutor(len(family)) as pool:
        list(pool.map(write, range(len(family))))
    assert billed(log) == output_of(origin)
    assert_as_rebuilt(log)


def test_a_rewind_while_a_copy_arrives_leaves_the_right_sums(log: turnlog.Log) -> None:
    """What is live must never be added up from figures that another append was changing."""
    origin = conversation(6)
    log.append(key_of(origin), origin.entries)

    def copy(number: int) -> None:
        fork = origin.fork(by="sdk")
        for entry in fork.entries:
            log.append(key_of(fork), [entry])

    def rewind(number: int) -> None:
        for prompt in (1, 4, 2, 5, 3):
            log.rewind(key_of(origin), to=f"prompt:{prompt}")
            log.rewind(key_of(origin), to=f"version:{log.state(key_of(origin)).version - 1}")

    with ThreadPoolExecutor(3) as pool:
        for done in (pool.submit(copy, 1), pool.submit(rewind, 2), pool.submit(copy, 3)):
            done.result(PATIENCE)
    assert billed(log) == output_of(origin)
    assert_as_rebuilt(log)
