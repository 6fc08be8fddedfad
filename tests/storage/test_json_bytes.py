"""Entries are written as canonical JSON, and read back as exactly what they were."""

from __future__ import annotations

import collections
import datetime
import enum
import json
import math
import re
import struct
import tracemalloc
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.support import workload
from turnlog.adapters.storage.encoding import careful_json, json_bytes
from turnlog.adapters.storage.encoding.json_bytes import decode, decode_all, decode_line, encode
from turnlog.domain.errors import NotJson

NAN, INFINITY = float("nan"), float("inf")

texts = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from('\ud800\udbff\udc00\udfff\x00\x1f\x7f"\\/\u2028é\U0001f600u'),
    ),
    max_size=12,
)
integers = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]),
)
keys = st.one_of(texts, st.sampled_from(["message", "parentUuid", "content", "usage"]))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), integers, st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=20,
)


TWO_HALVES = re.compile(rb"\\ud[89ab]..\\ud[c-f]")


@st.composite
def not_finite(draw: st.DrawFn) -> float:
    """A double whose exponent is all ones: an infinity, or a NaN with any sign and payload."""
    bits = draw(st.integers(0, 2**52 - 1)) | 0x7FF << 52 | draw(st.integers(0, 1)) << 63
    value: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return value


def same(left: object, right: object) -> bool:
    """Deep equality, with types, signs of zero and NaN; without recursion."""
    pairs = [(left, right)]
    while pairs:
        a, b = pairs.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict) and isinstance(b, dict):
            if list(a) != list(b):
                return False
            pairs += zip(a.values(), b.values(), strict=True)
        elif isinstance(a, list) and isinstance(b, list):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif isinstance(a, float):
            if repr(a) != repr(b):
                return False
        elif a != b:
            return False
    return True


def nested(depth: int, *, in_objects: bool) -> Any:
    value: Any = []
    for _ in range(depth):
        value = {"k": value} if in_objects else [value]
    return value


# -- round trips -----------------------------------------------------------------------------------


@settings(deadline=None)
@given(values)
@example("\ud83d\ude00")  # two halves of a pair that are no pair
@example("\\ud83d\\ude00")
@example({"a\ud83d\ude00": "\\\ud83d\ude00\\"})
@example([1, 1.0, True, -0.0, 0, None])
def test_an_entry_comes_back_as_it_was(value: Any) -> None:
    data, careful = encode(value)
    assert same(decode(data, careful), value)
    assert same(decode(data, True), value)


@settings(deadline=None)
@given(values)
def test_every_path_writes_the_same_bytes(value: Any) -> None:
    """What must never happen: one entry gets two identities, by the path that encoded it."""
    assert careful_json.write(value) == encode(value)


@settings(deadline=None)
@given(values)
def test_a_line_that_was_written_is_exact(value: Any) -> None:
    data, careful = encode(value)
    assume(not TWO_HALVES.search(data))  # in any other file they are one character
    entry, *rest = decode_line(data)
    assert rest == [data, careful, True]
    assert same(entry, value)


@settings(deadline=None)
@given(values)
def test_other_readers_of_json_read_the_same(value: Any) -> None:
    data, careful = encode(value)
    if not careful:
        assert same(json.loads(data), value)


@pytest.mark.parametrize("depth", [200, 253, 254, 255, 500, 501, 1_023, 1_024, 10_000, 99_999])
@pytest.mark.parametrize("in_objects", [False, True])
def test_nesting_may_be_deep(depth: int, in_objects: bool) -> None:
    """What must never happen: an entry of 10,000 levels is lost, or ends the process."""
    value = nested(depth, in_objects=in_objects)
    data, careful = encode(value)
    assert same(decode(data, careful), value)
    assert decode_line(data)[1:] == (data, careful, True)


