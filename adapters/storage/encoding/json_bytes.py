"""The bytes of an entry: compact UTF-8 JSON in the order received, one spelling for every value.

Almost every entry takes the fast path, orjson. What orjson refuses (integers beyond 64 bits, halves
of surrogate pairs, deep nesting) or gets silently wrong (NaN and the infinities become ``null``,
larger integers are read as floats) goes through ``careful_json``, which writes the same bytes for
everything that both can write. An entry that only the careful decoder may read is called careful.
"""

from __future__ import annotations

import marshal
import re
from operator import countOf
from typing import Any

import orjson

from ....domain.errors import NotJson
from . import careful_json

_STRICT = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_SAMPLES = [1e-7, 1.5e-6, 1e-5, 0.0001, -0.0, 0.1, 1e15, 1e16, 1.5e16, 1e21, 1e22, 5e-324, 1.5e300]


def _refuse(entry: object, /, default: Any = None, option: int | None = None) -> bytes:
    raise TypeError("the installed orjson writes numbers in a format that is not the log's")


_dumps = orjson.dumps
if orjson.dumps(_SAMPLES) != f"[{','.join(map(careful_json.number, _SAMPLES))}]".encode():
    _dumps = _refuse  # slower, but no entry gets a second identity


def encode(entry: object) -> tuple[bytes, bool]:
    """Encode an entry canonically.

    Tuples are written as arrays, an enumeration's member as its value, a UUID as its text.

    Returns:
        The bytes, and whether they are careful (``decode`` must be told).

    Raises:
        NotJson: some part has no JSON form; the message says which.
    """
    try:
        data = _dumps(entry, option=_STRICT)
    except TypeError:
        return careful_json.write(entry)
    nulls = data.count(b"null")
    if nulls and nulls != _known_nones(entry) and not _is_finite(entry):
        return careful_json.write(entry)
    return data, False


def decode(data: bytes, careful: bool) -> Any:
    """Decode what ``encode`` returned; the result equals the entry, types included.

    Raises:
        NotJson: these are not the bytes of an entry.
    """
    if careful:
        return careful_json.read(_text(data), canonical=True)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"{error}: {data[:40]!r}") from None


def decode_all(array: bytes | memoryview, count: int) -> list[Any]:
    """Decode ``count`` entries, none of them careful, that a frame holds as one JSON array.

    A sixth faster than one by one.

    Raises:
        NotJson: these are not the bytes of so many entries.
    """
    try:
        entries = orjson.loads(array)
    except orjson.JSONDecodeError as error:
        raise NotJson(str(error)) from None
    if type(entries) is not list or len(entries) != count:
        raise NotJson(f"no array of {count:,} entries")
    return entries


def decode_line(line: bytes) -> tuple[Any, bytes, bool, bool]:
    """Decode one line of a file, without its line feed.

    Where the line is spelled differently than ``encode`` would (spaces, escapes, a key twice, other
    number formats), it is no longer to be had from the canonical bytes. That includes a number too
    large for a float: ``1e400`` is read as infinity, as Python's ``json`` does.

    Returns:
        The entry, its canonical bytes, whether they are careful, and whether they are exactly the
        line's (but for a carriage return at its end). If not, the caller keeps the line too.

    Raises:
        NotJson: the line is no JSON value.
    """
    try:
        entry = orjson.loads(line)
        data = _dumps(entry)
        # Equal bytes prove that nothing was lost in between: whatever orjson cannot hold exactly
        # it writes differently. NaN and the infinities it does not read.
        if data == line or (line.endswith(b"\r") and data == line[:-1]):
            return entry, data, False, True
    except (orjson.JSONDecodeError, TypeError):
        pass
    entry = careful_json.read(_text(line).removeprefix("\ufeff"), canonical=False)
    data, careful = encode(entry)
    return entry, data, careful, data == line.removesuffix(b"\r")


def _known_nones(entry: object) -> int:
    """How many values are None where real entries have them: in the entry and in its message.

    With as many nulls written as values known to be None, none of them was a NaN. This takes half
    the time of looking at every value.
    """
    if type(entry) is not dict:
        return 0
    known = countOf(entry.values(), None)
    message = entry.get("message")
    return known + countOf(message.values(), None) if type(message) is dict else known


_NOT_FINITE = re.compile(rb"[\xf0-\xff][\x7f\xff]")  # how a float ends whose exponent is all ones


def _is_finite(entry: Any) -> bool:
    """Whether no float in there is NaN or infinite; False may be wrong, True never is."""
    try:
        packed = marshal.dumps(entry, 4)
    except ValueError:  # a type of its own, such as UUID
        return False
    if b"\x7f" not in packed and b"\xff" not in packed:
        return True
    return _NOT_FINITE.search(packed) is None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise NotJson(f"no UTF-8 at byte {error.start}: {data[error.start :][:40]!r}") from None
