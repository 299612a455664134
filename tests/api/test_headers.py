"""Request headers (``rest-v2.md`` 1.3)."""

from __future__ import annotations

import uuid

import pytest

from tests.api.client import Api
from tests.api.helpers import bodies, ok, post, refused

ROUTES = [
    ("GET", "/v2/"),
    ("GET", "/v2/ping"),
    ("HEAD", "/v2/ping"),
    ("GET", "/v2/queues"),
    ("PUT", "/v2/queues/q"),
    ("GET", "/v2/queues/q"),
    ("PATCH", "/v2/queues/q"),
    ("DELETE", "/v2/queues/q"),
    ("GET", "/v2/queues/q/stats"),
    ("POST", "/v2/queues/q/purge"),
    ("POST", "/v2/queues/q/share"),
    ("POST", "/v2/queues/q/messages"),
    ("GET", "/v2/queues/q/messages"),
    ("GET", "/v2/queues/q/messages?ids=a"),
    ("DELETE", "/v2/queues/q/messages?ids=a"),
    ("DELETE", "/v2/queues/q/messages?pop=1"),
    ("GET", "/v2/queues/q/messages/m"),
    ("DELETE", "/v2/queues/q/messages/m"),
    ("POST", "/v2/queues/q/claims"),
    ("GET", "/v2/queues/q/claims/c"),
    ("PATCH", "/v2/queues/q/claims/c"),
    ("DELETE", "/v2/queues/q/claims/c"),
]

UUIDS = [
    "c07d9f5e-2a41-4b8c-8e6d-7f9012ab34cd",
    "C07D9F5E-2A41-4B8C-8E6D-7F9012AB34CD",
    "c07d9f5e2a414b8c8e6d7f9012ab34cd",
    "{c07d9f5e-2a41-4b8c-8e6d-7f9012ab34cd}",
    "urn:uuid:c07d9f5e-2a41-4b8c-8e6d-7f9012ab34cd",
    "00000000-0000-0000-0000-000000000000",
    "eb0d3c9c-e799-11f1-97d1-02fc00000001",  # version 1
    str(uuid.uuid3(uuid.NAMESPACE_DNS, "example.org")),
]


def title_and_status(method: str, title: str) -> str | None:
    return None if method == "HEAD" else title


@pytest.mark.parametrize(("method", "target"), ROUTES)
def test_every_route_needs_client_id_and_project(api: Api, method: str, target: str) -> None:
    for header, title in (
        ("Client-ID", "Missing header value"),
        ("X-Project-Id", "Project-Id Missing"),
    ):
        answer = api.call(method, target, headers={header: None})
        assert (answer.status, answer.title) == (400, title_and_status(method, title)), header


@pytest.mark.parametrize(("method", "target"), ROUTES)
def test_a_malformed_client_id_is_refused_everywhere(api: Api, method: str, target: str) -> None:
    answer = api.call(method, target, headers={"Client-ID": "c07d9f5e-2a41"})
    assert (answer.status, answer.title) == (400, title_and_status(method, "Wrong UUID value"))


@pytest.mark.parametrize("client_id", UUIDS)
def test_uuids_of_any_version_and_spelling_are_client_ids(api: Api, client_id: str) -> None:
    ok(api.call("GET", "/v2/queues", headers={"Client-ID": client_id}), 200)


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "1",
        "not-a-uuid",
        "c07d9f5e-2a41-4b8c-8e6d-7f9012ab34c",
        "c07d9f5e-2a41-4b8c-8e6d-7f9012ab34cdd",
        "g07d9f5e-2a41-4b8c-8e6d-7f9012ab34cd",
        "c07d9f5e 2a41 4b8c 8e6d 7f9012ab34cd",
        "a" * 36,
        "é" * 32,
    ],
)
def test_anything_else_is_no_client_id(api: Api, client_id: str) -> None:
    answer = api.call("GET", "/v2/queues", headers={"Client-ID": client_id.encode()})
    refused(answer, 400, "Wrong UUID value")