@pytest.mark.parametrize("in_objects", [False, True])
def test_nesting_without_end_is_refused_with_its_bytes(in_objects: bool) -> None:
    """What must never happen: a line of brackets takes more memory than there is, or is lost."""
    with pytest.raises(careful_json.TooDeep, match="more than 100,000 arrays and objects") as told:
        encode(nested(100_000, in_objects=in_objects))
    assert told.value.data.count(b":" if in_objects else b"[") == 100_000 + (not in_objects)
    with pytest.raises(NotJson, match="more than 100,000 arrays and objects"):
        decode_line(told.value.data)
    tracemalloc.start()
    with pytest.raises(NotJson, match="more than 100,000 arrays and objects"):
        decode_line((b'{"a":' if in_objects else b"[") * 1_000_000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 << 20


@pytest.mark.parametrize("digits", [20, 4_300, 4_301, 5_000, 100_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_have_any_size(digits: int, sign: int) -> None:
    number = sign * (10**digits - 1)
    data, careful = encode({"n": number})
    assert careful
    assert len(data) == len('{"n":}') + digits + (sign < 0)
    assert decode(data, careful) == decode_line(data)[0] == {"n": number}


def test_an_integer_that_would_take_minutes_is_refused() -> None:
    with pytest.raises(NotJson, match=r"n\[1\] is an integer of more than 100,000 digits"):
        encode({"n": [0, 1 << 400_000]})
    with pytest.raises(NotJson, match="100,000 digits"):
        decode_line(b"9" * 200_000)


def test_a_long_text_of_escapes_is_read_in_one_go() -> None:
    value = ["\n\ud800" * 200_000]
    data, careful = encode(value)
    assert decode(data, careful) == value


def test_synthetic_sessions_take_the_fast_path() -> None:
    for entry in workload.entries(300, seed=11):
        data, careful = encode(entry)
        assert (data, careful) == (orjson.dumps(entry), False)
        assert decode_line(data) == (entry, data, False, True)


# -- NaN and the infinities ------------------------------------------------------------------------


@settings(deadline=None)
@given(values, not_finite(), st.sampled_from(["entry", "message", "deep", "list", "alone"]))
def test_nan_is_never_written_as_null(value: Any, number: float, place: str) -> None:
    """What must never happen: a NaN is stored as null, without a word."""
    entry: Any = {
        "entry": {"parentUuid": None, "x": number, "rest": value},
        "message": {"parentUuid": None, "message": {"stop_sequence": None, "x": number}},
        "deep": {"message": {"content": [{"null": None, "x": {"y": [value, number]}}]}},
        "list": [None, number, value],
        "alone": number,
    }[place]
    data, careful = encode(entry)
    assert careful
    assert same(decode(data, careful), entry)
    literal = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    assert literal.encode() in data


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1), st.lists(st.sampled_from([None, "null", 255, 127, -1])))
def test_a_null_tells_of_none_only(numbers: list[float], others: list[Any]) -> None:
    entry = {"a": others, "b": numbers, "c": None}
    data, careful = encode(entry)
    assert careful == (not all(math.isfinite(n) for n in numbers))
    assert same(decode(data, careful), entry)


def test_nulls_in_texts_do_not_hide_a_nan() -> None:
    entry = {"text": "null", "parentUuid": None, "message": {"stop_sequence": None, "n": NAN}}
    assert encode(entry)[0].endswith(b'"n":NaN}}')


# -- one spelling ----------------------------------------------------------------------------------

NUMBERS = {
    1e-7: "1e-7",
    1.5e-06: "1.5e-6",
    1e-5: "0.00001",
    -1.25e-05: "-0.0000125",
    0.0001: "0.0001",
    -0.0: "-0.0",
    100.0: "100.0",
    1e15: "1000000000000000.0",
    1e16: "1e+16",
    1.5e16: "1.5e+16",
    5e-324: "5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_has_one_format(number: float) -> None:
    """What must never happen: a new release of the encoder gives old entries a new identity."""
    assert encode([number]) == (f"[{NUMBERS[number]}]".encode(), False)
    assert careful_json.write([number]) == encode([number])


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_fast_encoder_writes_numbers_in_that_format(number: float) -> None:
    assert orjson.dumps(number).decode() == careful_json.number(number)


@settings(deadline=None)
@given(values)
def test_an_encoder_with_another_format_is_not_used(value: Any) -> None:
    expected = encode(value)
    line = encode(value)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_bytes, "_dumps", json_bytes._refuse)
        assert encode(value) == expected
        assert decode_line(line)[3] == (decode_line(line)[1] == line)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ("\x00\x08\t\n\x0b\x0c\r\x1f\x7f", rb'"\u0000\b\t\n\u000b\f\r\u001f' + b'\x7f"'),
        ('"\\/', rb'"\"\\/"'),
        ("é\u2028\U0001f600", '"é\u2028\U0001f600"'.encode()),
        ("a\ud800é", '"a\\ud800é"'.encode()),
        ({"\udfff": 1}, rb'{"\udfff":1}'),
        ({"b": 1, "a": [True, False, None, {}, []]}, b'{"b":1,"a":[true,false,null,{},[]]}'),
        ((1, (2,)), b"[1,[2]]"),
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (enum.IntEnum("Level", "LOW HIGH")(2), b"2"),
        (enum.Enum("Mode", {"A": "a"})("a"), b'"a"'),
        (collections.OrderedDict(a=1), b'{"a":1}'),
        (collections.namedtuple("Pair", "x y")(1, 2), b"[1,2]"),
    ],
)
def test_a_value_has_one_spelling(value: Any, data: bytes) -> None:
    assert encode(value)[0] == data
    assert careful_json.write(value)[0] == data


