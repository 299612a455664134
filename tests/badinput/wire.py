"""Requests as raw as a server hands them to the application, and the rules for every answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from angarium import errors
from angarium.errors import ApiError

CLIENT_ID: Final = "30387f00-39fc-11ea-81a4-5254006b8ac2"
TITLES: Final = {
    (error.status, error.title): error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, ApiError)
}
_BARE: Final = {"404 Not Found", "405 Method Not Allowed"}
_INTERNALS: Final = ("Traceback", 'File "', "sqlalchemy", "werkzeug", "jsonschema", "<html", "<!")
_LONGEST_DESCRIPTION: Final = 600

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back.

    :ivar headers: by lower-case name.
    :ivar document: the body, None if it is empty.
    """

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def title(self) -> str:
        """Of an error."""
        return str(self.document["title"])

    @property
    def description(self) -> str:
        """Of an error."""
        return str(self.document.get("description", ""))


def send(
    application: Application,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str | bytes] | None = None,
    body: bytes | None = None,
    length: str | None = None,
    chunked: bool = False,
    stream: Any = None,
) -> Answer:
    """Send one request, and hold the answer to the general rules.

    :param path: percent-encoded.
    :param headers: text goes out as UTF-8.
    :param length: the Content-Length, if not that of the body.
    :param stream: where the body is read from, if not from memory.
    """
    environment: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8888",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost:8888",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": stream or io.BytesIO(body or b""),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if chunked:
        environment["HTTP_TRANSFER_ENCODING"] = "chunked"
    elif length is not None or body is not None:
        environment["CONTENT_LENGTH"] = str(len(body or b"")) if length is None else length
    for name, value in (headers or {}).items():
        raw = value if isinstance(value, bytes) else value.encode()
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environment[key] = raw.decode("latin-1")
    return _checked(_run(application, environment), method)


def _run(application: Application, environment: dict[str, Any]) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    chunks = application(environment, lambda status, found, *_: started.append((status, found)))
    raw = b"".join(chunks)
    status, headers = started[0]
    names = {name.lower(): value for name, value in headers}
    return Answer(int(status[:3]), names, json.loads(raw) if raw else None)


def _checked(answer: Answer, method: str) -> Answer:
    """JSON or nothing, no redirect, no failure of the service, an error of the contract."""
    assert answer.status < 500, answer
    assert answer.status not in range(301, 400), answer
    content_type = answer.headers.get("content-type")
    if answer.status == 204:
        assert content_type is None
    else:
        assert content_type in ("application/json", "application/json-home"), answer
    assert answer.headers["x-openstack-request-id"].startswith("req-")
    if answer.status >= 400 and method != "HEAD":
        _check_error(answer)
    return answer


def _check_error(answer: Answer) -> None:
    assert isinstance(answer.document, dict), answer
    assert (answer.status, answer.title) in TITLES, answer
    members = {"title"} if answer.title in _BARE else {"title", "description"}
    if answer.status == 406:
        members |= {"link"}
    assert set(answer.document) == members, answer
    assert len(answer.description) <= _LONGEST_DESCRIPTION, answer
    assert not [text for text in _INTERNALS if text in answer.description], answer
