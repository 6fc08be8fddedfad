"""One transcript line, with what turnlog understands of it. The bytes stay as they came."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any, Final, Literal, NamedTuple

from .usage import Usage


class Mark:
    """What an entry is, in the words of the rules: bits, stored in its header.

    Plain integers, because an enum's operators cost more than all else done to an entry.
    """

    ASSISTANT: Final = 1
    USER: Final = 2
    PROMPT: Final = 4  # a person asked something here
    TOOL_RESULT: Final = 8
    COMPACTION: Final = 16
    ERROR: Final = 32  # isApiErrorMessage
    ENDED: Final = 64  # end_turn or stop_sequence
    CALLS_TOOL: Final = 128
    TRUNCATED: Final = 256  # max_tokens
    CAREFUL: Final = 512  # numbers or characters a fast JSON decoder would change
    RAW: Final = 1024  # the line was spelled otherwise; its own bytes follow the canonical ones
    INSTRUCTION: Final = 2048  # a message to the model that no person wrote: a system prompt


class AgentUsage(NamedTuple):
    """What an entry of a session tells of a subagent's use."""

    source: Literal["progress", "tool-result"]
    counters: Usage
    agent: str | None = None
    """The subagent's id."""
    called_by: str | None = None
    """The tool call that started it."""
    of_session: str | None = None
    """The session in which it did, where the entry was copied from another one."""
    message_id: str | None = None
    request_id: str | None = None
    model: str | None = None
    fast: bool = False
    suspicious: bool = False
    characters: int = 0


class Entry:
    """An entry ready to be recorded. Its bytes are encoded and understood before any lock.

    Most entries set few of the fields; the rest keep the class's defaults, which costs nothing.
    """

    body: bytes
    """Canonical JSON; with ``Mark.RAW``, a newline and the line as it was found follow."""
    kind: str = ""
    marks: int = 0
    identity: bytes | None = None
    """The uuid, packed; None for the kinds that have none."""
    parent: bytes | None = None
    occurred_at: int | None = None
    """Milliseconds since 1970, UTC."""
    message_id: str | None = None
    request_id: str | None = None
    model: str | None = None
    counters: Usage | None = None
    fast: bool = False
    stop_reason: str | None = None
    suspicious: bool = False
    characters: int = 0
    """Of a suspicious response: how long its text is."""
    native: bool = True
    """The entry names the stream's own session and was not copied by a fork."""
    prompt_id: str | None = None
    prompt_text: str | None = None
    title: tuple[str, str] | None = None
    """Which kind of title this sets (custom, ai, last-prompt, summary), and to what."""
    tag: str | None = None
    """The CLI's tag; an empty text takes it away."""
    compaction: str | None = None
    """How a compaction was triggered."""
    cli_version: str | None = None
    """The release of the CLI that wrote a response."""
    cost_counter: str | None = None
    """The CLI's running total in USD, spelled as it came."""
    counting_since: int | None = None
    """When that total began at zero, milliseconds since 1970 UTC, where it says so."""
    api_ms: int | None = None
    """The running total beside it: milliseconds that the CLI waited for models."""
    calls: tuple[str, ...] = ()
    """Ids of the tool calls that start a subagent."""
    called_by: str | None = None
    """The tool call that started this subagent."""
    working_dir: str | None = None
    git_branch: str | None = None
    told_of: AgentUsage | None = None
    """What a subagent used, as its session's own transcript tells."""
    original: bytes | None = None
    """What came, where something was taken out of it on the way. It is compared, never kept."""
    corrupt: str | None = None
    """Why the bytes are no entry; the body is then whatever was found."""
    _digest: bytes | None = None

    def __init__(self, body: bytes, **known: Any) -> None:
        self.body = body
        self.__dict__.update(known)

    def __repr__(self) -> str:
        known = self._known().items()
        return f"Entry({', '.join(f'{name}={value!r:.60}' for name, value in known)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self._known() == other._known()

    __hash__ = None  # type: ignore[assignment]

    def _known(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_digest"}

    @property
    def canonical(self) -> bytes:
        """The entry's JSON, without the line as it was found."""
        return self.body.partition(b"\n")[0] if self.marks & Mark.RAW else self.body

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical JSON (of a corrupt entry, of its bytes)."""
        if self._digest is None:  # an entry without uuid is asked four times
            self._digest = sha256(self.canonical).digest()
        return self._digest


# Identities that are no uuid begin with a byte that tells what they are; none is 16 bytes long.
ANONYMOUS = b"\2"
CONFLICT = b"\3"
CORRUPT = b"\4"
GAP = b"\5"
CALL = b"\6"
CHECKPOINT = b"\7"
FILE = b"\x08"
RESPONSE = b"\x0a"
TRIM = b"\x0e"
REDACTED = b"\x0c"
RESULT = b"\x0c"
_RESPONSE_HASHED = b"\x0b"

LONGEST_SPELLING = 256
_SPELLED, _SPELLED_15, _HASHED = b"\0", b"\1", b"\x09"


@lru_cache(maxsize=4096)  # an entry's parent is nearly always the entry before it
def identity_of(uuid: str) -> bytes:
    """Pack a uuid: 16 bytes in its usual spelling, else its text behind a byte that says so.

    Two spellings stay two identities. A text of more than 256 bytes is known by its hash.
    """
    if len(uuid) == 36 and uuid[8:24:5] == "----":
        digits = uuid.replace("-", "")
        try:
            packed = bytes.fromhex(digits)
        except ValueError:
            packed = b""
        if packed.hex() == digits:
            return packed
    text = uuid.encode("utf-8", "surrogatepass")
    if len(text) > LONGEST_SPELLING:
        return _HASHED + sha256(text).digest()
    return _SPELLED_15 + text + b"\0" if len(text) == 15 else _SPELLED + text


def uuid_text(identity: bytes) -> str:
    """The inverse of ``identity_of``; for a hashed one, the hash in hexadecimal."""
    if len(identity) == 16:
        text = identity.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    if identity[:1] == _HASHED:
        return identity[1:].hex()
    text_bytes = identity[1:-1] if identity[:1] == _SPELLED_15 else identity[1:]
    return text_bytes.decode("utf-8", "surrogatepass")


def is_anonymous(identity: bytes | None) -> bool:
    """Whether it stands for an entry without uuid."""
    return identity is None or (len(identity) == 13 and identity[:1] == ANONYMOUS)


def message_identity(message_id: str) -> bytes:
    """By what the counters of a response are found: its message id, packed."""
    text = message_id.encode("utf-8", "surrogatepass")
    if len(text) > LONGEST_SPELLING:
        return _RESPONSE_HASHED + sha256(text).digest()
    return RESPONSE + text + (b"\0" if len(text) == 15 else b"")


def message_of(identity: bytes | None) -> str | None:
    """The inverse of ``message_identity``; None for what is no response, or was hashed."""
    if identity is None or identity[:1] != RESPONSE:
        return None
    # So long is the identity of 15 bytes and the one behind them, and that of 16 bytes.
    text = identity[1:].removesuffix(b"\0") if len(identity) == 17 else identity[1:]
    return text.decode("utf-8", "surrogatepass")


def keyed(prefix: bytes, salt: bytes, *parts: bytes) -> bytes:
    """An identity made of contents, so that it can be known again but not guessed.

    The salt belongs to the stream and goes with its content when that is erased.
    """
    digest = blake2b(key=salt, digest_size=12)
    for part in parts:
        digest.update(part)
    return prefix + digest.digest()
