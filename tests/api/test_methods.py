"""Methods, HEAD and OPTIONS (``rest-v2.md`` 1.10 and 18)."""

from __future__ import annotations

import pytest

from tests.api.client import Api
from tests.api.helpers import ok

METHODS = {
    "/": "GET",
    "/v2/": "GET",
    "/v2/ping": "GET, HEAD",
    "/v2/queues": "GET",
    "/v2/queues/q": "DELETE, GET, PATCH, PUT",
    "/v2/queues/q/stats": "GET",
    "/v2/queues/q/purge": "POST",
    "/v2/queues/q/share": "POST",
    "/v2/queues/q/messages": "DELETE, GET, POST",
    "/v2/queues/q/messages/m": "DELETE, GET",
    "/v2/queues/q/claims": "POST",
    "/v2/queues/q/claims/c": "DELETE, GET, PATCH",
    "/v2/topics": "GET",
    "/v2/topics/t": "DELETE, GET, PATCH, PUT",
    "/v2/topics/t/stats": "GET",
    "/v2/topics/t/purge": "POST",
    "/v2/topics/t/messages": "DELETE, GET, POST",
    "/v2/topics/t/messages/m": "DELETE, GET",
}
VERBS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW", "get"]


@pytest.mark.parametrize(("path", "allowed"), METHODS.items())
def test_other_methods_are_405(api: Api, path: str, allowed: str) -> None:
    for verb in VERBS:
        if verb in allowed.split(", "):
            continue
        answer = api.call(verb, path)
        assert answer.status == 405, verb
        assert answer.headers["allow"] == f"{allowed}, OPTIONS"
        if verb != "HEAD":
            assert answer.body == {"title": "405 Method Not Allowed"}


@pytest.mark.parametrize("path", [path for path in METHODS if path != "/"])
def test_405_needs_valid_headers(api: Api, path: str) -> None:
    answer = api.call("BREW", path, headers={"Client-ID": None})
    assert (answer.status, answer.title) == (400, "Missing header value")


def test_the_version_list_needs_no_headers_for_its_405(api: Api) -> None:
    answer = api.call("POST", "/", headers={"Client-ID": None, "X-Project-Id": None})
    assert answer.status == 405


@pytest.mark.parametrize(("path", "allowed"), METHODS.items())
def test_options_lists_the_methods(api: Api, path: str, allowed: str) -> None:
    answer = api.call("OPTIONS", path)
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/nowhere", {}),
        ("/v2", {}),
        ("/v2/queues", {"Client-ID": None}),
        ("/v2/queues", {"Client-ID": "no-uuid"}),
        ("/v2/queues", {"X-Project-Id": None}),
        ("/v2/queues", {"X-Project-Id": ""}),
        ("/v2/queues", {"Accept": "image/png"}),
        ("/v2/queues", {"URL-Signature": "0" * 64}),
        ("/v2/queues/in%40voice", {}),
        ("/v2/queues/q", {"X-Project-Id": "p" * 257}),
        ("/v2/health", {}),
    ],
)
def test_options_never_fails(api: Api, path: str, headers: dict[str, str | None]) -> None:
    answer = api.call("OPTIONS", path, headers=headers)
    assert (answer.status, answer.raw) == (200, b"")
    assert "allow" not in answer.headers


def test_head_is_no_alias_of_get(api: Api, queue: str) -> None:
    for target in ("/", "/v2/", "/v2/queues", f"/v2/queues/{queue}"):
        assert api.call("HEAD", target).status == 405
    answer = api.ping_process()
    assert (answer.status, answer.raw) == (204, b"")


def test_options_has_no_policy_rule(features: Api) -> None:
    answer = features.call("OPTIONS", "/v2/health")
    assert ok(answer, 200) is None
    assert answer.headers["allow"] == "GET"