def test_header_names_are_case_insensitive(api: Api) -> None:
    headers = {
        "Client-ID": None,
        "X-Project-Id": None,
        "cLIENT-id": api.client_id,
        "x-pROJECT-iD": api.project,
    }
    ok(api.call("GET", "/v2/queues", headers=headers), 200)


def test_spellings_of_one_uuid_are_one_client(api: Api, queue: str) -> None:
    plain = str(uuid.UUID(api.client_id))
    poster = api.other_client(plain.replace("-", "").upper())
    post(poster, queue, "mine")
    for spelling in (plain, f"{{{plain}}}", f"urn:uuid:{plain}"):
        listed = ok(api.other_client(spelling).message_list(queue), 200)
        assert listed == {"messages": [], "links": []}
    stranger = api.other_client()
    assert bodies(ok(stranger.message_list(queue), 200)["messages"]) == ["mine"]


@pytest.mark.parametrize("client_id", ["x" * 12, "worker number 1", "x" * 40])
def test_free_client_ids_within_the_permitted_length(
    strict: Api, queue: str, client_id: str
) -> None:
    """A client id that is no UUID also posts, and hides its own messages."""
    worker = Api(strict.server, strict.project, headers={"Client-ID": client_id})
    post(worker, queue, "mine")
    assert ok(worker.message_list(queue), 200)["messages"] == []
    assert bodies(ok(strict.message_list(queue), 200)["messages"]) == ["mine"]


@pytest.mark.parametrize("client_id", ["", "x", "x" * 11, "x" * 41])
def test_free_client_ids_of_another_length_are_refused(strict: Api, client_id: str) -> None:
    answer = strict.call("GET", "/v2/queues", headers={"Client-ID": client_id})
    refused(answer, 400, "Wrong UUID value")


def test_free_client_ids_compare_exactly_and_uuids_as_uuids(strict: Api, queue: str) -> None:
    post(strict.other_client("Worker-Number-1"), queue, "first")
    post(strict.other_client(uuid.UUID(strict.client_id).hex), queue, "second")
    assert bodies(ok(strict.message_list(queue), 200)["messages"]) == ["first"]
    other_case = strict.other_client("worker-number-1")
    assert bodies(ok(other_case.message_list(queue), 200)["messages"]) == ["first", "second"]


def test_an_empty_project_is_refused(api: Api) -> None:
    for target in ("/v2/", "/v2/queues", "/v2/queues/q"):
        answer = api.call("GET", target, headers={"X-Project-Id": ""})
        refused(answer, 400, "Empty project header not allowed")


def test_the_length_of_a_project_counts_on_routes_with_a_name(api: Api) -> None:
    longest = {"X-Project-Id": "p" * 256}
    ok(api.call("PUT", "/v2/queues/q", headers=longest), 201)
    assert [it["name"] for it in api.call("GET", "/v2/queues", headers=longest).body["queues"]] == [
        "q"
    ]
    ok(api.call("DELETE", "/v2/queues/q", headers=longest), 204)
    too_long = {"X-Project-Id": "p" * 257}
    for suffix in ("", "/stats", "/messages", "/messages/m", "/claims/c"):
        answer = api.call("GET", f"/v2/queues/q{suffix}", headers=too_long)
        refused(answer, 400, "Invalid queue identification")
    for target in ("/v2/", "/v2/queues"):
        ok(api.call("GET", target, headers=too_long), 200)
    ok(api.call("GET", "/v2/ping", headers=too_long), 204)


PROJECTS = ["a b", "A", "a", "../etc", "50%", "a/b?c=d&e", "'; --", "*", "a\\b", "0"]