# -- what is no JSON -------------------------------------------------------------------------------


class Text(str):
    """Equal to a text, and no text."""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"message": {"content": [1, 2, {3}]}}, r"^message\.content\[2\] is of type set"),
        (
            {"message": {"content": [{"data": b""}]}},
            r"^message\.content\[0\]\.data is of type bytes",
        ),
        ({"a b": {"c": object()}}, r"^\['a b'\]\.c is of type object"),
        ({"at": datetime.datetime(2026, 1, 1)}, r"^at is of type datetime"),
        ({"n": 1j}, r"^n is of type complex"),
        ({"message": {1: 2}}, r"^message has the key 1 of type int"),
        ({None: 2}, r"^the entry has the key None of type NoneType"),
        (object(), r"^the entry is of type object"),
        (nested(40, in_objects=True) | {"k2": {1}}, r"^k2 is of type set"),
    ],
)
def test_what_has_no_json_form_is_refused_by_its_place(value: Any, message: str) -> None:
    with pytest.raises(NotJson, match=message):
        encode(value)


def test_a_container_that_holds_itself_is_refused() -> None:
    """What must never happen: encoding does not end."""
    content: list[Any] = [0]
    content.append({"again": content})
    with pytest.raises(NotJson, match=r"^content\[1\]\.again is a container that holds itself"):
        encode({"content": content})


def test_a_value_may_stand_in_two_places() -> None:
    shared = {"n": NAN}
    assert encode([shared, shared])[0] == b'[{"n":NaN},{"n":NaN}]'


# -- lines of files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "entry", "data"),
    [
        (b'{"a": 1}', {"a": 1}, b'{"a":1}'),
        (b'{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}, b'{"a":3,"b":2}'),
        (b'{"a":1} \r', {"a": 1}, b'{"a":1}'),
        (b'"\\u00e9\\/"', "é/", '"é/"'.encode()),
        (b'"\\ud83d\\ude00"', "\U0001f600", '"\U0001f600"'.encode()),
        (b'"\\uD800"', "\ud800", b'"\\ud800"'),
        (b'"\xed\xa0\x80"', "\ud800", b'"\\ud800"'),
        (b"\xef\xbb\xbf[]", [], b"[]"),
        (b"[1e2,1E2,1.50,-0,1e-07]", [100.0, 100.0, 1.5, 0, 1e-7], b"[100.0,100.0,1.5,0,1e-7]"),
        (b"[1e400,-1e400]", [INFINITY, -INFINITY], b"[Infinity,-Infinity]"),
    ],
)
def test_a_line_spelled_differently_is_not_exact(line: bytes, entry: Any, data: bytes) -> None:
    """What must never happen: a spelling is lost because nobody was told to keep the line."""
    found, canonical, careful, exact = decode_line(line)
    assert same(found, entry)
    assert (canonical, exact) == (data, False)
    assert same(decode(canonical, careful), entry)


