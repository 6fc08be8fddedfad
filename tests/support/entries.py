"""The pieces that synthetic transcript entries are made of, in the shapes the CLI writes."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

Entry = dict[str, Any]
"""One transcript line, decoded."""

SONNET = "claude-sonnet-4-5-20250929"
HAIKU = "claude-haiku-4-5-20251001"
OPUS = "claude-opus-4-8"

_BASE62 = string.digits + string.ascii_letters


class Ids:
    """Identifiers and pauses that look random and are the same for the same seed."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def message(self) -> str:
        return "msg_01" + self._text(_BASE62, 22)

    def request(self) -> str:
        return "req_011C" + self._text(_BASE62, 20)

    def tool_use(self) -> str:
        return "toolu_01" + self._text(_BASE62, 22)

    def agent(self) -> str:
        return "a" + self._text("0123456789abcdef", 16)

    def signature(self, length: int) -> str:
        """What signs a thinking block: base64 that nothing compresses."""
        return base64.b64encode(self._random.randbytes(length * 3 // 4)).decode()

    def pause(self, shortest: int, longest: int) -> int:
        """Milliseconds."""
        return self._random.randint(shortest, longest)

    def _text(self, letters: str, length: int) -> str:
        return "".join(self._random.choices(letters, k=length))


def timestamp(ms: int) -> str:
    """``2026-09-14T09:00:00.000Z`` for milliseconds since 1970."""
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """The inverse of ``timestamp``."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def usage(
    *,
    input_tokens: int = 3,
    output_tokens: int = 0,
    cache_read_input_tokens: int = 0,
    cache_creation_5m: int = 0,
    cache_creation_1h: int = 0,
    web_search_requests: int = 0,
    speed: str = "standard",
) -> dict[str, Any]:
    """The usage of a finished response."""
    created = {
        "ephemeral_1h_input_tokens": cache_creation_1h,
        "ephemeral_5m_input_tokens": cache_creation_5m,
    }
    tokens = {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": cache_creation_5m + cache_creation_1h,
        "cache_read_input_tokens": cache_read_input_tokens,
        "output_tokens": output_tokens,
    }
    searches = {"web_search_requests": web_search_requests, "web_fetch_requests": 0}
    return {
        **tokens,
        "server_tool_use": searches,
        "service_tier": "standard",
        "cache_creation": created,
        "inference_geo": "",
        "iterations": [{**tokens, "cache_creation": created, "type": "message"}],
        "speed": speed,
    }


def unfinished_usage(final: Mapping[str, Any], output_tokens: int) -> dict[str, Any]:
    """What the CLI knows of the usage while the response still streams."""
    known = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return {
        **{name: final[name] for name in known},
        "cache_creation": final["cache_creation"],
        "output_tokens": output_tokens,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def no_usage() -> dict[str, Any]:
    """The usage of a message that no model wrote."""
    nothing = usage(input_tokens=0)
    return {**nothing, "service_tier": None, "inference_geo": None, "iterations": None}


def tool_use_result(name: str, given: Mapping[str, Any], content: str) -> Any:
    """What the CLI keeps beside a tool's answer to the model (``toolUseResult``)."""
    match name:
        case "Bash":
            return {
                "stdout": content,
                "stderr": "",
                "interrupted": False,
                "isImage": False,
                "noOutputExpected": False,
            }
        case "Read":
            lines = content.count("\n") + 1
            return {
                "type": "text",
                "file": {
                    "filePath": given["file_path"],
                    "content": content,
                    "numLines": lines,
                    "startLine": 1,
                    "totalLines": lines,
                },
            }
        case "Edit":
            old, new = given["old_string"], given["new_string"]
            return {
                "filePath": given["file_path"],
                "oldString": old,
                "newString": new,
                "originalFile": old,
                "structuredPatch": [patch(old, new)],
                "userModified": False,
                "replaceAll": False,
            }
        case "Write":
            return {
                "type": "create",
                "filePath": given["file_path"],
                "content": given["content"],
                "structuredPatch": [],
                "originalFile": None,
            }
        case "Grep" | "Glob":
            found = content.splitlines()
            return {"mode": "files_with_matches", "filenames": found, "numFiles": len(found)}
        case _:
            return content


def patch(old: str, new: str) -> dict[str, Any]:
    """One hunk that replaces a text by another."""
    before, after = old.split("\n"), new.split("\n")
    return {
        "oldStart": 1,
        "oldLines": len(before),
        "newStart": 1,
        "newLines": len(after),
        "lines": [*_marked("-", before), *_marked("+", after)],
    }


def numbered(text: str) -> str:
    """A file as the Read tool shows it to the model."""
    return "\n".join(f"{n}\t{line}" for n, line in enumerate(text.split("\n"), start=1))


def _marked(mark: str, lines: Iterable[str]) -> list[str]:
    return [mark + line for line in lines]
