"""Text without meaning in the forms that sessions are full of: prose, code, output, paths."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")


def _words(text: str) -> list[str]:
    return text.split()


NOUNS = _words("""
account adapter address agent alias anchor archive array badge balance banner basket batch
beacon bench block bottle branch bridge broker bucket budget buffer cabin cable cache canvas
carrier catalog channel chapter charge client cluster codec column command compass config
contract cookie corner coupon cursor customer dashboard deadline delivery device digest document
draft engine entry envelope event factory feature fence fixture folder forecast frame gateway
grid guard handler harbor header index invoice island journal kernel key label ladder lantern
layer ledger letter limit link listener loader lock machine manifest market matrix member
message meter migration mirror module monitor network node notice number offer order origin
outlet owner packet page parcel parser partner patch pattern payment permit pipeline pixel
planner platform pocket policy pool portal prefix price probe process product profile promise
queue quota rate reader receipt record region registry relay release report request reserve
resource result retry revision river router rule sample schedule schema scope season secret
segment sensor server session setting shard shelf shipment signal slot snapshot socket source
station status stock storage stream student suffix summary supplier switch symbol table target
task template tenant thread ticket timer token topic track trade transfer tree trigger tunnel
update user value vendor verifier version vessel voucher wallet warehouse watcher window worker
writer zone
""")
VERBS = _words("""
accept adjust apply assign attach balance bind build call cancel check clear close collect
compare compute connect copy count create decode defer delete deliver derive detect drop emit
encode enqueue escape evaluate expand expire export fetch filter flush fold format freeze gather
generate guard handle hash hide import index inspect issue join keep launch limit list load lock
map mark merge migrate move normalize notify open order pack parse pause pick poll print promote
publish pull push queue quote rank read rebuild receive record reduce refresh refuse register
release remove rename render repair repeat replace report reset resolve restore retry return
route save scan schedule select send settle share skip sort split stage start store strip submit
sum swap sync tag test throttle trace track transfer trim update validate verify wait watch wrap
write yield
""")
PLAIN = _words("""
the the the a a this that each every another its our when where because so but and then after
before while until only still never also instead already twice once here there now with without
from into over under between is was has does should could may cannot must will first last same
other small large slow quick empty stale late early whole partial exact open closed
""")
SPEECH = [*PLAIN * 6, *NOUNS, *VERBS]
STATEMENTS = (
    "def {f}(self, {n}: {m}) -> None:",
    "{n} = self.{f}({m}, limit={i})",
    "if {f} is not None and {n}.{m}:",
    "return {f}[{n}]",
    'raise ValueError(f"{v} {{{n}}} {p} {g}")',
    "for {n} in self.{f}.{g}():",
    "# {v} {p} {n} {q} {m}",
    "self.{f}.{v}({n}, {m}={n}.{g})",
    "",
)


class Author:
    """Writes as much of anything as is asked for; the same seed writes the same."""

    def __init__(self, seed: object) -> None:
        self.chance = random.Random(str(seed))

    def length(self, median: int, spread: float, longest: int) -> int:
        """Characters: log-normal around a median, as the lengths of real texts are."""
        drawn = self.chance.lognormvariate(0, spread)
        return max(1, min(round(median * drawn), longest))

    def prose(self, length: int) -> str:
        return self._fill(length, self._sentence, " ")

    def code(self, length: int) -> str:
        return self._fill(length, self._statement, "\n")

    def output(self, length: int) -> str:
        """What a command printed: test reports, build logs, rows of JSON, listings."""
        kind = self.chance.choice((self._test_line, self._log_line, self._row, self.path))
        return self._fill(length, kind, "\n")

    def path(self) -> str:
        return f"{self._one(NOUNS)}/{self._one(NOUNS)}_{self._one(NOUNS)}.py"

    def title(self) -> str:
        return f"{self._one(VERBS).capitalize()} the {self._one(NOUNS)} {self._one(NOUNS)}"

    def excerpt(self, text: str, length: int) -> str:
        """A run of whole lines."""
        start = self.chance.randrange(max(1, len(text) - length))
        start = text.rfind("\n", 0, start) + 1
        return text[start : start + length].rpartition("\n")[0] or text[start : start + length]

    def _fill(self, length: int, line: Callable[[], str], between: str) -> str:
        def lines() -> Iterator[str]:
            written = 0
            while written < length:
                text = line()
                written += len(text) + len(between)
                yield text

        return between.join(lines())[:length]

    def _sentence(self) -> str:
        words = self.chance.choices(SPEECH, k=self.chance.randint(5, 16))
        if self.chance.random() < 0.3:
            words[2] = f"`{self._name()}`"
        return " ".join(words).capitalize() + "."

    def _statement(self) -> str:
        indent = "    " * self.chance.randint(0, 3)
        return indent + self._one(STATEMENTS).format(
            f=self._name(),
            g=self._name(),
            n=self._one(NOUNS),
            m=self._one(NOUNS),
            v=self._one(VERBS),
            p=self._one(PLAIN),
            q=self._one(PLAIN),
            i=self.chance.randint(1, 999),
        )

    def _test_line(self) -> str:
        outcome = "PASSED" if self.chance.random() < 0.9 else "FAILED"
        return f"tests/test_{self._one(NOUNS)}.py::test_{self._name()} {outcome}"

    def _log_line(self) -> str:
        seconds, millis = self.chance.randint(0, 59), self.chance.randint(0, 999)
        name = self._one(NOUNS)
        return f"09:{seconds:02d}:{seconds:02d}.{millis:03d} INFO {name} {self._name()} ok={millis}"

    def _row(self) -> str:
        amount = self.chance.randint(0, 99_999)
        return json.dumps({"id": self.chance.getrandbits(40), self._one(NOUNS): amount, "ok": True})

    def _name(self) -> str:
        return f"{self._one(VERBS)}_{self._one(NOUNS)}"

    def _one(self, of: Sequence[T]) -> T:
        return of[int(self.chance.random() * len(of))]


@lru_cache(maxsize=16)
def repository(name: str) -> tuple[tuple[str, str], ...]:
    """The files of a project, paths and contents: what sessions there read again and again."""
    author = Author(name)
    return tuple((author.path(), author.code(author.length(5_000, 1.1, 60_000))) for _ in range(24))