@pytest.mark.parametrize(
    "line",
    [
        b"[18446744073709551616,-9223372036854775809]",
        b"[NaN,Infinity,-Infinity]",
        b'"\\udc00"',
        b'{"a":"\x7f"}',
        b'{"a":1}\r',
        b"[" * 300 + b"]" * 300,
    ],
)
def test_a_line_in_canonical_spelling_is_exact(line: bytes) -> None:
    _, data, _, exact = decode_line(line)
    assert (data, exact) == (line.removesuffix(b"\r"), True)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"{",
        b'{"a"',
        b'{"a":1',
        b'{"a":1}}',
        b'{"a":1}{"b":2}',
        b"[1,]",
        b"[,1]",
        b'{"a":1,}',
        b"{1:2}",
        b"[1}",
        b"nul",
        b"-",
        b"01",
        b"1.",
        b"+1",
        b"0x1",
        b"inf",
        b"nan",
        b'"a',
        b'"a\\"',
        b'"\\x"',
        b'"\\u12"',
        b'"\n"',
        b"\x00\x00{}",
        b"\xff\xfe",
        "\N{FULLWIDTH DIGIT ONE}".encode(),
    ],
)
def test_a_line_that_is_no_json_is_refused(line: bytes) -> None:
    with pytest.raises(NotJson):
        decode_line(line)
    with pytest.raises(NotJson):
        decode(line, True)
    with pytest.raises(NotJson):
        careful_json._read(line.decode("latin-1"), canonical=False)


def test_the_error_says_where_the_line_ends_to_be_json() -> None:
    with pytest.raises(NotJson, match=r"""no JSON at character 7: '{"b":2}'"""):
        decode_line(b'{"a":1}{"b":2}')
    with pytest.raises(NotJson, match="the JSON ends too early"):
        decode_line(b'{"a":')


@settings(deadline=None)
@given(st.one_of(st.binary(), st.text('[]{}",:\\u0dDeE+-.19tfnNI ', max_size=20).map(str.encode)))
def test_any_line_is_read_as_python_does_or_refused(line: bytes) -> None:
    try:
        entry, data, careful, exact = decode_line(line)
    except NotJson:
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            json.loads(line.decode("utf-8", "surrogatepass"))
        return
    assert same(entry, json.loads(line.decode("utf-8", "surrogatepass").removeprefix("\ufeff")))
    assert exact == (data == line.removesuffix(b"\r"))
    assert same(decode(data, careful), entry)


@settings(deadline=None)
@given(values, st.sampled_from([None, 0, 2]))
def test_our_own_decoder_reads_what_pythons_does(value: Any, indent: int | None) -> None:
    assert same(careful_json._read(encode(value)[0].decode(), canonical=True), value)
    try:
        text = json.dumps(value, indent=indent)
    except ValueError:  # an integer too long for Python's json
        return
    assert same(careful_json._read(text, canonical=False), json.loads(text))


# -- many at once ----------------------------------------------------------------------------------


def test_a_frame_of_entries_is_decoded_at_once() -> None:
    assert decode_all(memoryview(b'[{"a":1},{"b":2}]'), 2) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(("data", "count"), [(b"[1,2]", 1), (b"{}", 0), (b"[1", 1), (b"[NaN]", 1)])
def test_a_frame_of_something_else_is_refused(data: bytes, count: int) -> None:
    with pytest.raises(NotJson):
        decode_all(data, count)


@pytest.mark.parametrize("data", [b"", b"NaN", b"{", b"\xff"])
def test_bytes_that_encode_never_wrote_are_refused(data: bytes) -> None:
    with pytest.raises(NotJson):
        decode(data, False)
