"""The context agrees with plain lists, whatever is said, trimmed, summarized, rewound or forked."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import turnlog
from tests.messages.conftest import ids
from turnlog import Conversation, SessionKey


@dataclass
class Plain:
    """A conversation as lists."""

    said: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    start: int = 0

    def context(self) -> list[str]:
        kept = [one for one in self.said[self.start :] if one not in self.summaries]
        return [*self.summaries[-1:], *kept]


class Conversations(RuleBasedStateMachine):
    """One conversation, its forks, and the points one may come back to."""

    def __init__(self) -> None:
        super().__init__()
        self.log = turnlog.open("memory:")
        self.plain = [Plain()]
        self.named: list[tuple[int, str, Plain]] = []
        self.count = 0

    def teardown(self) -> None:
        self.log.close()

    def talk(self, which: int) -> Conversation:
        return self.log.conversation(SessionKey("p", f"s{which}"))

    def new(self) -> str:
        self.count += 1
        return f"m{self.count}"

    def pick(self, data: st.DataObject, at_least: int = 1) -> int:
        there = [i for i, plain in enumerate(self.plain) if len(plain.said) >= at_least]
        return int(data.draw(st.sampled_from(there)))

    @rule(data=st.data())
    def say(self, data: st.DataObject) -> None:
        which, uuid = self.pick(data, 0), self.new()
        self.talk(which).record(data.draw(st.sampled_from(["user", "assistant"])), uuid, id=uuid)
        self.plain[which].said.append(uuid)

    @precondition(lambda self: any(plain.said for plain in self.plain))
    @rule(data=st.data())
    def trim(self, data: st.DataObject) -> None:
        which = self.pick(data)
        plain = self.plain[which]
        before = data.draw(st.sampled_from(plain.said))
        self.talk(which).trim(before)
        plain.start = plain.said.index(before)

    @precondition(lambda self: any(len(plain.said) > 1 for plain in self.plain))
    @rule(data=st.data(), whole=st.booleans())
    def summarize(self, data: st.DataObject, whole: bool) -> None:
        which, uuid = self.pick(data, 2), self.new()
        plain = self.plain[which]
        before = None if whole else data.draw(st.sampled_from(plain.said[1:]))
        self.talk(which).summarize(uuid, before=before, id=uuid)
        plain.start = len(plain.said) if before is None else plain.said.index(before)
        plain.said.append(uuid)
        plain.summaries.append(uuid)

    @precondition(lambda self: any(plain.said for plain in self.plain))
    @rule(data=st.data())
    def name(self, data: st.DataObject) -> None:
        which, name = self.pick(data), f"here-{len(self.named)}"
        self.log.checkpoint(self.talk(which).key, name)
        self.named.append((which, name, deepcopy(self.plain[which])))

    @precondition(lambda self: self.named)
    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        which, name, plain = data.draw(st.sampled_from(self.named))
        self.log.rewind(self.talk(which).key, f"checkpoint:{name}")
        self.plain[which] = deepcopy(plain)

    @precondition(lambda self: self.named and len(self.plain) < 4)
    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        which, name, plain = data.draw(st.sampled_from(self.named))
        child = SessionKey("p", f"s{len(self.plain)}")
        self.log.fork(self.talk(which).key, f"checkpoint:{name}", into=child)
        self.plain.append(deepcopy(plain))

    @invariant()
    def the_context_is_what_it_should_be(self) -> None:
        for which, plain in enumerate(self.plain):
            talk = self.talk(which)
            assert ids(talk.messages()) == plain.said
            assert ids(talk.context()) == plain.context()
            assert talk.count() == len(plain.said)
        for which, name, plain in self.named[-2:]:
            assert ids(self.talk(which).context(f"checkpoint:{name}")) == plain.context()


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
