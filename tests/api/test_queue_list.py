"""The list of queues: order, pages, filters, count (``rest-v2.md`` 5.1 and 1.6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.client import Api
from tests.api.helpers import defaults, follow, ok
from tests.api.kinds import mirrored


def names(api: Api, **query: Any) -> list[str]:
    """The names of one page."""
    return [item["name"] for item in ok(api.queue_list(**query), 200)[api.collection]]


def make(api: Api, *queues: str, **metadata: Any) -> None:
    for queue in queues:
        ok(api.queue_create(queue, metadata), 201)


@mirrored
def test_no_queues(api: Api) -> None:
    assert ok(api.queue_list(), 200) == {api.collection: [], "links": []}
    assert ok(api.queue_list(with_count="true"), 200) == {api.collection: [], "links": []}


@mirrored
def test_an_item(api: Api) -> None:
    make(api, "one", colour="red")
    page = ok(api.queue_list(), 200)
    assert page[api.collection] == [{"name": "one", "href": f"{api.base}/one"}]
    page = ok(api.queue_list(detailed="true"), 200)
    [item] = page[api.collection]
    assert item == {
        "name": "one",
        "href": f"{api.base}/one",
        "metadata": {**defaults(api), "colour": "red"},
    }


@mirrored
def test_order_is_that_of_code_points(api: Api) -> None:
    unordered = ["b", "a", "B", "A", "a.a", "a-a", "a_a", "aa", "_", "-", ".", "0", "10", "9"]
    make(api, *unordered)
    assert names(api, limit=20) == sorted(unordered)
    assert names(api, limit=20, marker="A") == [name for name in sorted(unordered) if name > "A"]


@mirrored
def test_a_page_holds_ten_queues_unless_told_otherwise(api: Api) -> None:
    make(api, *(f"q{number:02}" for number in range(23)))
    assert len(names(api)) == 10
    assert len(names(api, limit=1)) == 1
    assert len(names(api, limit=20)) == 20


@mirrored
def test_a_page_holds_no_more_than_the_maximum(limited: Api) -> None:
    make(limited, *"abcdef")
    assert names(limited) == list("abcd")


@mirrored
@pytest.mark.parametrize("query", [{}, {"limit": 1}, {"limit": 20}, {"detailed": "true"}])
def test_next_links_lead_through_all_queues(api: Api, query: dict[str, Any]) -> None:
    expected = [f"q{number:02}" for number in range(23)]
    make(api, *reversed(expected))
    items = follow(api, api.queue_list(**query), api.collection)
    assert [item["name"] for item in items] == expected
    assert all(("metadata" in item) == ("detailed" in query) for item in items)


@mirrored
def test_every_page_with_queues_has_a_next_link(api: Api) -> None:
    make(api, "a", "b")
    page = ok(api.queue_list(), 200)
    [link] = page["links"]
    assert link == {"rel": "next", "href": f"{api.base}?marker=b"}
    assert ok(api.call("GET", link["href"]), 200) == {api.collection: [], "links": []}


@mirrored
def test_a_page_starts_after_its_marker_existing_or_not(api: Api) -> None:
    make(api, "a", "b", "c")
    assert names(api, marker="a") == ["b", "c"]
    assert names(api, marker="aa") == ["b", "c"]
    assert names(api, marker="c") == []
    assert names(api, marker="zzz") == []
    assert names(api, marker="!! any text, é \x00") == ["a", "b", "c"]
    ok(api.queue_delete("b"), 204)
    assert names(api, marker="b") == ["c"]


def test_the_next_link_repeats_the_parameters(api: Api) -> None:
    make(api, "a b".replace(" ", "."), "a", size=30, tag="x y&z=ü")
    answer = api.queue_list(
        limit=1, detailed="True", with_count="yes", name="a", size="30", tag="x y&z=ü"
    )
    [link] = ok(answer, 200)["links"]
    parts = urlsplit(link["href"])
    assert parts.path == "/v2/queues"
    assert parse_qs(parts.query) == {
        "limit": ["1"],
        "detailed": ["true"],
        "with_count": ["true"],
        "name": ["a"],
        "size": ["30"],
        "tag": ["x y&z=ü"],
        "marker": ["a"],
    }
    assert [item["name"] for item in follow(api, answer, api.collection)] == ["a", "a.b"]


@mirrored
def test_the_link_adds_no_defaults(api: Api) -> None:
    make(api, "a")
    [link] = ok(api.queue_list(detailed="0"), 200)["links"]
    assert parse_qs(urlsplit(link["href"]).query) == {"detailed": ["false"], "marker": ["a"]}


@mirrored
def test_the_name_filter_is_literal_text(api: Api) -> None:
    make(api, "orders", "Orders", "re-orders.2", "o_d", "oxd", "a.b", "a-b", "percent")
    assert names(api, name="order") == ["orders", "re-orders.2"]
    assert names(api, name="Order") == ["Orders"]
    assert names(api, name="o_d") == ["o_d"]
    assert names(api, name="a.b") == ["a.b"]
    for pattern in ("%", "o%d", "*", "a?b", "^a", "b$", ".*", "[a]", "\\", "'", '"', "\x00", "é"):
        assert names(api, name=pattern) == [], pattern


@mirrored
def test_filters_apply_before_the_limit(api: Api) -> None:
    make(api, *(f"no{number:02}" for number in range(15)))
    make(api, *(f"yes{number:02}" for number in range(15)), wanted="y")
    assert names(api, limit=5, name="yes") == [f"yes{number:02}" for number in range(5)]
    assert names(api, limit=5, wanted="y") == [f"yes{number:02}" for number in range(5)]
    items = follow(api, api.queue_list(limit=4, wanted="y"), api.collection)
    assert [item["name"] for item in items] == [f"yes{number:02}" for number in range(15)]


METADATA = {
    "thirty": 30,
    "text30": "30",
    "minus": -5,
    "big": 9223372036854775807,
    "text": "red",
    "empty": "",
    "unicode": "Zoë & co",
    "true": True,
    "one": 1,
    "zero": 0,
    "false": False,
    "null": None,
    "float": 1.5,
    "round": 2.0,
    "array": [1],
    "object": {"a": 1},
    "a.b": "dotted",
    "$key": "dollar",
    'qu"ote': "q",
    "_max_claim_count": 5,
}


@mirrored
@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        ("thirty", "30", True),
        ("thirty", "31", False),
        ("thirty", "30.0", False),
        ("text30", "30", False),
        ("minus", "-5", True),
        ("big", "9223372036854775807", True),
        ("big", "9223372036854775806", False),
        ("big", "9" * 40, False),
        ("text", "red", True),
        ("text", "Red", False),
        ("text", "re", False),
        ("text", "%", False),
        ("unicode", "Zoë & co", True),
        ("true", "true", False),
        ("true", "True", False),
        ("true", "1", False),
        ("one", "1", True),
        ("zero", "0", True),
        ("false", "false", False),
        ("false", "0", False),
        ("null", "null", False),
        ("null", "None", False),
        ("float", "1.5", False),
        ("round", "2", False),
        ("array", "[1]", False),
        ("array", "1", False),
        ("object", '{"a": 1}', False),
        ("a.b", "dotted", True),
        ("$key", "dollar", True),
        ('qu"ote', "q", True),
        ("missing", "x", False),
        ("_max_claim_count", "5", True),
        ("_default_message_ttl", "3600", False),
        ("Text", "red", False),
    ],
)
def test_metadata_filters_compare_stored_values(
    api: Api, queue: str, key: str, text: str, found: bool
) -> None:
    make(api, queue, **METADATA)
    make(api, f"{queue}-other")
    assert names(api, **{key: text}) == ([queue] if found else [])


@mirrored
def test_filters_combine(api: Api) -> None:
    make(api, "a1", colour="red", size=1)
    make(api, "a2", colour="red", size=2)
    make(api, "b1", colour="red", size=1)
    assert names(api, colour="red", size=1) == ["a1", "b1"]
    assert names(api, colour="red", size=1, name="a") == ["a1"]
    assert names(api, colour="blue", size=1) == []


@mirrored
def test_the_last_of_a_repeated_filter_wins_and_an_empty_one_is_absent(api: Api) -> None:
    make(api, "a", colour="red")
    make(api, "b", colour="blue")
    assert names(api, colour=["red", "blue"]) == ["b"]
    assert names(api, colour="") == ["a", "b"]


@mirrored
def test_a_typo_is_a_filter(api: Api) -> None:
    make(api, "a")
    assert names(api, limitt=5) == []


def test_the_count_is_of_all_queues_of_the_project(api: Api) -> None:
    make(api, *"abcde", colour="red")
    make(api.other_project(), "elsewhere")
    for query in ({}, {"limit": 1}, {"colour": "blue"}, {"name": "zz"}, {"marker": "zz"}):
        assert ok(api.queue_list(with_count="true", **query), 200)["count"] == 5, query
    assert "count" not in ok(api.queue_list(with_count="false"), 200)
    assert "count" not in ok(api.queue_list(), 200)


@mirrored
def test_only_queues_of_the_project_are_listed(api: Api) -> None:
    other = api.other_project()
    make(api, "mine", owner="me")
    make(other, "theirs", owner="me")
    assert names(api) == ["mine"]
    assert names(other, owner="me") == ["theirs"]


@mirrored
def test_creation_and_deletion_show_at_once(api: Api) -> None:
    for number in range(5):
        make(api, f"q{number}")
        assert f"q{number}" in names(api)
        ok(api.queue_delete(f"q{number}"), 204)
        assert names(api) == []
