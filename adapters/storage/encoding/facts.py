"""The facts of a header as a database holds them: with short signs for our own words.

Facts are JSON, and most of a response's or a checkpoint's are the names of its fields. In JSON a
control character stands escaped, so each of them is free to stand for a word, and ``1F`` with the
letter behind it for what facts begin with. Only the column is written so: hashes are of the facts
themselves, and so is all that is told of them elsewhere.

A sign never gets a second meaning: what was written stays readable. New words take new signs.
"""

from __future__ import annotations

import re

from ....domain.errors import DamagedEvent, Refused

_WORDS = {
    '{"model":"': "\x01",
    '"request_id":"req_01': "\x02",
    '","counters":[': "\x03",
    '"counters":[': "\x04",
    '],"counted":[': "\x05",
    '],"finished":true': "\x06",
    ',"quality":"placeholder","characters":': "\x07",
    ',"native":false': "\x08",
    ',"fast":true': "\x0b",
    ',"cli_version":"': "\x0c",
    '"source":"transcript"}': "\x0e",
    '"source":"import"': "\x0f",
    ',"source":"': "\x10",
    '","agent":"': "\x11",
    '","called_by":"toolu_01': "\x12",
    '{"checkpoint_id":"turn-': "\x13",
    '","kind":"turn","anchor":': "\x14",
    '{"checkpoint_id":"prompt-': "\x15",
    '","kind":"prompt","anchor":': "\x16",
    '{"tool_use_id":"toolu_01': "\x17",
    '{"project_key":"': "\x18",
    '","session_id":"': "\x19",
}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KINDS = (
    *("attachment", "system", "progress", "file-history-snapshot", "last-prompt"),
    *("permission-mode", "mode", "ai-title", "queue-operation", "bridge-session", "pr-link"),
    *("summary", "file-history-delta", "agent_metadata", "custom-title", "agent-name", "tag"),
    *("cost-state", "agent-color", "agent-setting", "worktree-state", "content-replacement"),
)
"""The types of entries that the CLI writes, conversation left out."""
_MODELS = (
    *("sonnet-4-5-20250929", "sonnet-4-20250514", "sonnet-4-6", "opus-4-20250514"),
    *("opus-4-1-20250805", "opus-4-5-20251101", "opus-4-6", "opus-4-7", "opus-4-8", "fable-5"),
    *("haiku-4-5-20251001", "3-5-haiku-20241022", "3-7-sonnet-20250219", "3-5-sonnet-20241022"),
    *("opus-5", "opus-5-5", "sonnet-5", "sonnet-5-5", "haiku-5-5", "fable-5-1", "fable-5-2"),
)
_BEGINNINGS = {
    beginning: "\x1f" + letter
    for beginning, letter in zip(
        (
            *(f'{{"kind":"{kind}"}}' for kind in _KINDS),
            *(f'{{"model":"claude-{model}",' for model in _MODELS),
        ),
        _LETTERS,
        strict=False,
    )
}
_MEANINGS = {sign: word for word, sign in (*_WORDS.items(), *_BEGINNINGS.items())}
_SIGN = re.compile("\x1f.|[\x01-\x1f]", re.DOTALL)


def shortened(facts: str) -> str:
    """Facts as the database holds them.

    Raises:
        Refused: they are no JSON, which has no control characters.
    """
    if _SIGN.search(facts) is not None:
        raise Refused(f"facts with a control character are no JSON: {facts!r:.200}")
    end = facts.find(",") + 1 or len(facts)
    beginning = _BEGINNINGS.get(facts[:end])
    if beginning is not None:
        facts = beginning + facts[end:]
    if len(facts) > len("\x1fA"):
        for word, sign in _WORDS.items():
            facts = facts.replace(word, sign)
    return facts


def written_out(facts: str) -> str:
    """The inverse of ``shortened``.

    Raises:
        DamagedEvent: there is a sign that no release has written so far.
    """
    if (word := _MEANINGS.get(facts)) is not None:
        return word
    try:
        return _SIGN.sub(lambda sign: _MEANINGS[sign[0]], facts)
    except KeyError as problem:
        raise DamagedEvent(
            f"its facts have the sign {problem}, which this release does not know; update turnlog, "
            f"or restore the log if no later release wrote it: {facts!r:.200}"
        ) from None
