"""Whatever arrives, only an error of the API leaves; and nothing that is long or odd is echoed."""

from __future__ import annotations

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from angarium.errors import ApiError, InvalidBody, InvalidRequest
from angarium.validation import SchemaLibrary
from tests.validation.samples import DELAYED_BODY, METADATA, REQUESTS


def nested(levels: int, kind: type[Any]) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = {"a": value} if kind is dict else [value]
    return value


class Text(str):
    """A kind of value that the compiled validator does not know."""


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


STRANGE: list[Any] = [
    nested(100_000, list),
    nested(100_000, dict),
    nested(900, list),
    10**5000,
    -(10**5000),
    math.nan,
    math.inf,
    "\ud800",
    {"\ud800": "\ud800"},
    {1: 2, None: 3, b"x": 4},
    b"bytes",
    (1, 2),
    {1, 2},
    object(),
    Unprintable(),
    Text("text"),
    {"body": Unprintable()},
    "x" * 1_000_000,
    {"x" * 1_000_000: 1},
]


def checked(check: Any, *arguments: Any) -> ApiError | None:
    try:
        check(*arguments)
    except ApiError as error:
        return error
    return None


@pytest.mark.parametrize("action", REQUESTS)
@pytest.mark.parametrize("index", range(len(STRANGE)))
def test_strange_requests(library: SchemaLibrary, action: str, index: int) -> None:
    value, request = STRANGE[index], library.request(action)
    members = dict.fromkeys(request.body_members, value)
    for error in (
        checked(request.check, {}, value),
        checked(request.check, {}, [value]),
        checked(request.check, {}, members),
        checked(request.check, {}, {"messages": [value]}),
        checked(request.check, {}, {"messages": [{"body": 1, "ttl": value}]}),
        checked(request.check, dict.fromkeys(request.query_types, value)),
        checked(request.check_headers, {"Client-ID": value, "X-Project-Id": value}),
        checked(request.check_path, {"queue_name": value}),
    ):
        assert error is None or (error.status == 400 and len(str(error)) < 300)


@pytest.mark.parametrize("reference", [METADATA, DELAYED_BODY])
@pytest.mark.parametrize("index", range(len(STRANGE)))
def test_strange_parts(library: SchemaLibrary, reference: str, index: int) -> None:
    value, part = STRANGE[index], library.part(reference)
    for instance in (
        value,
        {"_retry_policy": value, "_dead_letter_queue": value},
        {"messages": value},
        {"messages": [{"body": value, "delay": value}]},
    ):
        error = checked(part.check, instance)
        assert error is None or (error.status == 400 and len(str(error)) < 300)


def test_depth_is_no_reason_where_anything_goes(library: SchemaLibrary) -> None:
    body = nested(100_000, list)
    library.request("message_post").check({}, {"messages": [{"body": body}]})


def test_depth_does_not_hide_the_field(library: SchemaLibrary) -> None:
    with pytest.raises(InvalidBody, match=r"^messages\[0\]\.ttl must be an integer\.$"):
        library.request("message_post").check(
            {}, {"messages": [{"body": 1, "ttl": nested(900, dict)}]}
        )


def test_a_lone_surrogate_is_left_to_the_reference(
    library: SchemaLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="angarium.validation"):
        library.part("v2/common.json#/$defs/any_id").check("\ud800")
    assert "left to the reference validator" in caplog.text


def test_what_is_no_json_is_refused_without_a_word_about_it(library: SchemaLibrary) -> None:
    with pytest.raises(InvalidBody, match=r"^The request holds values that cannot be read"):
        library.request("message_post").check({}, {"messages": [{"body": 1, "ttl": 10**5000}]})


def test_names_of_clients_are_cut_and_made_printable(library: SchemaLibrary) -> None:
    with pytest.raises(InvalidRequest) as caught:
        library.request("queue_share").check({}, {"a\nb\x1b\ud800" + "c" * 1000: 1})
    assert "unknown member a?b??ccc" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_a_bad_post_costs_a_bounded_number_of_problems(library: SchemaLibrary) -> None:
    request = library.request("message_post")
    body: dict[str, Any] = {"messages": [{}] * 80_000}
    assert len(request.arguments.validator.problems({"query": {}, "body": body})) == 1000
    with pytest.raises(InvalidBody, match=r"^messages\[0\] must have the member body"):
        request.check({}, body)


def test_threads_share_a_schema(library: SchemaLibrary) -> None:
    request = library.request("message_post")

    def ask(number: int) -> bool:
        ttl = 60 if number % 2 else 1
        error = checked(request.check, {}, {"messages": [{"body": number, "ttl": ttl}]})
        return (error is None) == bool(number % 2)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(4000)))
