"""The order of evaluation: of several faults the first one decides (``rest-v2.md`` 1.2)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from tests.api.client import PATCH_TYPE, Api
from tests.api.helpers import exists, refused


@dataclass
class Draft:
    """A request that faults are put into: a claim on a queue."""

    queue: str
    method: str = "POST"
    path: str = "/v2/queues/{queue}/claims"
    query: str = ""
    body: bytes = b'{"ttl": 300}'
    headers: dict[str, str | bytes | None] = field(default_factory=dict)


def unknown_route(draft: Draft) -> None:
    draft.path = "/v2/queues/{queue}/nothing/here"


def bad_signature(draft: Draft) -> None:
    draft.headers["URL-Signature"] = "0" * 64


def form_body(draft: Draft) -> None:
    draft.headers["Content-Type"] = "application/x-www-form-urlencoded"


def unacceptable(draft: Draft) -> None:
    draft.headers["Accept"] = "application/xml"


def no_client_id(draft: Draft) -> None:
    draft.headers["Client-ID"] = None


def no_project(draft: Draft) -> None:
    draft.headers["X-Project-Id"] = None


def bad_name(draft: Draft) -> None:
    draft.queue = "in%40voice"


def wrong_method(draft: Draft) -> None:
    draft.method = "PUT"


def wrong_query_type(draft: Draft) -> None:
    draft.query = "?limit=many"


def oversize_body(draft: Draft) -> None:
    draft.body = b"{}" + b" " * 65536


STEPS = [
    (unknown_route, 404, "404 Not Found"),
    (bad_signature, 404, "404 Not Found"),
    (form_body, 400, "Invalid Content-Type"),
    (unacceptable, 406, "406 Not Acceptable"),
    (no_client_id, 400, "Missing header value"),
    (no_project, 400, "Project-Id Missing"),
    (bad_name, 400, "Invalid queue identification"),
    (wrong_method, 405, "405 Method Not Allowed"),
    (wrong_query_type, 400, "Invalid parameter"),
    (oversize_body, 400, "Invalid API request"),
]


def send(api: Api, draft: Draft) -> tuple[int, str | None]:
    target = draft.path.format(queue=draft.queue) + draft.query
    answer = api.call(draft.method, target, draft.body, draft.headers)
    return answer.status, answer.title


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_the_first_fault_decides(api: Api, queue: str, count: int) -> None:
    """Every combination of so many faults."""
    for chosen in itertools.combinations(STEPS, count):
        draft = Draft(queue)
        for fault, _, _ in chosen:
            fault(draft)
        _, status, title = chosen[0]
        names = [fault.__name__ for fault, _, _ in chosen]
        assert send(api, draft) == (status, title), names
    assert not exists(api, queue)


def test_without_a_fault_the_request_succeeds(api: Api, queue: str) -> None:
    assert send(api, Draft(queue)) == (204, None)


def test_a_wrong_client_id_comes_before_the_project(api: Api, queue: str) -> None:
    headers: dict[str, str | None] = {"Client-ID": "no-uuid", "X-Project-Id": None}
    answer = api.call("GET", f"/v2/queues/{queue}", headers=headers)
    refused(answer, 400, "Wrong UUID value")


def test_a_bad_name_comes_before_an_overlong_project(api: Api) -> None:
    answer = api.call("GET", "/v2/queues/in%40voice", headers={"X-Project-Id": "p" * 257})
    refused(answer, 400, "Invalid queue identification")


def test_the_policy_comes_after_the_method_and_before_the_operation(features: Api) -> None:
    refused(features.call("POST", "/v2/health"), 405, "405 Method Not Allowed")
    refused(features.call("GET", "/v2/health?whatever=1"), 403, "Not authorized")


PATCH_ORDER = [
    (b"[" + b" " * 65536 + b"]", "text/plain", "new", 400),
    (b"[", "text/plain", "new", 415),
    (b"", PATCH_TYPE, "new", 400),
    (b"[", PATCH_TYPE, "new", 400),
    (b'{"op": "add"}', PATCH_TYPE, "new", 400),
    (b'[{"op": "test", "path": "/metadata/a", "value": 1}]', PATCH_TYPE, "new", 400),
    (b'[{"op": "replace", "path": "/metadata/a", "value": 1}]', PATCH_TYPE, "new", 404),
    (
        (
            b'[{"op": "add", "path": "/metadata/_max_claim_count", "value": -1},'
            b' {"op": "replace", "path": "/metadata/a", "value": 1}]'
        ),
        PATCH_TYPE,
        "existing",
        409,
    ),
    (
        b'[{"op": "add", "path": "/metadata/_max_claim_count", "value": -1}]',
        PATCH_TYPE,
        "existing",
        400,
    ),
]


@pytest.mark.parametrize(("body", "media_type", "which", "status"), PATCH_ORDER)
def test_order_of_a_metadata_patch(
    api: Api, queue: str, body: bytes, media_type: str, which: str, status: int
) -> None:
    if which == "existing":
        api.queue_create(queue)
    answer = api.call("PATCH", f"/v2/queues/{queue}", body, {"Content-Type": media_type})
    titles = {
        400: "Invalid request body",
        404: "Not found",
        409: "Resource conflict",
        415: "415 Unsupported Media Type",
    }
    refused(answer, status, titles[status])


POST_ORDER = [
    (b'{"messages": [}' + b" " * 262144, "Invalid API request"),
    (b'{"messages": [', "Invalid request body"),
    (b'{"other": []}', "Invalid API request"),
    (b'{"messages": [{"body": 1, "ttl": 1}, {"ttl": 60}]}', "Invalid request body"),
    (b'{"messages": [{"body": 1, "ttl": 1}, {"body": 1, "ttl": "60"}]}', "Invalid request body"),
    (b'{"messages": []}', "Invalid API request"),
    (b'{"messages": [{"body": 1, "ttl": 1}]}', "Invalid API request"),
]


@pytest.mark.parametrize(("body", "title"), POST_ORDER)
def test_order_of_a_message_post(api: Api, queue: str, body: bytes, title: str) -> None:
    refused(api.call("POST", f"/v2/queues/{queue}/messages", body), 400, title)
    assert not exists(api, queue)


CLAIM_ORDER = [
    ("limit=x", '{"ttl": "60"}', "Invalid parameter", "limit"),
    ("limit=0", '{"ttl": "60", "grace": 1}', "Invalid request body", "ttl"),
    ("limit=0", '{"ttl": 300, "grace": "1"}', "Invalid request body", "grace"),
    ("limit=0", '{"ttl": 59, "grace": 59}', "Invalid API request", "ttl"),
    ("limit=0", '{"ttl": 60, "grace": 59}', "Invalid API request", "limit"),
    ("limit=1", '{"ttl": 60, "grace": 59}', "Invalid API request", "grace"),
]


@pytest.mark.parametrize(("query", "body", "title", "names"), CLAIM_ORDER)
def test_order_of_a_claim(
    api: Api, queue: str, query: str, body: str, title: str, names: str
) -> None:
    answer = api.call("POST", f"/v2/queues/{queue}/claims?{query}", body.encode())
    refused(answer, 400, title)
    assert names in answer.description


RENEWAL_ORDER = [
    (b"", 400, "Invalid request body"),
    (b"[]", 400, "Invalid request body"),
    (b'{"ttl": "x"}', 400, "Invalid request body"),
    (b'{"ttl": 59}', 400, "Invalid API request"),
    (b'{"ttl": 60}', 404, "Not found"),
]


@pytest.mark.parametrize(("body", "status", "title"), RENEWAL_ORDER)
def test_order_of_a_renewal(api: Api, queue: str, body: bytes, status: int, title: str) -> None:
    refused(api.call("PATCH", f"/v2/queues/{queue}/claims/unknown", body), status, title)
