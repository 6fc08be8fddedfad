"""Patterns of secrets: a built-in set of well-known tokens, and one's own.

One's own are matched by RE2, which needs time in proportion to the text whatever the pattern says;
the built-in ones are written so that Python's own engine does too: each begins with letters that
few texts hold, and repeats nothing within a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from ..domain.errors import MissingExtra, TurnlogError
from ..domain.redaction import REDACTED


class Known(NamedTuple):
    """A well-known token."""

    hints: tuple[str, ...]
    """One of these is in every text that holds one: looked for first, that costs a tenth."""
    pattern: str


BUILT_IN: dict[str, Known] = {
    # Anthropic's and OpenAI's keys, and those of services that copied the form.
    "api-key": Known(("sk-",), r"\bsk-(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,200}"),
    "stripe": Known(("k_live_", "k_test_"), r"\b[rsp]k_(?:live|test)_[A-Za-z0-9]{16,128}"),
    "aws": Known(("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "github": Known(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
    ),
    "gitlab": Known(("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,64}"),
    "slack": Known(("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    "google": Known(("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    "npm": Known(("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    "pypi": Known(("pypi-",), r"\bpypi-[A-Za-z0-9_-]{50,250}"),
    "hugging-face": Known(("hf_",), r"\bhf_[A-Za-z0-9]{30,64}"),
    "jwt": Known(
        ("eyJ",),
        r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}",
    ),
    "private-key": Known(
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\]{0,16000}"
        r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?",
    ),
    "password-in-url": Known(("://",), r"(?<=://)[A-Za-z0-9._%+-]{0,64}:[^\s:@/\"'\\]{3,128}(?=@)"),
}
"""Well-known tokens, by name."""
ALL = "secrets"
"""Stands for the whole built-in set."""
LONGEST = 1_000
"""Characters of the longest pattern of one's own."""


class InvalidPattern(TurnlogError):
    """A pattern that cannot be matched, or that would take out everything."""


@dataclass(frozen=True)
class Redaction:
    """What is taken out of texts. It can be sent to another process."""

    names: tuple[str, ...] = ()
    """Of the built-in patterns."""
    own: tuple[str, ...] = ()
    texts: tuple[str, ...] = field(default=())
    """Taken out as they are."""

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Redaction:
        """Patterns by name (``secrets`` for the whole built-in set), or as regular expressions.

        Raises:
            InvalidPattern: one cannot be matched, or matches where there is nothing.
            MissingExtra: one is of one's own, and RE2 is not installed.
        """
        names: list[str] = []
        own: list[str] = []
        for pattern in patterns:
            if pattern == ALL:
                names += BUILT_IN
            elif pattern in BUILT_IN:
                names.append(pattern)
            else:
                own.append(pattern)
        made = cls(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(own)))
        _compiled(made)
        return made

    def with_texts(self, texts: Iterable[str]) -> Redaction:
        """The same, and some texts as they are.

        Raises:
            InvalidPattern: one is empty.
        """
        wanted = (texts,) if isinstance(texts, str) else tuple(texts)
        if not all(isinstance(text, str) and text for text in wanted):
            raise InvalidPattern("a text that is to be taken out has a character at least")
        return replace(self, texts=(*self.texts, *sorted(wanted, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """The text without what is to be taken out."""
        for wanted in self.texts:
            text = text.replace(wanted, REDACTED)
        built_in, own = _compiled(self)
        for hints, known in built_in:
            for hint in hints:
                if hint in text:
                    text = known.sub(REDACTED, text)
                    break
        for pattern in own:
            text = _substituted(pattern, text)
        return text

    def of_bytes(self, data: bytes) -> bytes:
        """The same of bytes, whatever they are."""
        return self(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def __bool__(self) -> bool:
        return bool(self.names or self.own or self.texts)


def redaction_of(setting: str | None) -> Redaction | None:
    """What a setting says is taken out; None where nothing is.

    Args:
        setting: a pattern a line.

    Raises:
        InvalidPattern, MissingExtra: as ``Redaction.of``.
    """
    lines = [line.strip() for line in (setting or "").splitlines()]
    return Redaction.of(line for line in lines if line) or None


def _substituted(pattern: Any, text: str) -> str:
    try:
        found = pattern.search(text)
    except UnicodeEncodeError:  # RE2 reads UTF-8, which has no half surrogates
        parts = re.split("([\ud800-\udfff]+)", text)
        return "".join(p if n % 2 else _substituted(pattern, p) for n, p in enumerate(parts))
    return str(pattern.sub(REDACTED, text)) if found else text


_BuiltIn = tuple[tuple[str, ...], re.Pattern[str]]


@lru_cache(maxsize=32)
def _compiled(redaction: Redaction) -> tuple[tuple[_BuiltIn, ...], tuple[Any, ...]]:
    known = (BUILT_IN[name] for name in redaction.names)
    built_in = tuple((one.hints, re.compile(one.pattern)) for one in known)
    return built_in, tuple(_own(pattern) for pattern in redaction.own)


def _own(pattern: str) -> Any:
    if not pattern or len(pattern) > LONGEST:
        raise InvalidPattern(
            f"a pattern has 1 to {LONGEST} characters, got {len(pattern)}: {pattern!r:.60}"
        )
    try:
        import re2  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra(
            f"the pattern {pattern!r:.60} is none of {ALL}, {', '.join(BUILT_IN)}: patterns of "
            "your own need RE2: pip install 'turnlog[redaction]'"
        ) from None
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as problem:
        told = problem.args[0] if problem.args else problem
        told = told.decode(errors="replace") if isinstance(told, bytes) else told
        raise InvalidPattern(
            f"the pattern {pattern!r:.60} cannot be matched: {told}; the syntax is RE2's, without "
            "look-around and references back"
        ) from None
    if compiled.search("") is not None:
        raise InvalidPattern(
            f"the pattern {pattern!r:.60} matches where there is nothing: it would take out "
            "everything; let it match a character at least"
        )
    return compiled
