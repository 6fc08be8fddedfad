"""A small history in which every kind of event happens, for projections to be tried on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal, get_args, get_origin

from ..domain import events as e
from ..domain.entry import Mark, message_identity
from ..domain.recorded import Recorded
from ..domain.usage import Usage
from .given import AT, given, recorded

_MODELS = ("claude-opus-4-5", "claude-haiku-4-5", None)
_HOUR = 3_600_000
_TOGETHER = 5
"""Events of one append."""


def sample() -> list[Recorded]:
    """Three sessions, a subagent and a fork over some days, appended to in turns.

    They hold every kind of event there is; texts that are empty, long, or in other scripts; the
    same response told twice; a rewind, a deletion and a new life.
    """
    streams = [
        recorded(*_session("sample-1", 0), project="project-0", session="sample-1"),
        recorded(*_session("sample-2", 1), project="project-1", session="sample-2"),
        recorded(*_subagent(), project="project-0", session="sample-1", subpath="agent-1"),
        recorded(*_fork(), project="project-0", session="sample-3"),
    ]
    happened: list[Recorded] = []
    appends = (_appends(stream) for stream in streams)
    for number, together in enumerate(zip_longest(*appends, fillvalue=())):
        for append in together:
            happened += [r._replace(recorded_at=AT + number * _HOUR) for r in append]
    return given(happened).events


def _appends(stream: list[Recorded]) -> Iterator[Sequence[Recorded]]:
    for at in range(0, len(stream), _TOGETHER):
        yield stream[at : at + _TOGETHER]


def _session(session: str, number: int) -> Iterator[e.SessionEvent]:
    yield e.SessionStarted(
        project_key=f"project-{number}",
        session_id=session,
        source="sdk",
        user_id="ada" if number else None,
        working_dir="/home/ada/shop",
    )
    for turn in range(1, 13):
        yield from _exchange(session, number, turn)
        if turn % 4 == 0:
            yield e.SessionRenamed(title=("Tiles", "", "Плитки 🧱\0")[turn // 4 - 1])
            yield e.SessionTagged(tags=("shop", "urgent")[: turn // 4 - 1])
    yield e.SessionRewound(target=9, leaf_version=9, reason="a wrong turn", actor="ada")
    yield from _exchange(session, number, 13, branch=9)
    yield from _others()
    yield e.SessionDeleted(reason="by mistake")
    yield e.SessionRestored()
    yield e.SessionArchived()
    yield from _exchange(session, number, 14)


def _exchange(session: str, number: int, turn: int, branch: int = 0) -> Iterator[e.SessionEvent]:
    model = _MODELS[(turn + number) % len(_MODELS)]
    message = f"msg_{session}_{turn}"
    at = AT + turn * _HOUR
    question: dict[str, Any] = {"role": "user", "content": f"question {turn}"}
    yield e.TurnRecorded(
        branch=branch,
        occurred_at=at,
        body=_json({"type": "user", "uuid": f"{session}-q{turn}", "message": question}),
        kind="user",
        marks=Mark.USER | Mark.PROMPT,
        prompt=turn,
    )
    tool = {"type": "tool_use", "name": ("Read", "Bash", "Edit")[turn % 3], "input": {"n": turn}}
    answer = {"id": message, "role": "assistant", "model": model, "content": [tool]}
    yield e.TurnRecorded(
        branch=branch,
        occurred_at=at + 1_000 if turn % 5 else None,
        body=_json({"type": "assistant", "uuid": f"{session}-a{turn}", "message": answer}),
        kind="assistant",
        marks=Mark.ASSISTANT | Mark.CALLS_TOOL,
        turn=turn,
        prompt=turn,
    )
    first = Usage(turn, 1, turn * 100, 0, turn % 2, 0)
    best = first._replace(output_tokens=turn * 10)
    for counted, counters in ((Usage(), first), (first, best)):
        yield e.UsageRecorded(
            branch=branch,
            identity=message_identity(message),
            message_id=message,
            turn=turn,
            model=model,
            counters=counters,
            counted=counted,
            finished=counters is best,
        )


def _subagent() -> Iterator[e.SessionEvent]:
    yield e.SessionStarted(project_key="project-0", session_id="sample-1", subpath="agent-1")
    yield e.SubagentLinked(tool_use_id="toolu_1")
    for turn in range(1, 4):
        yield from _exchange("agent-1", 2, turn)


def _fork() -> Iterator[e.SessionEvent]:
    origin = e.Origin("project-0/sample-1", 9, "00")
    yield e.SessionStarted(project_key="project-0", session_id="sample-3", forked_from=origin)
    yield from _exchange("sample-3", 3, 1)
    yield e.SessionErased(bodies=4)


def _others() -> Iterator[e.SessionEvent]:
    """Every kind of event that the rest of the history does not have."""
    told = (
        e.SessionStarted,
        e.TurnRecorded,
        e.UsageRecorded,
        e.SessionRenamed,
        e.SessionTagged,
        e.SessionRewound,
        e.SessionDeleted,
        e.SessionRestored,
        e.SessionArchived,
        e.SessionErased,
        e.SubagentLinked,
    )
    for kind in e.EVENTS.values():
        if kind not in told:
            yield _plain(kind)


def _plain(kind: type[e.SessionEvent]) -> e.SessionEvent:
    values = {
        name: _value(field.annotation)
        for name, field in kind.model_fields.items()
        if field.is_required()
    }
    return kind.model_validate(values)


def _value(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    kind = get_origin(annotation) or annotation
    simple: dict[Any, Any] = {str: "text", int: 1, bytes: b"{}", bool: True}
    return simple[kind] if kind in simple else kind()


def _json(entry: Any) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode()
