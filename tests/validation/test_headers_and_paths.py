"""Headers and paths: which problem decides, and what it is called (rest-v2.md 1.2 and 1.3)."""

from __future__ import annotations

import pytest

from angarium.errors import (
    ApiError,
    InvalidQueueIdentification,
    InvalidTopicIdentification,
    MissingHeader,
    ProjectEmpty,
    ProjectMissing,
    WrongClientId,
)
from angarium.validation import SchemaLibrary
from tests.validation.samples import CLIENT_ID, HEADERS, PATHS, REQUESTS

_NAMING = (
    "queue",
    "message",
    "claim",
    "subscription",
    "topic",
    "topic message",
    "topic subscription",
)
NAMED = [action for action, (kind, _) in REQUESTS.items() if kind in _NAMING]
UNNAMED = [action for action in REQUESTS if action not in (*NAMED, "list_versions")]
LONG = "p" * 257


def name_of(action: str) -> tuple[str, type[ApiError]]:
    """The path parameter that names a queue or topic, and the error for a bad one."""
    if action.startswith("topic_"):
        return "topic_name", InvalidTopicIdentification
    return "queue_name", InvalidQueueIdentification


# What is sent as Client-ID and as project (None: nothing), and what decides.
BAD_HEADERS: list[tuple[str | None, str | None, type[ApiError]]] = [
    (None, None, MissingHeader),
    (None, "", MissingHeader),
    (None, LONG, MissingHeader),
    (None, "p", MissingHeader),
    ("", None, WrongClientId),
    ("no-uuid", None, WrongClientId),
    ("no-uuid", "", WrongClientId),
    ("no-uuid", LONG, WrongClientId),
    (f"{CLIENT_ID}\n0", "p", WrongClientId),
    (CLIENT_ID, None, ProjectMissing),
    (CLIENT_ID, "", ProjectEmpty),
]


def headers(client_id: str | None, project: str | None) -> dict[str, str]:
    sent = {"Client-ID": client_id, "X-Project-Id": project}
    return {name: value for name, value in sent.items() if value is not None}


@pytest.mark.parametrize("action", [*NAMED, *UNNAMED])
@pytest.mark.parametrize(("client_id", "project", "error"), BAD_HEADERS)
def test_bad_headers(
    library: SchemaLibrary,
    action: str,
    client_id: str | None,
    project: str | None,
    error: type[ApiError],
) -> None:
    with pytest.raises(ApiError) as caught:
        library.request(action).check_headers(headers(client_id, project))
    assert type(caught.value) is error
    assert ("X-Project-Id" if "Project" in error.__name__ else "Client-ID") in str(caught.value)


@pytest.mark.parametrize("action", NAMED)
def test_a_long_project_where_there_is_a_name(library: SchemaLibrary, action: str) -> None:
    request = library.request(action)
    request.check_headers(headers(CLIENT_ID, LONG[1:]))
    with pytest.raises(name_of(action)[1], match="must have at most 256 characters"):
        request.check_headers(headers(CLIENT_ID, LONG))


@pytest.mark.parametrize("action", UNNAMED)
def test_a_long_project_elsewhere(library: SchemaLibrary, action: str) -> None:
    library.request(action).check_headers(headers(CLIENT_ID, LONG))


@pytest.mark.parametrize("project", [" ", "é", "a b", "\x00", "%2F", "💌" * 256])
def test_every_character_is_legal_in_a_project(library: SchemaLibrary, project: str) -> None:
    library.request("queue_get").check_headers(headers(CLIENT_ID, project))


def test_the_version_list_needs_no_header(library: SchemaLibrary) -> None:
    library.request("list_versions").check_headers({})


def test_other_headers_do_not_matter(library: SchemaLibrary) -> None:
    library.request("queue_get").check_headers({**HEADERS, "X-Other": ""})


@pytest.mark.parametrize("action", NAMED)
@pytest.mark.parametrize("name", ["a", "A-b_c.9", ".", "..", "-", "q" * 64])
def test_good_names(library: SchemaLibrary, action: str, name: str) -> None:
    path = {**PATHS[REQUESTS[action][0]], name_of(action)[0]: name}
    library.request(action).check_path(path)


@pytest.mark.parametrize("action", NAMED)
@pytest.mark.parametrize(
    "name", ["", "q" * 65, "a\n", "\na", "a b", "ä", "a/b", "a@b", "٣", "\ud800"]
)
def test_bad_names(library: SchemaLibrary, action: str, name: str) -> None:
    parameter, error = name_of(action)
    path = {**PATHS[REQUESTS[action][0]], parameter: name}
    with pytest.raises(error) as caught:
        library.request(action).check_path(path)
    assert str(caught.value) == (
        f"{parameter} must have 1 to 64 ASCII letters, digits, underscores, hyphens or dots."
    )


@pytest.mark.parametrize(
    ("action", "parameter"),
    [
        ("message_get", "message_id"),
        ("message_delete", "message_id"),
        ("topic_message_get", "message_id"),
        ("topic_message_delete", "message_id"),
        ("claim_get", "claim_id"),
        ("claim_update", "claim_id"),
        ("claim_delete", "claim_id"),
        ("pool_get", "pool_name"),
        ("pool_delete", "pool_name"),
        ("flavor_get", "flavor_name"),
    ],
)
@pytest.mark.parametrize("value", ["", "?", "a b", "x" * 5000, "é", "\ud800"])
def test_a_malformed_id_is_no_error(
    library: SchemaLibrary, action: str, parameter: str, value: str
) -> None:
    library.request(action).check_path({name_of(action)[0]: "q", parameter: value})
