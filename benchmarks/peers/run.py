"""Measure each peer at each work it offers, and print the table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from ..append import append_ratio
from ..bench import Bench, Measured
from ..concurrent import concurrent_ratio
from ..listing import FEW, listing_ratio
from ..load import load_ratio
from ..report import Record, merged, span
from .adk_sessions import AdkSessions
from .eventsourcing_sqlite import EventsourcingCompressed, EventsourcingSQLite
from .langgraph_saver import LangGraphSaver
from .openai_session import OpenAISession
from .peer import Peer
from .sdk_memory import SdkMemory

PEERS: list[type[Peer]] = [
    OpenAISession,
    LangGraphSaver,
    AdkSessions,
    EventsourcingSQLite,
    EventsourcingCompressed,
    SdkMemory,
]


def _append(size: int) -> Callable[[Bench, type[Peer]], Measured]:
    def measure(bench: Bench, peer: type[Peer]) -> Measured:
        with bench.scratch() as directory, closing(peer(directory)) as store:
            return append_ratio(bench, store, size, peer.limits.appends[size], peer.limits.settling)

    return measure


def _together(bench: Bench, peer: type[Peer]) -> Measured | None:
    if not peer.limits.together:
        return None
    with bench.scratch() as directory, closing(peer(directory)) as store:
        return concurrent_ratio(bench, store, 1, peer.limits.together, peer.limits.settling)


def _load(bench: Bench, peer: type[Peer]) -> Measured | None:
    with bench.scratch() as directory, closing(peer(directory)) as store:
        return load_ratio(bench, store, peer.limits.load, peer.limits.load_batch)


def _list(bench: Bench, peer: type[Peer]) -> Measured | None:
    if not peer.limits.listed:
        return None
    with (
        bench.scratch() as first,
        bench.scratch() as second,
        closing(peer(first)) as large,
        closing(peer(second)) as small,
    ):
        return listing_ratio(bench, large, small, peer.limits.listed, FEW)


WORKS: dict[str, tuple[str, Callable[[Bench, type[Peer]], Measured | None]]] = {
    "append-1": ("1 entry an append", _append(1)),
    "append-50": ("50 an append", _append(50)),
    "append-500": ("500 an append", _append(500)),
    "together-1": ("16 sessions at once", _together),
    "load": ("load, against orjson", _load),
    "list": ("newest 50 of 20,000, against 200", _list),
}


def measure_peers(bench: Bench, only: list[str] | None, console: Console) -> Record:
    """Every peer, or those whose package is named in `only`; prints them and gives the record."""
    chosen = [peer for peer in PEERS if not only or peer.package in only]
    if not chosen:
        packages = ", ".join(sorted({peer.package for peer in PEERS}))
        raise SystemExit(f"no peer of that name; the packages are: {packages}")
    records = [_record(bench, peer, console) for peer in chosen]
    if only:
        records = merged("peers", "peers", records)
    table = Table(title="The peers against the yardstick")
    for heading in ("peer", *(work for work, _ in WORKS.values())):
        table.add_column(heading, overflow="fold")
    for record in records:
        table.add_row(record["name"], *(span(record["measured"].get(name)) for name in WORKS))
    console.print(table)
    return {"works": {name: work for name, (work, _) in WORKS.items()}, "peers": records}


def _record(bench: Bench, peer: type[Peer], console: Console) -> Record:
    measured: Record = {}
    for name, (work, measure) in WORKS.items():
        with console.status(f"{peer.name}: {work}"):
            figure = measure(bench.at_most(peer.limits.rounds), peer)
        if figure is not None:
            measured[name] = asdict(figure)
    return {
        "name": peer.name,
        "version": version(peer.package),
        "notes": peer.notes,
        "measured": measured,
    }
