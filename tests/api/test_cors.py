"""Cross-origin requests (``rest-v2.md`` 1.10)."""

from __future__ import annotations

import pytest

from tests.api.client import Api
from tests.api.conftest import ORIGIN
from tests.api.helpers import ok
from tests.api.wire import Answer


def cors_headers(answer: Answer) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in answer.headers.items()
        if name.startswith(prefix)
    }


def tokens(text: str) -> set[str]:
    return {token.strip().lower() for token in text.split(",")}


def preflight(api: Api, method: str | None, headers: str | None, origin: str = ORIGIN) -> Answer:
    asked = {
        "Client-ID": None,
        "X-Project-Id": None,
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    answer = api.call("OPTIONS", "/v2/queues", headers=asked)
    assert (answer.status, answer.raw) == (200, b"")
    return answer


def test_it_does_nothing_until_an_origin_is_allowed(api: Api) -> None:
    answer = api.call("GET", "/v2/queues", headers={"Origin": ORIGIN})
    assert ok(answer, 200)
    assert cors_headers(answer) == {}
    assert cors_headers(preflight(api, "GET", None)) == {}


@pytest.mark.parametrize("target", ["/", "/v2/", "/v2/queues", "/nowhere", "/v2/queues/a%20b"])
def test_answers_to_an_allowed_origin(features: Api, target: str) -> None:
    """Errors too, or a page could not read what is wrong."""
    answer = features.call("GET", target, headers={"Origin": ORIGIN})
    found = cors_headers(answer)
    assert found["allow-origin"] == ORIGIN
    assert found["allow-credentials"] == "true"
    assert tokens(found["expose-headers"]) >= {"x-openstack-request-id", "x-auth-token"}
    assert "origin" in tokens(answer.headers["vary"])
    assert ("accept" in tokens(answer.headers["vary"])) == (answer.status >= 400)


@pytest.mark.parametrize("origin", [None, "https://evil.example", f"{ORIGIN}.evil", "null", "*"])
def test_answers_to_another_origin(features: Api, origin: str | None) -> None:
    answer = features.call("GET", "/v2/queues", headers={"Origin": origin})
    assert ok(answer, 200)
    assert cors_headers(answer) == {}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", None),
        ("PUT", ""),
        ("PATCH", "Client-ID"),
        ("DELETE", "X-Auth-Token, client-id"),
        ("POST", "content-type,accept,X-User-Id"),
    ],
)
def test_a_permitted_preflight(features: Api, method: str, headers: str | None) -> None:
    found = cors_headers(preflight(features, method, headers))
    assert found["allow-origin"] == ORIGIN
    assert found["allow-credentials"] == "true"
    assert found["max-age"] == "600"
    assert found["allow-methods"] == method
    assert tokens(found.get("allow-headers", "")) == tokens(headers or "")


@pytest.mark.parametrize(
    ("method", "headers", "origin"),
    [
        ("GET", None, "https://evil.example"),
        (None, None, ORIGIN),
        ("TRACE", None, ORIGIN),
        ("GET", "X-Secret", ORIGIN),
        ("GET", "Client-ID, X-Secret", ORIGIN),
    ],
)
def test_a_preflight_that_is_not_permitted(
    features: Api, method: str | None, headers: str | None, origin: str
) -> None:
    assert cors_headers(preflight(features, method, headers, origin)) == {}
