"""What must never be shown: passwords and tokens in URLs."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(://[^\s:/@]*):\S*@")
_PARAMETER = re.compile(
    r"([?&;][\w.-]*(?:pass|pwd|secret|token|key|auth)[\w.-]*=)[^\s&;#]*", re.IGNORECASE
)


def hidden(text: str) -> str:
    """A text without the passwords and tokens of the URLs in it.

    Rather too much is hidden than too little: a password that is not percent-encoded may hold what
    looks like the rest of the URL.
    """
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
