"""Prompts of which only the CLI's history tells, as sessions of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from ..adapters.claude.folder import told
from ..adapters.claude.found import HistoryFile
from ..adapters.claude.history import HistoryLine, PromptOnly, Unfinished, prompt_only, read_history
from ..adapters.redaction import Redaction
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain import commands
from ..domain.batch import FIRST_PROMPT
from ..domain.errors import InvalidKey
from ..domain.events import SessionEvent, SessionStarted
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.redaction import value_without
from .arriving import Import

Sessions = dict[str, list[SessionKey]]
"""Sessions by their ids: one id may be there in several projects."""

_AT_ONCE = 100
"""Prompt-only sessions in one commit."""


def remember(importing: Import, histories: Sequence[HistoryFile]) -> dict[str, set[SessionKey]]:
    """Record the prompts of sessions whose transcript is gone, or empty; leave the others alone.

    The transcripts that are there must have been recorded before.

    Returns:
        The hashes of pasted texts that lie in files, with the sessions they were pasted in.
    """
    store = importing.store
    lines = [line for history in histories for line in _read(importing, history)]
    recorded = _recorded(store, {line.session_id for line in lines})
    _absorb(store, recorded)
    groups = [
        group
        for group in prompt_only(lines, recorded)
        if _can_be_named(importing, histories, group)
    ]
    for start in range(0, len(groups), _AT_ONCE):
        _remember_all(importing, groups[start : start + _AT_ONCE])
    return _pasted(lines, recorded)


def sessions_of(store: Store, ids: AbstractSet[str | None]) -> Sessions:
    """Where the sessions of these ids are in the log."""
    found: Sessions = defaultdict(list)
    with store.read() as reader:
        for key in reader.streams():
            if key.subpath is None and key.session_id in ids:
                found[key.session_id].append(key)
    return dict(found)


def _read(importing: Import, history: HistoryFile) -> Iterator[HistoryLine]:
    summary = importing.summary
    try:
        with history.path.open("rb", buffering=0) as file:
            for found in read_history(file):
                if isinstance(found, HistoryLine):
                    yield _without(found, importing.redaction)
                elif isinstance(found, Unfinished):
                    summary.unfinished += 1
                else:
                    summary.skip(history.path, f"{found.reason}: {found.data[:60]!r}")
    except OSError as problem:
        summary.skip(history.path, told(problem))


def _without(line: HistoryLine, redaction: Redaction | None) -> HistoryLine:
    if redaction is None:
        return line
    pasted = value_without(line.pasted_contents, redaction)
    return line._replace(display=redaction(line.display), pasted_contents=pasted, raw=b"")


def _recorded(store: Store, ids: AbstractSet[str | None]) -> Sessions:
    """Those of which the log has more than prompts."""
    recorded: Sessions = {}
    places = sessions_of(store, ids)
    with store.read() as reader:
        for session_id, keys in places.items():
            for key in keys:
                stream = reader.find(key)
                if stream is not None and (stream.state.entries or stream.state.base):
                    recorded.setdefault(session_id, []).append(key)
    return recorded


def _absorb(store: Store, recorded: Sessions) -> None:
    """Take a prompt-only session off the lists when its transcript came up in another project."""
    others = [
        key
        for session_id, keys in sessions_of(store, recorded.keys()).items()
        for key in keys
        if key not in recorded[session_id]
    ]

    def give_way(transaction: Transaction) -> None:
        for key in others:
            stream = transaction.open(key)
            if stream.state.presence == "present" and not stream.state.entries:
                why = "its transcript lies in another project"
                _record(transaction, key, commands.delete(stream.state, why, "import"))

    if others:
        store.write(give_way)


def _can_be_named(importing: Import, histories: Sequence[HistoryFile], group: PromptOnly) -> bool:
    try:
        SessionKey.of(group.key)
    except InvalidKey as problem:
        importing.summary.skip(histories[0].path, str(problem))
        return False
    return True


def _remember_all(importing: Import, groups: Iterable[PromptOnly]) -> None:
    def work(transaction: Transaction) -> list[int | None]:
        return [_remember(importing, transaction, group) for group in groups]

    for prompts in importing.store.write(work):
        if prompts is None:
            importing.summary.deleted += 1
        else:
            importing.summary.prompt_only += 1
            importing.summary.prompts += prompts


def _remember(importing: Import, transaction: Transaction, group: PromptOnly) -> int | None:
    """How many prompts were new; None for a session that was deleted here."""
    key = group.key
    if importing.leaves_out(transaction, key):
        return None
    importing.bring_back(transaction, key)
    stream = transaction.open(key)
    state, salt = stream.state, stream.memory.salt
    events: list[SessionEvent] = []
    if state.presence == "absent":
        events.append(
            SessionStarted(
                project_key=key.project_key,
                session_id=key.session_id,
                source="import",
                user_id=importing.user_id,
                machine=importing.machine,
                working_dir=group.project,
                prompt=group.prompts[0].display[:FIRST_PROMPT],
            )
        )
        state = fold(state, events)
    prompts = {
        event.identity: event
        for event in (
            commands.remember_prompt(state, salt, p.display, p.timestamp_ms, p.pasted_contents)
            for p in group.prompts
        )
        if event.identity is not None
    }
    known = transaction.known(stream, prompts)
    fresh = [event for identity, event in prompts.items() if identity not in known]
    _record(transaction, key, [*events, *fresh])
    return len(fresh)


def _record(transaction: Transaction, key: SessionKey, events: Sequence[SessionEvent]) -> None:
    if events:
        stream = transaction.open(key)
        transaction.record(stream, events, fold(stream.state, events))


def _pasted(lines: Iterable[HistoryLine], recorded: Sessions) -> dict[str, set[SessionKey]]:
    pasted: dict[str, set[SessionKey]] = {}
    for line in lines:
        for content in line.pasted_contents.values():
            name = content.get("contentHash") if isinstance(content, dict) else None
            if isinstance(name, str):
                keys = recorded.get(line.session_id or "", [line.key])
                pasted.setdefault(name, set()).update(keys)
    return pasted
