"""The rules that hold for every response, whatever was asked (``rest-v2.md`` 1.6 and 1.7)."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from jsonschema import Draft202012Validator

from angarium.limits import Limits
from angarium.validation import SchemaLibrary
from tests.api.wire import Answer

TITLES: Final = {
    400: {
        "Invalid API request",
        "Invalid request body",
        "Invalid parameter",
        "Missing header value",
        "Wrong UUID value",
        "Project-Id Missing",
        "Empty project header not allowed",
        "Invalid queue identification",
        "Invalid topic identification",
        "Invalid Content-Type",
        "Invalid header value",
        "Unable to delete",
        "Unable to update subscription",
        "Unable to confirm subscription",
        "Unable to create",
        "updatefail",
        "Unable to create pool",
    },
    403: {"Not authorized", "Unable to delete", "Quota exceeded"},
    404: {"Not found", "404 Not Found"},
    405: {"405 Method Not Allowed"},
    406: {"406 Not Acceptable"},
    409: {"Resource conflict"},
    415: {"415 Unsupported Media Type"},
    503: {"Service temporarily unavailable"},
}
"""Every title that an error of a status may have; a 500 is never right."""

WITHOUT_DESCRIPTION: Final = {"404 Not Found", "405 Method Not Allowed"}

_SCHEMAS: Final = SchemaLibrary(Limits())
_REQUEST_ID: Final = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_seen_request_ids: set[str] = set()


def check(method: str, answer: Answer) -> None:
    """Hold a response to the general rules."""
    _check_headers(method, answer)
    assert answer.status not in (301, 302, 303, 307, 308), "the server never redirects"
    if answer.status >= 400 and method != "HEAD":
        _check_error(answer)
    location = answer.headers.get("location")
    assert location is None or location.startswith("/v2/"), location


def _check_headers(method: str, answer: Answer) -> None:
    headers = answer.headers
    assert "transfer-encoding" not in headers
    if answer.status == 204:
        assert answer.raw == b""
        assert "content-type" not in headers
        assert headers.get("content-length", "0") == "0"
    else:
        is_home = answer.status == 200 and headers.get("cache-control") == "max-age=86400"
        expected = "application/json-home" if is_home else "application/json"
        assert headers.get("content-type") == expected
        assert "content-length" in headers
        if method != "HEAD":
            assert int(headers["content-length"]) == len(answer.raw)
    _check_request_id(method, answer)


def _check_request_id(method: str, answer: Answer) -> None:
    request_id = answer.headers.get("x-openstack-request-id")
    if request_id is None:
        assert method == "OPTIONS", "every response carries a request id"
        return
    assert _REQUEST_ID.fullmatch(request_id), request_id
    assert request_id not in _seen_request_ids, "the request id is not fresh"
    _seen_request_ids.add(request_id)


def _check_error(answer: Answer) -> None:
    assert "accept" in answer.headers.get("vary", "").lower().split(", ")
    if answer.status == 503 and answer.body is None:
        return  # ping
    assert isinstance(answer.body, dict), answer.raw
    assert answer.title in TITLES.get(answer.status, ()), (answer.status, answer.body)
    members = {"title"}
    if answer.title not in WITHOUT_DESCRIPTION:
        members.add("description")
        assert isinstance(answer.body.get("description"), str)
        assert answer.description, "an error says what to do"
    if answer.status == 406:
        members.add("link")
        assert set(answer.body["link"]) == {"text", "href", "rel"}
        assert answer.body["link"]["rel"] == "help"
    assert set(answer.body) == members


def check_schema(action: str, answer: Answer) -> None:
    """Hold the body of an answer to the response schema of its action."""
    if answer.body is not None and answer.status < 400:
        _validator(action, answer.status).validate(answer.body)


@cache
def _validator(action: str, status: int) -> Draft202012Validator:
    schema = _SCHEMAS.response(action, status)
    assert schema is not None, f"{action} has no schema of a response {status}"
    return Draft202012Validator(schema)
