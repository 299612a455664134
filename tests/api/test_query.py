"""Query parameters (``rest-v2.md`` 1.5)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, ok, post, refused

LIMITS = [
    ("GET", "/v2/queues", "limit"),
    ("GET", "/v2/queues/{queue}/messages", "limit"),
    ("POST", "/v2/queues/{queue}/claims", "limit"),
    ("DELETE", "/v2/queues/{queue}/messages", "pop"),
]
BOOLEANS = [
    ("/v2/queues", "detailed"),
    ("/v2/queues", "with_count"),
    ("/v2/queues/{queue}/messages", "echo"),
    ("/v2/queues/{queue}/messages", "include_claimed"),
    ("/v2/queues/{queue}/messages", "include_delayed"),
]
NO_INTEGERS = ["abc", "1.0", "1e1", "0x10", "1,5", " ", "ten", "None", "٣", "--1", "1_0"]


@pytest.mark.parametrize(("method", "path", "parameter"), LIMITS)
def test_integers(api: Api, queue: str, method: str, path: str, parameter: str) -> None:
    target = path.format(queue=queue)

    def answer(value: str) -> tuple[int, str | None]:
        got = api.call(method, f"{target}?{parameter}={quote(value)}")
        return got.status, got.title

    for value in NO_INTEGERS:
        assert answer(value) == (400, "Invalid parameter"), value
    for value in ("0", "-1", "21", "-20", "9" * 30):
        assert answer(value) == (400, "Invalid API request"), value
    for value in ("1", "20", "07"):
        assert answer(value)[0] in (200, 204), value


@pytest.mark.parametrize(("method", "path", "parameter"), LIMITS)
def test_the_description_names_the_parameter(
    api: Api, queue: str, method: str, path: str, parameter: str
) -> None:
    for value in ("x", "21"):
        answer = api.call(method, f"{path.format(queue=queue)}?{parameter}={value}")
        assert parameter in answer.description


@pytest.mark.parametrize(
    ("method", "path", "parameter", "maximum"),
    [(*row, maximum) for row, maximum in zip(LIMITS, (4, 5, 3, 3), strict=True)],
)
def test_the_maximum_comes_from_the_options(
    limited: Api, queue: str, method: str, path: str, parameter: str, maximum: int
) -> None:
    target = f"{path.format(queue=queue)}?{parameter}="
    assert limited.call(method, f"{target}{maximum}").status in (200, 204)
    refused(limited.call(method, f"{target}{maximum + 1}"), 400, "Invalid API request")


@pytest.mark.parametrize(("path", "parameter"), BOOLEANS)
def test_booleans(api: Api, queue: str, path: str, parameter: str) -> None:
    target = f"{path.format(queue=queue)}?{parameter}="
    for value in ("true", "True", "t", "yes", "y", "1", "on"):
        ok(api.call("GET", target + value), 200)
    for value in ("false", "False", "f", "no", "n", "0", "off"):
        ok(api.call("GET", target + value), 200)
    for value in ("None", "TRUE", "FALSE", "T", "2", "-1", "Yes", "ON", "tru", "null", "%20"):
        answer = refused(api.call("GET", target + value), 400, "Invalid parameter")
        assert parameter in answer.description


def test_the_spellings_of_true_and_false_are_told_apart(api: Api, queue: str) -> None:
    post(api, queue, "own")
    for value in ("true", "True", "t", "yes", "y", "1", "on"):
        assert len(ok(api.message_list(queue, echo=value), 200)["messages"]) == 1, value
    for value in ("false", "False", "f", "no", "n", "0", "off", ""):
        assert ok(api.message_list(queue, echo=value), 200)["messages"] == [], value


@pytest.mark.parametrize(
    "query", ["limit=", "marker=", "limit", "limit=&marker=&echo=&include_claimed=", "ids=", "&&="]
)
def test_present_but_empty_is_absent(api: Api, queue: str, query: str) -> None:
    post(api, queue, *range(12))
    reader = api.other_client()
    page = ok(reader.call("GET", f"/v2/queues/{queue}/messages?{query}"), 200)
    assert bodies(page["messages"]) == list(range(10))
    assert len(page["links"]) == 1


def test_an_empty_claim_id_is_none(api: Api, queue: str) -> None:
    [message] = post(api, queue, "free")
    ok(api.call("DELETE", f"/v2/queues/{queue}/messages/{message}?claim_id="), 204)
    refused(api.message_get(queue, message), 404, "Not found")


def test_the_last_of_repeated_scalars_wins(api: Api, queue: str) -> None:
    post(api, queue, *range(5))
    target = f"/v2/queues/{queue}/messages?echo=false&limit=5&echo=true&limit=2"
    assert bodies(ok(api.call("GET", target), 200)["messages"]) == [0, 1]


@pytest.mark.parametrize(
    "query", ["ids={0},{1},{2}", "ids={0}&ids={1}&ids={2}", "ids={0},,{1},&ids=&ids=,{2}"]
)
def test_lists_are_commas_or_repetition_or_both(api: Api, queue: str, query: str) -> None:
    ids = post(api, queue, *range(3))
    target = f"/v2/queues/{queue}/messages?{query.format(*ids)}"
    assert bodies(ok(api.call("GET", target), 200)["messages"]) == [0, 1, 2]
    ok(api.call("DELETE", target), 204)
    assert ok(api.queue_get_stats(queue), 200)["messages"]["total"] == 0


def test_unknown_parameters_are_ignored(api: Api, queue: str) -> None:
    [message] = post(api, queue, "here")
    base, odd = f"/v2/queues/{queue}", "?frobnicate=1&x=&%00=%FF&a[]=b"
    for suffix in ("", "/stats", "/messages", f"/messages/{message}"):
        ok(api.call("GET", f"{base}{suffix}{odd}"), 200)
    ok(api.call("GET", f"/v2/{odd}"), 200)
    ok(api.call("GET", f"/{odd}"), 300)
    ok(api.call("POST", f"{base}/claims{odd}", {}), 201)
    ok(api.call("POST", f"{base}/purge{odd}"), 204)
    ok(api.call("DELETE", f"{base}/messages{odd}&pop=1"), 200)
    ok(api.call("PUT", f"{base}{odd}"), 204)
    ok(api.call("DELETE", f"{base}{odd}"), 204)
