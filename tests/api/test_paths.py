"""Paths and names (``rest-v2.md`` 1.1 and 1.3)."""

from __future__ import annotations

import pytest

from tests.api.client import UNSET, Api
from tests.api.helpers import ok, post, refused

UNKNOWN = [
    "/v2",
    "/v1",
    "/v1/",
    "/v1/queues",
    "/v1.1",
    "/v1.1/queues",
    "/v3/queues",
    "//",
    "//v2/",
    "//v2/queues",
    "/v2//queues",
    "/v2/queues//q",
    "/v2/queues/q//messages",
    "/V2/queues",
    "/v2/Queues",
    "/v2/queues/q/Messages",
    "/v2/queue",
    "/v2/queues/q/",
    "/v2/queues/q/stats/",
    "/v2/queues/q/purge/",
    "/v2/queues/q/share/",
    "/v2/queues/q/messages/m/",
    "/v2/queues/q/messages/m/body",
    "/v2/queues/q/claims/c/",
    "/v2/topic",
    "/v2/topics/t/",
    "/v2/topics//t",
    "/v2/topics/t/share",
    "/v2/topics/t/claims",
    "/v2/topics/t/claims/c",
    "/v2/ping/",
    "/v2/queues/a%2Fb",
    "/v2/queues/q/messages/a%2Fb",
    "/favicon.ico",
    "/%00",
    "/v2/%FF",
    "/v2/health",
    "/v2/health/",
    "/v2/pools",
    "/v2/pools/p",
    "/v2/flavors",
    "/v2/flavors/f",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_paths_are_404_without_a_look_at_the_headers(api: Api, path: str) -> None:
    nothing = {"Client-ID": None, "X-Project-Id": None, "Accept": "image/png"}
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        answer = api.call(method, path, headers=nothing)
        assert (answer.status, answer.body) == (404, {"title": "404 Not Found"}), method
    assert api.call("HEAD", path).status == 404


NO_NAME = [("GET", UNSET), ("PUT", {}), ("PATCH", []), ("DELETE", UNSET)]


@pytest.mark.parametrize(("method", "body"), NO_NAME)
def test_a_slash_behind_queues_or_topics_is_an_empty_name(
    api: Api, method: str, body: object
) -> None:
    for kind in ("queue", "topic"):
        answer = api.call(method, f"/v2/{kind}s/", body)
        refused(answer, 400, f"Invalid {kind} identification")


EMPTY_IDS = [
    ("GET", "messages", UNSET, 404),
    ("DELETE", "messages", UNSET, 204),
    ("POST", "messages", {"messages": [{"body": 1}]}, 405),
    ("GET", "claims", UNSET, 404),
    ("DELETE", "claims", UNSET, 204),
    ("PATCH", "claims", {"ttl": 60}, 404),
    ("PATCH", "claims", {"ttl": 59}, 400),
    ("PATCH", "claims", UNSET, 400),
    ("POST", "claims", {}, 405),
]


@pytest.mark.parametrize(("method", "collection", "body", "status"), EMPTY_IDS)
def test_a_slash_behind_a_collection_is_an_empty_id(
    api: Api, queue: str, method: str, collection: str, body: object, status: int
) -> None:
    post(api, queue, "stays")
    answer = api.call(method, f"/v2/queues/{queue}/{collection}/", body)
    assert answer.status == status
    if status == 404:
        assert answer.title == "Not found"
    assert ok(api.queue_get_stats(queue), 200)["messages"]["total"] == 1


def test_a_path_is_decoded_once_before_routing(api: Api) -> None:
    ok(api.call("PUT", "/v2/%71ueues/%66irst"), 201)
    assert [it["name"] for it in ok(api.queue_list(), 200)["queues"]] == ["first"]
    assert "messages" in ok(api.call("GET", "/v2/queues/first%2Fstats"), 200)
    refused(api.call("GET", "/v2/queues/%2566irst"), 400, "Invalid queue identification")


def test_names_of_parameters_are_case_sensitive(api: Api, queue: str) -> None:
    ok(api.call("GET", f"/v2/queues/{queue}/messages?LIMIT=0&Echo=x"), 200)


GOOD_NAMES = ["a", "Z", "0", "_", "-", ".", "..", "a.b", "A-b_C.9", "q" * 64, "stats", "messages"]
BAD_NAMES = [
    "q" * 65,
    "in%40voice",
    "a%20b",
    "%20",
    "a%0A",
    "a%0D%0A",
    "%00",
    "a%00",
    "%C3%A9",
    "%D9%A1",  # a digit, but not an ASCII one
    "%FF",
    "%C3%28",
    "a%3F",
    "a%23",
    "a+b",
    "a,b",
    "a:b",
    "a;b",
    "a*",
    "a%25",
    "a%5Cb",
    "~a",
]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_names(api: Api, name: str) -> None:
    answer = api.queue_create(name)
    assert answer.status == 201
    assert answer.headers["location"] == f"/v2/queues/{name}"
    post(api, name, "here")
    assert ok(api.queue_get_stats(name), 200)["messages"]["total"] == 1
    ok(api.queue_delete(name), 204)


BELOW_A_NAME = [
    ("PUT", ""),
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/stats"),
    ("POST", "/purge"),
    ("POST", "/share"),
    ("POST", "/messages"),
    ("GET", "/messages"),
    ("DELETE", "/messages"),
    ("GET", "/messages/m"),
    ("DELETE", "/messages/m"),
    ("POST", "/claims"),
    ("GET", "/claims/c"),
    ("PATCH", "/claims/c"),
    ("DELETE", "/claims/c"),
    ("PUT", "/claims"),
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names(api: Api, name: str) -> None:
    for method, suffix in BELOW_A_NAME:
        answer = api.call(method, f"/v2/queues/{name}{suffix}")
        refused(answer, 400, "Invalid queue identification")
    assert ok(api.queue_list(), 200)["queues"] == []


def test_names_are_case_sensitive(api: Api) -> None:
    ok(api.queue_create("Orders", {"which": "upper"}), 201)
    ok(api.queue_create("orders", {"which": "lower"}), 201)
    assert ok(api.queue_get("Orders"), 200)["which"] == "upper"
    ok(api.queue_delete("orders"), 204)
    assert ok(api.queue_get("Orders"), 200)["which"] == "upper"


def test_names_with_dots_are_names_of_their_own(api: Api) -> None:
    for name in ("a", "a.b", "a.b.c", ".a"):
        ok(api.queue_create(name, {"name": name}), 201)
        post(api, name, name)
    ok(api.queue_delete("a.b"), 204)
    for name in ("a", "a.b.c", ".a"):
        assert ok(api.queue_get(name), 200)["name"] == name
        [message] = ok(api.message_list(name, echo=True), 200)["messages"]
        assert message["body"] == name
    assert ok(api.queue_get_stats("a.b"), 200)["messages"]["total"] == 0


ODD_IDS = ["x", "-", "%20", "%00", "%FF", "..", "a'b", "a%22b", "%C3%A9", "1" * 3000, "a%3Db"]


@pytest.mark.parametrize("identifier", ODD_IDS)
def test_a_malformed_id_is_an_unknown_one(api: Api, queue: str, identifier: str) -> None:
    [message] = post(api, queue, "stays")
    base = f"/v2/queues/{queue}"
    refused(api.call("GET", f"{base}/messages/{identifier}"), 404, "Not found")
    ok(api.call("DELETE", f"{base}/messages/{identifier}"), 204)
    refused(api.call("GET", f"{base}/claims/{identifier}"), 404, "Not found")
    refused(api.call("PATCH", f"{base}/claims/{identifier}", {}), 404, "Not found")
    ok(api.call("DELETE", f"{base}/claims/{identifier}"), 204)
    refused(api.call("GET", f"{base}/messages?ids={identifier}"), 404, "Not found")
    ok(api.call("DELETE", f"{base}/messages?ids={identifier}"), 204)
    answer = api.call("DELETE", f"{base}/messages/{message}?claim_id={identifier}")
    refused(answer, 400, "Unable to delete")
    ok(api.message_get(queue, message), 200)
