"""A session as plain lists: the truth that every store has to agree with.

``lines`` holds each branch as the agent wrote it, in the order of its transcript; what of it has
arrived is what `load` must give, whatever order it arrived in.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from turnlog.domain.usage import NOTHING, Usage

from .adding_up import Figures, add_up, usage_of
from .entries import Entry

BATCHES_REMEMBERED = 64


@dataclass(eq=False)
class Line:
    """One line that an agent wrote."""

    entry: Entry
    branch: int
    arrived: bool = False
    late: bool = False
    """It arrived after something that comes later in the transcript."""
    left: bool = False
    """The CLI went back behind it in its own tree."""
    leaves: Sequence[Line] = ()
    """What is left once this prompt arrives."""

    @property
    def uuid(self) -> str | None:
        return self.entry.get("uuid")

    @property
    def text(self) -> str:
        return json.dumps(self.entry)


class PlainSession:
    """One session, or one of its subagents' streams."""

    def __init__(self, base: Sequence[Line] = ()) -> None:
        self.lines: dict[int, list[Line]] = {0: [Line(line.entry, 0, True) for line in base]}
        self.head = 0
        self.is_fork = bool(base)
        self.begun = bool(base)
        self.deleted = False
        """``load`` gives nothing, and what arrives begins anew."""
        self.erased = False
        """Deleted for good, with its titles."""
        self.is_reborn = False
        self.title: str | None = None
        """The one given by hand."""
        self.spent = NOTHING
        self._branches = count(1)
        self._batches: deque[tuple[str, ...]] = deque(maxlen=BATCHES_REMEMBERED)
        self._latest: dict[str, str] = {}
        self._billed: dict[str, Usage] = {}
        self._conflicts: set[str] = set()
        self.redacted: set[str] = set()
        """The uuids of what was redacted: another content under them cannot be told any more."""

    # -- what an agent writes, and what arrives of it ------------------------------------------

    def write(self, entries: Iterable[Entry]) -> list[Line]:
        """The agent goes on on the live branch; nothing has arrived yet."""
        written = [Line(entry, self.head) for entry in entries]
        self.lines[self.head] += written
        return written

    def forget(self, lines: Iterable[Line]) -> None:
        """Lines that will never arrive: their process is gone."""
        gone = {id(line) for line in lines}
        for branch, there in self.lines.items():
            self.lines[branch] = [line for line in there if id(line) not in gone]

    def arrive(self, batch: Sequence[Line]) -> int:
        """A batch arrives. Returns how many entries are new."""
        if self.deleted:
            self._begin_anew()
        stamp = tuple(line.uuid or line.text for line in batch)
        # A single line without uuid may be given back: only the last batch counts.
        alone = len(batch) == 1 and batch[0].uuid is None
        repeated = stamp in [*self._batches][-1 if alone else 0 :]
        if not repeated:
            self._batches.append(stamp)
        new = 0
        preceding: Line | None = None
        for line in batch:
            known = self._known(line)
            if known is not None:
                preceding = known
            elif line.uuid is not None or not self._repeats(line, preceding, repeated):
                preceding = self._record(line, preceding)
                new += 1
        self.begun = True
        return new

    def conflict(self, changed: Entry) -> bool:
        """Another content arrives under a uuid that is there. Returns whether it is new."""
        text = json.dumps(changed)
        new = text not in self._conflicts and changed["uuid"] not in self.redacted
        self._conflicts.add(text)
        if (stamp := (changed["uuid"],)) not in self._batches:
            self._batches.append(stamp)
        return new

    def _known(self, line: Line) -> Line | None:
        if line.uuid is None:
            return None
        return next((other for other in self.reachable() if other.uuid == line.uuid), None)

    def _repeats(self, line: Line, preceding: Line | None, repeated: bool) -> bool:
        if repeated:
            return True
        live = preceding is None or preceding in self.lines[self.head]
        return live and not self._is_late(line) and self._latest.get(kind(line)) == line.text

    def _is_late(self, line: Line) -> bool:
        there = self.lines[line.branch]
        return not line.arrived and any(x.arrived for x in there[there.index(line) + 1 :])

    def _record(self, line: Line, preceding: Line | None) -> Line:
        if line.arrived:
            line = self._put_at_the_end(line, preceding)
        line.late = self._is_late(line)
        line.arrived = True
        if line.uuid is None and not line.late and line in self.lines[self.head]:
            self._latest[kind(line)] = line.text
        if line in self.lines[self.head]:
            for other in line.leaves:
                other.left = True
        if kind(line) == "assistant":
            name = line.entry["message"]["id"]
            before = self._billed.get(name, NOTHING)
            self._billed[name] = before.best(usage_of(line.entry))
            self.spent = self.spent.plus(usage_of(line.entry).beyond(before))
        return line

    def _put_at_the_end(self, line: Line, preceding: Line | None) -> Line:
        """What is sent again and is nevertheless new stands where its branch is now."""
        branch = self.head
        if preceding is not None and preceding not in self.lines[self.head]:
            branch = preceding.branch
        there = self.lines[branch]
        last = max((n for n, x in enumerate(there) if x.arrived), default=-1)
        again = Line(line.entry, branch)
        there.insert(last + 1, again)
        return again

    def _begin_anew(self) -> None:
        spent, head = self.spent, self.lines[self.head]
        self.__init__()  # type: ignore[misc]
        self.spent, self.is_reborn = spent, True
        self.lines[0] = [line for line in head if not line.arrived]
        for line in self.lines[0]:
            line.branch = 0

    # -- going back ----------------------------------------------------------------------------

    def load(self) -> list[Line]:
        """The entries of the live branch."""
        return [line for line in self.lines[self.head] if line.arrived]

    def reachable(self) -> list[Line]:
        """Every entry of this life, on whatever branch."""
        there = (line for branch in self.lines.values() for line in branch if line.arrived)
        return list(dict.fromkeys(there))

    def rewind(self, kept: Sequence[Line]) -> None:
        """Some lines are all there is again."""
        self.head = next(self._branches)
        self.lines[self.head] = list(kept)
        self._latest = {}

    def upto(self, target: Line | None) -> list[Line]:
        """What leads to a line, on the branch it was written on."""
        if target is None:
            return []
        there = self.lines[target.branch]
        return there[: there.index(target) + 1]

    def erase(self) -> None:
        """What was said is gone; how much it was stays."""
        self.deleted = self.erased = True
        self.title = None

    def redact(self, uuid: str) -> None:
        """A text went, and with it the digests of the last batches."""
        self.redacted.add(uuid)
        self._batches.clear()
        self._latest = {}

    # -- figures -------------------------------------------------------------------------------

    def figures(self) -> Figures:
        """What the live branch adds up to; what the CLI left stays in `load` alone."""
        load = self.load()
        figures = add_up(line.entry for line in load if not line.left)
        whole = add_up(line.entry for line in load)
        figures.entries, figures.titles = whole.entries, whole.titles
        if self.title is not None:
            figures.titles["custom"] = self.title
        if self.erased:
            figures.titles = {}
        return figures


def kind(line: Line) -> str:
    """The type of its entry."""
    return str(line.entry["type"])
