"""The rollups as one would add them up by hand, from every response there is."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select

from turnlog import Log
from turnlog.projections.sessions.response import NO_SUMS, Response
from turnlog.projections.sessions.responses import Copy, Holder
from turnlog.projections.sessions.rollups import Cells, weigh
from turnlog.projections.sessions.tables import KINDS, SPANS, SPANS_OF_VALUES, UNDATED
from turnlog.reading.finding import tables_in

Rows = dict[tuple[Any, ...], tuple[int, ...]]


def kept(log: Log) -> Rows:
    """The rows of the rollups, whatever shard they lie on."""
    found: Rows = {}
    with log.store.read() as reader:
        for row in reader.query(select(tables_in(reader).rollups)):
            sums = tuple(map(int, row[5:]))
            assert any(sums), f"{row[:4]} adds up nothing"
            there = found.get(tuple(row[:4]), (0,) * len(sums))
            found[tuple(row[:4])] = tuple(a + b for a, b in zip(there, sums, strict=True))
    return found


def added_up(log: Log) -> Rows:
    """The same from the responses: each key once, at its owner, live if any copy is shown."""
    groups: dict[bytes, list[Copy]] = defaultdict(list)
    with log.store.read() as reader:
        tables = tables_in(reader)
        s = tables.sessions.c
        told = select(s.stream, s.name, s.project_key, s.user_id, s.subpath, s.counted)
        holders = {
            stream: Holder(name, project, user, subpath is not None, bool(counted))
            for stream, name, project, user, subpath, counted in reader.query(told)
        }
        for row in reader.query(select(tables.responses)):
            response = Response.of(row)
            groups[response.key].append(Copy(response, holders[response.stream]))
    found: Rows = {}
    for copies in groups.values():
        owners = [copy for copy in copies if copy.response.billed]
        assert len(owners) <= 1, "a response has one owner"
        cells: Cells = {}
        weigh(cells, copies, +1, 1)
        for (quarter, values, _, undone), added in cells.items():
            sums = (*NO_SUMS, *added) if undone else (*added, *NO_SUMS)
            for kind in range(len(KINDS)):
                spans = SPANS_OF_VALUES if kind else SPANS
                spans = spans if quarter is not None else SPANS[-1:]
                for span in spans:
                    start = quarter // span * span if quarter is not None else UNDATED
                    place = (kind, span, start, values[kind])
                    there = found.get(place, (0,) * len(sums))
                    found[place] = tuple(a + b for a, b in zip(there, sums, strict=True))
    return found


def rollups_agree(log: Log) -> None:
    """Every row of the rollups is the sum of its responses, and there is no other."""
    assert kept(log) == added_up(log)
