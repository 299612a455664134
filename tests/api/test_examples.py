"""The worked examples of the contract (``rest-v2-examples.md``), one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import PATCH_TYPE, Api
from tests.api.conftest import SECRET
from tests.api.helpers import bodies, claim, last_segment, ok, post, totals
from tests.api.test_signed import sign
from tests.servers import TestClock

QUEUE = "invoice-render"
BASE = f"/v2/queues/{QUEUE}"
CREATED = {
    "_default_message_ttl": 900,
    "_max_claim_count": 3,
    "_dead_letter_queue": "invoice-render.failed",
    "team": "billing",
    "priority": 2,
}


@pytest.fixture
def ready(api: Api) -> Api:
    """A client whose queue is as "Update metadata" leaves it."""
    ok(api.queue_create(QUEUE, CREATED), 201)
    operations = [
        {"op": "replace", "path": "/metadata/_default_message_ttl", "value": 1200},
        {"op": "add", "path": "/metadata/priority", "value": 5},
        {"op": "remove", "path": "/metadata/team"},
    ]
    ok(api.queue_update(QUEUE, operations), 200)
    return api


def test_queues(api: Api) -> None:
    answer = api.queue_create(QUEUE, CREATED)
    assert (answer.status, answer.headers["location"]) == (201, BASE)
    unset: dict[str, Any] = {
        "_max_messages_post_size": 262144,
        "_default_message_delay": 0,
        "_dead_letter_queue_messages_ttl": None,
        "_enable_encrypt_messages": False,
    }
    assert ok(api.queue_get(QUEUE), 200) == {**CREATED, **unset}
    operations = [
        {"op": "replace", "path": "/metadata/_default_message_ttl", "value": 1200},
        {"op": "add", "path": "/metadata/priority", "value": 5},
        {"op": "remove", "path": "/metadata/team"},
    ]
    assert ok(api.queue_update(QUEUE, operations), 200) == {
        "_default_message_ttl": 1200,
        "_max_claim_count": 3,
        "_dead_letter_queue": "invoice-render.failed",
        "priority": 5,
        **unset,
    }
    for name in ("a", "b", "c"):
        ok(api.queue_create(name), 201)
    answer = api.call("GET", "/v2/queues?limit=2&detailed=false&priority=5&with_count=true")
    link = "/v2/queues?limit=2&detailed=false&priority=5&with_count=true&marker=invoice-render"
    assert ok(answer, 200) == {
        "queues": [{"name": QUEUE, "href": BASE}],
        "links": [{"rel": "next", "href": link}],
        "count": 4,
    }
    for _ in range(2):
        ok(api.queue_delete(QUEUE), 204)


def test_statistics_and_purge(ready: Api, clock: TestClock) -> None:
    ids = post(ready, QUEUE, *range(6))
    claim(ready, QUEUE, limit=2)
    clock.advance(75)
    numbers = ok(ready.queue_get_stats(QUEUE), 200)["messages"]
    assert {key: numbers[key] for key in ("free", "claimed", "total")} == {
        "free": 4,
        "claimed": 2,
        "total": 6,
    }
    assert numbers["oldest"]["href"] == f"{BASE}/messages/{ids[0]}"
    assert numbers["newest"]["href"] == f"{BASE}/messages/{ids[5]}"
    assert numbers["oldest"]["age"] >= 75
    ok(ready.queue_purge(QUEUE, {"resource_types": ["messages"]}), 204)
    assert totals(ready, QUEUE) == (0, 0, 0)


def test_share(features: Api) -> None:
    body = {
        "paths": ["messages", "claims"],
        "methods": ["POST", "GET", "DELETE"],
        "expires": "2996-03-03T10:30:00+02:00",
    }
    paths = [f"{BASE}/claims", f"{BASE}/messages"]
    methods = ["DELETE", "GET", "POST"]
    expires = "2996-03-03T08:30:00"
    credential = ok(features.queue_share(QUEUE, body), 200)
    assert credential == {
        "paths": paths,
        "methods": methods,
        "project": features.project,
        "expires": expires,
        "signature": sign(paths, methods, features.project, expires),
    }


def test_the_signature_of_the_example() -> None:
    """The example itself has expired; its signature holds for the recipe that the tests use."""
    assert sign(
        [f"{BASE}/claims", f"{BASE}/messages"],
        ["DELETE", "GET", "POST"],
        "f2c1d6a0b7e94c55a4e8d3b2c9107e61",
        "2026-03-03T08:30:00",
        SECRET,
    ) == ("fe072946eeb7eca609ef4df36b795f37a5241a543da50c372b758309bce4f03e")


def test_messages(ready: Api) -> None:
    answer = ready.message_post(
        QUEUE,
        {"ttl": 600, "body": {"invoice": 7731, "customer": "Zoë"}},
        {"body": "reprint 7730"},
    )
    resources = ok(answer, 201)["resources"]
    first, second = map(last_segment, resources)
    assert resources == [f"{BASE}/messages/{first}", f"{BASE}/messages/{second}"]
    assert answer.headers["location"] == f"{BASE}/messages?ids={first},{second}"

    page = ok(ready.call("GET", f"{BASE}/messages?limit=1&echo=true"), 200)
    [document] = page["messages"]
    age = document.pop("age")
    assert document == {
        "id": first,
        "href": f"{BASE}/messages/{first}",
        "ttl": 600,
        "body": {"invoice": 7731, "customer": "Zoë"},
    }
    assert age <= 2
    prefix = f"{BASE}/messages?limit=1&echo=true&include_delayed=true&marker="
    assert page["links"][0]["href"].startswith(prefix)

    [document] = ok(ready.call("GET", f"{BASE}/messages?ids={second},unknown"), 200)["messages"]
    assert (document["id"], document["ttl"], document["body"]) == (second, 1200, "reprint 7730")


def test_deleting(ready: Api, clock: TestClock) -> None:
    ids = post(ready, QUEUE, *range(5))
    lapsed, _ = claim(ready, QUEUE, limit=1, ttl=60)
    clock.advance(60)
    claim_id, _ = claim(ready, QUEUE, limit=1)
    answer = ready.message_delete(QUEUE, ids[0])
    assert (answer.status, answer.title) == (403, "Unable to delete")
    answer = ready.message_delete(QUEUE, ids[0], lapsed)
    assert (answer.status, answer.title) == (400, "Unable to delete")
    ok(ready.message_delete(QUEUE, ids[0], claim_id), 204)
    claim(ready, QUEUE, limit=1)
    ok(ready.call("DELETE", f"{BASE}/messages?ids={ids[1]},{ids[2]},unknown"), 204)
    popped = ok(ready.call("DELETE", f"{BASE}/messages?pop=2"), 200)["messages"]
    assert [(it["id"], it["claim_id"], it["claim_count"]) for it in popped] == [
        (ids[3], None, 0),
        (ids[4], None, 0),
    ]
    assert all(it["ttl"] == 1200 for it in popped)


def test_claims(ready: Api, clock: TestClock) -> None:
    ok(
        ready.message_post(
            QUEUE,
            {"ttl": 600, "body": {"invoice": 7731, "customer": "Zoë"}},
            {"body": "reprint 7730"},
        ),
        201,
    )
    clock.advance(20)
    answer = ready.call("POST", f"{BASE}/claims?limit=5", {"ttl": 720, "grace": 300})
    claim_id = last_segment(ok(answer, 201) and answer.headers["location"])
    first, second = answer.body["messages"]
    assert (first["ttl"], second["ttl"]) == (1020, 1200)
    assert 20 <= first["age"] <= 22
    assert first["href"].endswith(f"?claim_id={claim_id}")
    assert bodies([first, second]) == [{"invoice": 7731, "customer": "Zoë"}, "reprint 7730"]

    assert ready.call("POST", f"{BASE}/claims").status == 204

    clock.advance(45)
    held = ok(ready.claim_get(QUEUE, claim_id), 200)
    assert (held["ttl"], held["href"]) == (720, f"{BASE}/claims/{claim_id}")
    assert 45 <= held["age"] <= 47
    assert [it["ttl"] for it in held["messages"]] == [1020, 1200]
    ok(ready.claim_update(QUEUE, claim_id, {"ttl": 900, "grace": 120}), 204)
    ok(ready.claim_delete(QUEUE, claim_id), 204)


PATCH = [{"op": "add", "path": "/metadata/a", "value": 1}]
ABSENT = [{"op": "replace", "path": "/metadata/colour", "value": "red"}]
ERRORS: list[tuple[str, str, Any, dict[str, str | None], int, str]] = [
    ("GET", "/v2/queues", None, {"Client-ID": None}, 400, "Missing header value"),
    ("GET", "/v2/queues", None, {"X-Project-Id": None}, 400, "Project-Id Missing"),
    ("PUT", "/v2/queues/in%40voice", None, {}, 400, "Invalid queue identification"),
    ("GET", "/v2/queues", None, {"Accept": "application/xml"}, 406, "406 Not Acceptable"),
    ("GET", f"{BASE}/messages?limit=21", None, {}, 400, "Invalid API request"),
    ("POST", f"{BASE}/messages", b'{"messages": [', {}, 400, "Invalid request body"),
    ("PATCH", BASE, PATCH, {}, 415, "415 Unsupported Media Type"),
    ("PATCH", BASE, ABSENT, {"Content-Type": PATCH_TYPE}, 409, "Resource conflict"),
    ("GET", "/v2/queue", None, {}, 404, "404 Not Found"),
    ("POST", BASE, None, {}, 405, "405 Method Not Allowed"),
]


@pytest.mark.parametrize(("method", "target", "body", "headers", "status", "title"), ERRORS)
def test_errors(
    ready: Api,
    method: str,
    target: str,
    body: Any,
    headers: dict[str, str | None],
    status: int,
    title: str,
) -> None:
    if body is None:
        answer = ready.call(method, target, headers=headers)
    else:
        answer = ready.call(method, target, body, headers)
    assert (answer.status, answer.title) == (status, title)


def test_methods(ready: Api) -> None:
    assert ready.call("POST", BASE).headers["allow"] == "DELETE, GET, PATCH, PUT, OPTIONS"
    answer = ready.call("OPTIONS", BASE)
    assert (answer.status, answer.headers["allow"]) == (200, "DELETE, GET, PATCH, PUT")
