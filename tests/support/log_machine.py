"""A log and its plain lists, side by side through whatever may happen.

A log records what agents write, in batches that come once, twice, in part, too late or not at
all; people rewind, fork, delete and take it back. After every step it must give what the lists of
``plain_log`` give, and what it said of a version once it must say for ever.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import turnlog
from turnlog.adapters.claude.batches import prepare
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.contract.values import Repacked
from turnlog.adapters.storage.encoding.json_bytes import encode
from turnlog.appending import Arrival, append
from turnlog.domain.entry import identity_of
from turnlog.domain.errors import Refused, TurnlogError
from turnlog.domain.events import EntryRedacted, SessionPacked
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey
from turnlog.retention.forgetting import Forgetting

from .agreement import agrees
from .plain_log import Line, PlainSession, kind
from .rollups import rollups_agree
from .transcripts import Transcript
from .writers import Writer, may_end

PROJECT = "-home-ada-shop"
THINGS = ["ask", "ask", "answer", "tool", "title", "mode", "note"]


class Machine(RuleBasedStateMachine):
    """A log beside its plain lists."""

    url = "sqlite://"
    writers = Bundle("writers")

    def __init__(self) -> None:
        super().__init__()
        self.log = self.open()
        self.everyone: list[Writer] = []
        self.touched: list[Writer] = []

    def open(self) -> turnlog.Log:
        return turnlog.open(self.url)

    def teardown(self) -> None:
        for writer in self.everyone:
            agrees(self.log, writer)
        assert self.log.verify().holds
        rollups_agree(self.log)
        self.log.close()

    def few(self) -> bool:
        return len(self.everyone) < 4

    # -- agents write --------------------------------------------------------------------------

    @initialize(target=writers, things=st.lists(st.sampled_from(THINGS), max_size=4))
    def begin_with_a_session(self, things: list[str]) -> Writer:
        writer = self.begin()
        for what in ("ask", *things):
            writer.write(what)
        self.send(writer, 12, 1)
        return writer

    @precondition(lambda self: len(self.everyone) < 2)
    @rule(target=writers)
    def begin(self) -> Writer:
        key = self._fresh_key()
        return self._welcome(Writer(key, self._transcript(key)))

    def _fresh_key(self) -> SessionKey:
        return SessionKey(PROJECT, f"5e550000-0000-4000-8000-{len(self.everyone) + 1:012x}")

    def _transcript(self, key: SessionKey) -> Transcript:
        return Transcript(key.session_id, seed=len(self.everyone) + 1)

    def _welcome(self, writer: Writer) -> Writer:
        self.everyone.append(writer)
        return writer

    @rule(writer=writers, what=st.sampled_from(THINGS))
    def write(self, writer: Writer, what: str) -> None:
        writer.write(what)

    @precondition(few)
    @rule(writer=writers, target=writers)
    def call_subagent(self, writer: Writer) -> Writer:
        if writer.parent is not None:
            return writer
        key = writer.key._replace(subpath=f"subagents/agent-{len(self.everyone)}")
        return self._welcome(writer.call_subagent(key))

    @rule(writer=writers, which=st.integers(0, 100))
    def go_back_in_the_cli(self, writer: Writer, which: int) -> None:
        targets = [line for line in writer.plain.load() if line.uuid and may_end(line)]
        if targets and not (writer.units or writer.ever_lost or writer.plain.deleted):
            writer.go_back(targets[which % len(targets)])

    # -- batches arrive ------------------------------------------------------------------------

    @rule(writer=writers, upto=st.integers(1, 12), parts=st.integers(1, 3))
    def send(self, writer: Writer, upto: int, parts: int) -> None:
        sent, writer.units = writer.units[:upto], writer.units[upto:]
        lines = [line for unit in sent for line in unit]
        size = max(1, -(-len(lines) // parts))
        for start in range(0, len(lines), size):
            self._arrive(writer, lines[start : start + size])

    @rule(writer=writers, upto=st.integers(1, 3))
    def lose(self, writer: Writer, upto: int) -> None:
        if not writer.ever_left:
            writer.lose(upto)

    @rule(writer=writers, which=st.integers(0, 5))
    def find(self, writer: Writer, which: int) -> None:
        """A batch that was lost comes after all."""
        if writer.lost and not writer.plain.deleted:
            self._arrive(writer, writer.lost.pop(which % len(writer.lost)))

    @rule(writer=writers, data=st.data(), shuffled=st.booleans())
    def come_again(self, writer: Writer, data: st.DataObject, shuffled: bool) -> None:
        there = writer.plain.load()
        first = data.draw(st.integers(0, len(there)), label="first")
        lines = there[first : data.draw(st.integers(first, len(there)), label="upto")]
        if shuffled or writer.ever_lost:
            lines = [line for line in lines if line.uuid is not None]
        if shuffled and lines:
            lines = data.draw(st.permutations(lines), label="order")
        if not (writer.plain.deleted and shuffled):
            self._arrive(writer, lines)

    @rule(writer=writers, which=st.integers(0, 100))
    def conflict(self, writer: Writer, which: int) -> None:
        there = [line for line in writer.plain.load() if line.uuid is not None]
        if there and not writer.plain.deleted and not writer.plain.is_fork:
            changed = there[which % len(there)].entry | {"version": "9.9.9"}
            appended = self.log.append(writer.key, [changed])
            assert (appended.recorded, appended.conflicts) == (0, writer.plain.conflict(changed))
            self.touched.append(writer)

    @rule(writer=writers)
    def crash(self, writer: Writer) -> None:
        """A transaction that fails leaves nothing behind, not even in memory."""
        entries = [line.entry for unit in writer.units for line in unit]

        def work(transaction: Any) -> None:
            append(transaction, Arrival(writer.key, prepare(writer.key, entries)))
            raise Refused("no more")

        with pytest.raises(Refused):
            self.log.store.write(work)
        self.touched.append(writer)

    def _arrive(self, writer: Writer, lines: list[Line]) -> None:
        if not lines:
            return
        note(f"{writer.name}: {[(line.entry['type'], line.uuid) for line in lines]}")
        if writer.plain.deleted:
            writer.lost, writer.call, writer.origin = [], None, None
            for agent in self.everyone:  # calls of the life before are none of the new one's
                if agent.parent is writer and agent.call is not None and agent.call.arrived:
                    agent.call = None
        expected = writer.plain.arrive(lines)
        appended = self.log.append(writer.key, [line.entry for line in lines], user_id="ada")
        self.touched.append(writer)
        assert appended.recorded == expected
        assert (appended.duplicates, appended.conflicts) == (len(lines) - expected, 0)

    # -- people go back ------------------------------------------------------------------------

    @rule(writer=writers, which=st.integers(0, 100), dry=st.booleans())
    def rewind_to_a_message(self, writer: Writer, which: int, dry: bool) -> None:
        targets = writer.targets()
        if targets:
            target = targets[which % len(targets)]
            self._rewind(writer, f"message:{target.uuid}", target, dry)

    @rule(writer=writers, number=st.integers(0, 4), kind=st.sampled_from(["prompt", "turn"]))
    def rewind_to_a_number(self, writer: Writer, number: int, kind: str) -> None:
        last = writer.prompt(number) if kind == "prompt" else writer.turn(number)
        if any(line.left for line in writer.plain.load()):
            return
        if number and last is None:
            with pytest.raises(TurnlogError):
                self.log.rewind(writer.key, f"{kind}:{number}")
        elif last is None or may_end(last):
            self._rewind(writer, f"{kind}:{number}", last)

    @rule(writer=writers, number=st.integers(1, 4))
    def rewind_to_a_checkpoint(self, writer: Writer, number: int) -> None:
        last = writer.prompt(number)
        plain = writer.plain
        if (
            last is not None
            and may_end(last)
            and not (writer.ever_lost or writer.ever_left or writer.parent or plain.is_fork)
        ):
            self._rewind(writer, f"checkpoint:prompt-{number}", last)

    @rule(writer=writers, which=st.integers(0, 100))
    def rewind_to_a_version(self, writer: Writer, which: int) -> None:
        if writer.remembered and not writer.ever_lost and not writer.plain.deleted:
            version = [*writer.remembered][which % len(writer.remembered)]
            _, load = writer.remembered[version]
            if load and may_end(load[-1]) and load[-1] in writer.plain.reachable():
                self._rewind(writer, str(version), load[-1])

    def _rewind(self, writer: Writer, to: str, last: Line | None, dry: bool = False) -> None:
        note(f"{writer.name}: rewind to {to}")
        plain = writer.plain
        if not plain.begun or plain.deleted:
            with pytest.raises(TurnlogError):
                self.log.rewind(writer.key, to)
            return
        before = plain.figures()
        rewound = self.log.rewind(writer.key, to, dry_run=dry)
        assert rewound.before[:3] == (before.prompts, before.turns, before.entries)
        if not dry:
            writer.resume(last)
        self.touched += [x for x in self.everyone if x is writer or x.parent is writer]

    @precondition(few)
    @rule(writer=writers, which=st.integers(0, 100), target=writers)
    def fork(self, writer: Writer, which: int) -> Writer:
        targets = writer.targets()
        plain = writer.plain
        if not targets or plain.deleted or writer.parent is not None or writer.ever_left:
            return writer
        last = targets[which % len(targets)]
        key = self._fresh_key()
        self.log.fork(writer.key, f"message:{last.uuid}", into=key)
        base = [line for line in plain.upto(last) if line.arrived]
        child = Writer(key, self._transcript(key), PlainSession(base))
        child.transcript.leaf = [line.uuid for line in base if line.uuid is not None][-1]
        child.origin = writer
        self.touched.append(child)
        return self._welcome(child)

    # -- people clean up -----------------------------------------------------------------------

    @rule(writer=writers)
    def delete(self, writer: Writer) -> None:
        gone = [x for x in self._with_subagents(writer) if x.plain.begun and not x.plain.deleted]
        assert set(self.log.delete(writer.key)) == {x.key for x in gone}
        for other in gone:
            other.plain.deleted = True
        self.touched += gone

    @rule(writer=writers)
    def undelete(self, writer: Writer) -> None:
        plain = writer.plain
        if not plain.begun or not plain.deleted or plain.erased:
            with pytest.raises(TurnlogError):
                self.log.undelete(writer.key)
            return
        gone = [x for x in self._with_subagents(writer) if x.plain.deleted]
        back = [x for x in gone if not x.plain.erased]
        assert set(self.log.undelete(writer.key)) == {x.key for x in back}
        for other in back:
            other.plain.deleted = False
        self.touched += back

    def _with_subagents(self, writer: Writer) -> list[Writer]:
        return [x for x in self.everyone if x is writer or x.parent is writer]

    @rule(writer=writers)
    def pack(self, writer: Writer) -> None:
        """Nothing reads otherwise once the blocks are merged."""
        if writer.plain.begun:
            self._pack(writer)

    def _pack(self, writer: Writer) -> None:
        def work(transaction: Transaction) -> Repacked:
            stream = transaction.open(writer.key)
            packed = transaction.pack(stream)
            said = [SessionPacked(branch=stream.state.branch, **packed._asdict())]
            transaction.record(stream, said, fold(stream.state, said))
            return packed

        packed = self.log.store.write(work)
        assert packed.blocks_after <= packed.blocks_before
        self.touched.append(writer)

    @rule(writer=writers, which=st.integers(0, 100), packed=st.booleans())
    def redact(self, writer: Writer, which: int, packed: bool) -> None:
        """An answer reads otherwise from now on, in the past too and where a fork took it over."""
        there = [line for line in writer.plain.reachable() if kind(line) == "assistant"]
        if not there or writer.plain.deleted:
            return
        if packed:
            self._pack(writer)
        entry = there[which % len(there)].entry
        arrived = deepcopy(entry)
        if self._put_in_place(writer, entry):
            assert self.log.append(writer.key, [arrived])[:3] == (0, 1, 0), "known for the same"
            writer.plain.redact(entry["uuid"])
            writer.plain.arrive([line for line in there if line.entry is entry][:1])
            self.touched += [x for x in self.everyone if not x.plain.deleted]

    def _put_in_place(self, writer: Writer, entry: dict[str, Any]) -> bool:
        """Take the text out of an entry, in the log and in the lists; not where it is a fork's."""
        identity = identity_of(entry["uuid"])

        def work(transaction: Transaction) -> bool:
            stream = transaction.open(writer.key)
            known = transaction.known(stream, [identity]).get(identity)
            if known is None:
                return False
            message = entry["message"]
            # The calls stay: a session that waits for a tool goes on waiting.
            calls = [block for block in message["content"] if block["type"] == "tool_use"]
            message["content"] = [{"type": "text", "text": "[redacted]"}, *calls]
            body, _ = encode(entry)
            forgetting = Forgetting(self.log.store, transaction)
            forgetting.forget(stream, [known.version])
            digest = transaction.replace_body(stream, known.version, body)
            said = [EntryRedacted(branch=known.branch, of=known.version, digest=digest)]
            transaction.record(stream, said, fold(stream.state, said), stream.memory)
            forgetting.fold_again(stream, [known.version])
            return True

        return self.log.store.write(work)

    @rule(writer=writers, packed=st.booleans())
    def erase(self, writer: Writer, packed: bool) -> None:
        """What a session said goes for good, with its subagents and its forks."""
        if not writer.plain.begun:
            return
        if packed:
            self._pack(writer)
        gone = self._with_subagents(writer)
        while more := [x for x in self.everyone if x not in gone and x.origin in gone]:
            gone += [y for x in more for y in self._with_subagents(x) if y not in gone]
        gone = [x for x in gone if x.plain.begun and not x.plain.erased]
        erased = self.log.erase(writer.key, forks="erase")
        assert set(erased.streams) == {x.key for x in gone}
        for other in gone:
            other.plain.erase()
            other.remembered.clear()
        self.touched += gone

    @rule(writer=writers, title=st.sampled_from(["Mine", "Also mine"]))
    def rename(self, writer: Writer, title: str) -> None:
        if writer.plain.begun and not writer.plain.deleted:
            self.log.rename(writer.key, title)
            writer.plain.title = title
            self.touched.append(writer)

    @rule()
    def rebuild(self) -> None:
        """The read model can be thrown away: the events give the same rows."""
        before = [self.log.subagents(x.key) for x in self.everyone], self.log.stats()
        self.log.rebuild()
        assert ([self.log.subagents(x.key) for x in self.everyone], self.log.stats()) == before
        self.touched = list(self.everyone)

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def what_was_touched_agrees(self) -> None:
        touched, self.touched = dict.fromkeys(self.touched), []
        for writer in touched:
            agrees(self.log, writer)