def test_every_character_is_legal_in_a_project_and_projects_are_apart(api: Api, queue: str) -> None:
    owners = {
        name: Api(api.server, headers={"X-Project-Id": f"{api.project}{name}"}) for name in PROJECTS
    }
    for name, owner in owners.items():
        ok(owner.queue_create(queue, {"owner": name}), 201)
    for name, owner in owners.items():
        assert ok(owner.queue_get(queue), 200)["owner"] == name
        assert len(ok(owner.queue_list(), 200)["queues"]) == 1


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "text/html, application/json;q=0.1",
        "text/html;q=0.9,*/*;q=0.001",
        "application/xml;q=0, application/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ],
)
def test_accept_that_admits_json(api: Api, accept: str | None) -> None:
    ok(api.call("GET", "/v2/queues", headers={"Accept": accept}), 200)
    ok(api.call("GET", "/", headers={"Accept": accept}), 300)


@pytest.mark.parametrize(
    "accept",
    [
        "application/xml",
        "text/*",
        "text/html, image/png",
        "application/json;q=0",
        "application/json;q=0.0, text/html",
        "*/*;q=0",
        "application/json;q=0, */*",
        "application/*;q=0, text/html",
    ],
)
def test_accept_that_does_not(api: Api, accept: str) -> None:
    for method, target in (("GET", "/v2/queues"), ("GET", "/"), ("PUT", "/v2/queues/q")):
        answer = api.call(method, target, headers={"Accept": accept})
        refused(answer, 406, "406 Not Acceptable")


def test_errors_are_json_whatever_accept_says(api: Api) -> None:
    answer = api.call("GET", "/nowhere", headers={"Accept": "text/html"})
    assert answer.body == {"title": "404 Not Found"}


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "APPLICATION/x-WWW-form-URLencoded"],
)
def test_form_bodies_are_refused_on_every_route(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    for method, target in ROUTES:
        answer = api.call(method, target, b"a=b", headers)
        title = title_and_status(method, "Invalid Content-Type")
        assert (answer.status, answer.title) == (400, title), (method, target)


def test_the_form_type_matters_only_with_a_body_and_as_the_whole_value(
    api: Api, queue: str
) -> None:
    form = "application/x-www-form-urlencoded"
    ok(api.call("PUT", f"/v2/queues/{queue}", headers={"Content-Type": form}), 201)
    ok(api.call("PUT", f"/v2/queues/{queue}", b"", {"Content-Type": form}), 204)
    with_charset = {"Content-Type": f"{form}; charset=utf-8"}
    ok(api.call("PUT", f"/v2/queues/{queue}", b"{}", with_charset), 204)


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/xml", "nonsense"])
def test_bodies_are_json_whatever_is_declared(
    api: Api, queue: str, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type}
    ok(api.call("PUT", f"/v2/queues/{queue}", {"a": 1}, headers), 201)
    ok(
        api.call("POST", f"/v2/queues/{queue}/messages", {"messages": [{"body": 1}]}, headers),
        201,
    )
    assert ok(api.queue_get(queue), 200)["a"] == 1


def test_a_request_id_of_the_client_is_never_echoed(api: Api) -> None:
    own = f"req-{uuid.uuid4()}"
    answer = api.call("GET", "/v2/queues", headers={"X-Openstack-Request-Id": own})
    assert answer.headers["x-openstack-request-id"] != own


def test_extra_spec_has_no_effect(api: Api, queue: str) -> None:
    spec = {"EXTRA-SPEC": "zaqar:whatever"}
    ok(api.call("GET", f"/v2/queues/{queue}", headers=spec), 200)
    answer = api.call("GET", f"/v2/queues/{queue}", headers={**spec, "Client-ID": None})
    refused(answer, 400, "Missing header value")
    answer = api.call("GET", f"/v2/queues/{queue}", headers={**spec, "X-Project-Id": None})
    refused(answer, 400, "Project-Id Missing")


@pytest.mark.parametrize("length", ["-1", "abc", "1.5", "+5", "0x10"])
def test_a_content_length_that_is_no_number_is_refused(api: Api, length: str) -> None:
    """The HTTP server may refuse it by itself; no one may take it for a request without body."""
    request = (
        f"PUT /v2/queues/q HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Client-ID: {api.client_id}\r\nX-Project-Id: {api.project}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    status_line = api.door.http.raw(request.encode()).split(b"\r\n")[0]
    assert status_line.split()[1] == b"400"
