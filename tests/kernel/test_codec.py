"""JSON as it is read and written (rest-v2.md 1.4)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.codec import decode, encode
from angarium.errors import InvalidBody

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=30,
)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in kind: for Python alone, 1, 1.0 and True are one value."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@given(VALUES)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(VALUES)
def test_escaped_spellings_mean_the_same(value: Any) -> None:
    assert same(decode(json.dumps(value, ensure_ascii=True, indent=1).encode()), value)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = decode(raw)
    except InvalidBody:
        return
    assert same(decode(encode(value)), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[-9223372036854775808, 9223372036854775807]", [-(2**63), 2**63 - 1]),
        ("[1.7976931348623157e308, 5e-324, 1e-400, -0.0]", [1.7976931348623157e308, 5e-324, 0, 0]),
        ('["\\u0000\\ud83d\\ude00\\u20ac"]', ["\0😀€"]),
        ('["\\\\ud800"]', ["\\ud800"]),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (' \t\r\n{"": {"$a.b": null}} ', {"": {"$a.b": None}}),
        ('"text"', "text"),
    ],
)
def test_what_is_read(text: str, value: Any) -> None:
    assert decode(text.encode()) == value


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "could not be parsed"),
        (b"   ", "could not be parsed"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1,}', "could not be parsed"),
        (b"[1]\n[2]", "line 2, column 1"),
        (b"{'a': 1}", "could not be parsed"),
        (b'["a\x00b"]', "could not be parsed"),
        (b'["\xff"]', "UTF-8"),
        (b'["\xed\xa0\x80"]', "UTF-8"),
        (b"\xef\xbb\xbf[]", "could not be parsed"),
        ("[1]".encode("utf-16"), "UTF-8"),
        (b"[NaN]", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e400]", "double"),
        (b"[-1e400]", "double"),
        (b"[1" + b"0" * 400 + b".0]", "double"),
        (b"[9223372036854775808]", "64 bits"),
        (b"[-9223372036854775809]", "64 bits"),
        (b"[1" + b"0" * 10_000 + b"]", "64 bits"),
        (rb'["\ud800"]', "surrogate"),
        (rb'["\udc00\ud800"]', "surrogate"),
        (rb'{"\uDfFf": 1}', "surrogate"),
        (b"[" * 201 + b"]" * 201, "levels of nesting"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "levels of nesting"),
        (b"[" * 100_000 + b"]" * 100_000, "deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep"),
        (b"[" * 100_000, "could not be parsed"),
    ],
)
def test_what_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(InvalidBody) as refusal:
        decode(raw)
    assert said in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"messages": [{"body": 1}, {"ttl": 1e400}]}', "messages[1].ttl"),
        ('{"a": {"b": [1, [2, NaN]]}, "c": NaN}', "a.b[1][1]"),
        ('{"a": 1, "b": 9223372036854775808, "c": -Infinity}', "b"),
        ("[1, 2, 1e999]", "[2]"),
        ("1e999", "it"),
        ('{"a": [[[[{"b": [NaN]}]]]]}', "a[0][0][0][0].b…"),
        ('{"a": NaN, "b": }', "a number"),
    ],
)
def test_a_refusal_of_a_number_names_its_field(text: str, field: str) -> None:
    with pytest.raises(InvalidBody, match=rf": {re.escape(field)} must "):
        decode(text.encode())


def test_many_shallow_containers_are_no_deep_nesting() -> None:
    wide = [{"number": [number]} for number in range(5000)]
    assert decode(encode(wide)) == wide


def test_two_hundred_levels_can_be_read_and_written_inside_an_answer() -> None:
    deepest = decode(b"[" * 200 + b"]" * 200)
    assert decode(encode(deepest)) == deepest
    encode({"queues": [{"metadata": {"key": deepest}}]})


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, [["\ud800"]]])
def test_half_a_surrogate_pair_cannot_be_written(value: Any) -> None:
    with pytest.raises(InvalidBody):
        encode(value)
