"""The bytes of LangGraph's serializer, read without making any of the objects they stand for.

Its msgpack extensions name a module, a class, and what to build it from; here only the last of
these is taken, so that nothing is ever imported or called. Source: ``JsonPlusSerializer`` of
langgraph-checkpoint 1.0 to 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.errors import MissingExtra, NotJson
from ..storage.encoding.json_bytes import decode

_CONSTRUCTED = frozenset(range(6))  # one argument, several, named, by a method, pydantic 1 and 2
_ARRAY, _DELTA = 6, 7
_DEEPEST = 64
_PAYLOAD = 2  # where in (module, class, payload, …) it lies


class CannotRead(ValueError):
    """Bytes in a form that is not read: pickled, encrypted, or damaged."""


def read(kind: Any, data: Any) -> Any:
    """What a value holds, as JSON values; objects are what they were made from.

    Raises:
        CannotRead: it is in another form than msgpack or JSON, or damaged.
        MissingExtra: msgpack is not installed.
    """
    if kind is None or kind == "null":
        return None
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    if not isinstance(data, bytes):
        raise CannotRead(f"it is {type(data).__name__}, no bytes")
    try:
        if kind == "msgpack":
            return _plain(_unpacked(data, 0))
        if kind == "json":
            return _constructed(decode(data, True))
    except NotJson as problem:
        raise CannotRead(str(problem)) from problem
    except RecursionError:
        raise CannotRead("it is nested too deep") from None
    told = "pickled, and nothing is unpickled" if kind == "pickle" else f"in the form {kind!r:.40}"
    raise CannotRead(f"it is {told}")


def _unpacked(data: bytes, depth: int) -> Any:
    try:
        import msgpack  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra(
            "LangGraph's checkpoints are msgpack: `pip install 'turnlog[migrate]'`"
        ) from None
    if depth > _DEEPEST:
        raise CannotRead("it is nested too deep")

    def extension(code: int, inner: bytes) -> Any:
        if code == _DELTA:
            return _unpacked(inner, depth + 1)
        if code == _ARRAY:
            return {"type": "array", "bytes": len(inner)}
        if code not in _CONSTRUCTED:
            return {"type": f"extension {code}", "bytes": len(inner)}
        made = _unpacked(inner, depth + 1)
        return made[_PAYLOAD] if isinstance(made, list) and len(made) > _PAYLOAD else made

    try:
        return msgpack.unpackb(
            data,
            ext_hook=extension,
            raw=False,
            strict_map_key=False,
            unicode_errors="surrogatepass",
        )
    except CannotRead:
        raise
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as problem:
        raise CannotRead(f"it is no msgpack: {problem}") from problem


def _constructed(value: Any) -> Any:
    """Objects in LangChain's JSON (``"type": "constructor"``) as what they are made of."""
    if isinstance(value, list):
        return [_constructed(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("lc") in (1, 2) and value.get("type") == "constructor":
        made = _constructed(value.get("kwargs") or value.get("args") or {})
        name = value.get("id")
        if isinstance(made, dict) and isinstance(name, list) and name:
            made.setdefault("type", _type_of(str(name[-1])))
        return made
    return {key: _constructed(one) for key, one in value.items()}


def _type_of(name: str) -> str:
    short = name.removesuffix("Chunk").removesuffix("Message").lower()
    return short or name


def _plain(value: Any) -> Any:
    """The value as JSON has it: keys are text, bytes are told by their length."""
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes | bytearray):
        return {"type": "bytes", "bytes": len(value)}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
