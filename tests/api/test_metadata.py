"""Metadata patches (``rest-v2.md`` 5.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.client import PATCH_TYPE, UNSET, Api
from tests.api.helpers import defaults, exists, ok, post, refused
from tests.api.kinds import mirrored
from tests.api.test_queues import RESERVED

Operation = dict[str, Any]


def add(key: str, value: Any) -> Operation:
    return {"op": "add", "path": f"/metadata/{key}", "value": value}


def replace(key: str, value: Any) -> Operation:
    return {"op": "replace", "path": f"/metadata/{key}", "value": value}


def remove(key: str) -> Operation:
    return {"op": "remove", "path": f"/metadata/{key}"}


def stored(api: Api, queue: str) -> dict[str, Any]:
    """The metadata beside what is shown when unset."""
    shown: dict[str, Any] = ok(api.queue_get(queue), 200)
    unset = defaults(api)
    return {key: value for key, value in shown.items() if unset.get(key, UNSET) != value}


TABLE: list[tuple[dict[str, Any], list[Operation], dict[str, Any]]] = [
    ({"a": 1}, [], {"a": 1}),
    ({}, [add("a", 1)], {"a": 1}),
    ({"a": 1}, [add("a", 2)], {"a": 2}),
    ({"a": 1}, [replace("a", {"b": []})], {"a": {"b": []}}),
    ({"a": 1, "b": 2}, [remove("a")], {"b": 2}),
    ({"a": 1}, [{**remove("a"), "value": "ignored"}], {}),
    ({"a": 1}, [replace("a", None)], {"a": None}),
    ({}, [add("_max_claim_count", 5)], {"_max_claim_count": 5}),
    ({}, [replace("_default_message_ttl", 61)], {"_default_message_ttl": 61}),
    ({}, [remove("_default_message_ttl")], {}),
    ({}, [remove("_default_message_delay"), remove("_default_message_delay")], {}),
    ({"_max_claim_count": 5}, [remove("_max_claim_count")], {}),
    ({"_default_message_ttl": 60}, [replace("_default_message_ttl", None)], {}),
    ({}, [add("a", 1), replace("a", 2), add("b", 3), remove("a")], {"b": 3}),
    ({}, [add("a~1b", 1), add("c~0d", 2), add("~01", 3)], {"a/b": 1, "c~d": 2, "~1": 3}),
    ({}, [add("a.b", 1), add("$set", 2), add("é", 3)], {"a.b": 1, "$set": 2, "é": 3}),
    ({}, [{"op": "add", "path": "/MetaData/a", "value": 1}], {"a": 1}),
    ({}, [{"op": "add", "path": "/ metadata / a b ", "value": 1}], {"a b": 1}),
    ({}, [{**add("a", 1), "from": "/x", "other": 5}], {"a": 1}),
    ({}, [add("_other", 1), add("Metadata", 2)], {"_other": 1, "Metadata": 2}),
    ({}, [add("_max_claim_count", -1), replace("_max_claim_count", 3)], {"_max_claim_count": 3}),
    ({}, [add("_retry_policy", {"maximum_delay": 60})], {"_retry_policy": {"maximum_delay": 60}}),
]


@mirrored
@pytest.mark.parametrize(("before", "operations", "after"), TABLE)
def test_patches(
    api: Api,
    queue: str,
    before: dict[str, Any],
    operations: list[Operation],
    after: dict[str, Any],
) -> None:
    ok(api.queue_create(queue, before), 201)
    assert ok(api.queue_update(queue, operations), 200) == {**defaults(api), **after}
    assert ok(api.queue_get(queue), 200) == {**defaults(api), **after}


@pytest.mark.parametrize(
    "key",
    [
        "_dead_letter_queue",
        "_dead_letter_queue_messages_ttl",
        "_max_claim_count",
        "_enable_encrypt_messages",
    ],
)
def test_keys_that_only_queues_show(api: Api, queue: str, key: str) -> None:
    """There they count as present; of a topic they are keys like others."""
    topics = api.of("topic")
    for client in (api, topics):
        ok(client.queue_create(queue), 201)
    for operation in (replace(key, None), remove(key)):
        assert ok(api.queue_update(queue, [operation]), 200) == defaults(api)
        ok(api.queue_update(queue, [remove(key)]), 200)
        refused(topics.queue_update(queue, [operation]), 409, "Resource conflict")
    ok(topics.queue_update(queue, [add(key, None), replace(key, None), remove(key)]), 200)
    assert ok(topics.queue_get(queue), 200) == defaults(topics)


CONFLICTS: list[list[Operation]] = [
    [replace("missing", 1)],
    [remove("missing")],
    [replace("_flavor", None)],
    [remove("_flavor")],
    [replace("_retry_policy", {})],
    [remove("_retry_policy")],
    [replace("A", 1)],
    [add("b", 2), remove("a"), replace("a", 3)],
    [add("b", 2), remove("b"), remove("b")],
    [replace("_unknown", 1)],
]


@mirrored
@pytest.mark.parametrize("operations", CONFLICTS)
def test_conflicts_change_nothing(api: Api, queue: str, operations: list[Operation]) -> None:
    ok(api.queue_create(queue, {"a": 1}), 201)
    refused(api.queue_update(queue, operations), 409, "Resource conflict")
    assert ok(api.queue_get(queue), 200) == {**defaults(api), "a": 1}


MALFORMED: list[Any] = [
    {},
    [5],
    [[]],
    ["add"],
    [None],
    [{}],
    [{"op": "add", "value": 1}],
    [{"path": "/metadata/a", "value": 1}],
    [{"op": "add", "path": "/metadata/a"}],
    [{"op": "replace", "path": "/metadata/a"}],
    [{"op": "Add", "path": "/metadata/a", "value": 1}],
    [{"op": "test", "path": "/metadata/a", "value": 1}],
    [{"op": "move", "path": "/metadata/a", "from": "/metadata/b"}],
    [{"op": None, "path": "/metadata/a", "value": 1}],
    [{"op": ["add"], "path": "/metadata/a", "value": 1}],
    [{"op": "add", "path": None, "value": 1}],
    [{"op": "add", "path": 5, "value": 1}],
    [{"op": "add", "path": ["metadata", "a"], "value": 1}],
    [{"op": "add", "path": {"metadata": "a"}, "value": 1}],
    [{"op": "add", "path": "", "value": 1}],
    [{"op": "add", "path": "/", "value": 1}],
    [{"op": "add", "path": "metadata/a", "value": 1}],
    [{"op": "add", "path": "/metadata", "value": 1}],
    [{"op": "add", "path": "/metadata/", "value": 1}],
    [{"op": "add", "path": "/metadata/a/", "value": 1}],
    [{"op": "add", "path": "/metadata//a", "value": 1}],
    [{"op": "add", "path": "//metadata/a", "value": 1}],
    [{"op": "add", "path": "/metadata/a/b", "value": 1}],
    [{"op": "add", "path": "/other/a", "value": 1}],
    [{"op": "add", "path": "/metadata/a~", "value": 1}],
    [{"op": "add", "path": "/metadata/a~2", "value": 1}],
    [add("good", 1), {"op": "add", "path": "/metadata/a~2b", "value": 1}],
]


@mirrored
@pytest.mark.parametrize("operations", MALFORMED)
def test_malformed_patches_change_nothing(api: Api, queue: str, operations: Any) -> None:
    ok(api.queue_create(queue, {"a": 1}), 201)
    refused(api.queue_update(queue, operations), 400, "Invalid request body")
    assert ok(api.queue_get(queue), 200) == {**defaults(api), "a": 1}


@mirrored
@pytest.mark.parametrize("key", RESERVED)
def test_the_result_is_validated(api: Api, queue: str, key: str) -> None:
    good, bad = RESERVED[key]
    ok(api.queue_create(queue, {"a": 1}), 201)
    for value in bad:
        answer = refused(api.queue_update(queue, [add(key, value)]), 400, "Invalid request body")
        assert key in answer.description
    assert stored(api, queue) == {"a": 1}
    for value in good:
        ok(api.queue_update(queue, [add(key, value)]), 200)


@mirrored
def test_a_patch_cannot_make_a_queue_its_own_dead_letter_queue(api: Api, queue: str) -> None:
    ok(api.queue_create(queue), 201)
    answer = api.queue_update(queue, [add("_dead_letter_queue", queue)])
    refused(answer, 400, "Invalid request body")


@mirrored
def test_the_queue_must_exist_and_is_not_created(api: Api, queue: str) -> None:
    for operations in ([], [add("a", 1)], [remove("missing")]):
        refused(api.queue_update(queue, operations), 404, "Not found")
    assert not exists(api, queue)


@mirrored
@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "application/json",
        "application/json-patch+json",
        f"{PATCH_TYPE}; charset=utf-8",
        PATCH_TYPE.upper(),
        "application/openstack-messaging-v2.0-json-patch2",
        "application/openstack-messaging-v2-json-patch",
        "*/*",
    ],
)
def test_one_exact_media_type(api: Api, queue: str, media_type: str | None) -> None:
    ok(api.queue_create(queue), 201)
    headers = {"Content-Type": media_type}
    answer = api.call("PATCH", api.path(queue), [add("a", 1)], headers)
    refused(answer, 415, "415 Unsupported Media Type")
    assert PATCH_TYPE in answer.description
    assert stored(api, queue) == {}


@mirrored
def test_the_result_must_fit_the_limit(api: Api, queue: str) -> None:
    """Two patches that are small enough make metadata that is not."""
    ok(api.queue_create(queue), 201)
    ok(api.queue_update(queue, [add("a", "x" * 40000)]), 200)
    answer = api.queue_update(queue, [add("b", "x" * 40000)])
    refused(answer, 400, "Invalid request body")
    assert set(stored(api, queue)) == {"a"}
    ok(api.queue_update(queue, [remove("a"), add("b", "x" * 40000)]), 200)
    assert set(stored(api, queue)) == {"b"}


@mirrored
def test_a_metadata_document_may_be_as_large_as_the_limit(api: Api, queue: str) -> None:
    frame = len(json.dumps({"a": ""}, separators=(",", ":")))
    text = "x" * (65536 - frame)
    body = json.dumps({"a": text}, separators=(",", ":")).encode()
    assert len(body) == 65536
    ok(api.queue_create(queue, body), 201)
    assert ok(api.queue_get(queue), 200)["a"] == text
    refused(api.queue_create(queue, body + b" "), 400, "Invalid API request")


@mirrored
def test_a_patch_takes_effect_at_once(api: Api, queue: str) -> None:
    ok(api.queue_create(queue), 201)
    post(api, queue, "first")
    ok(api.queue_update(queue, [add("_default_message_ttl", 77)]), 200)
    post(api, queue, "second")
    ok(api.queue_update(queue, [remove("_default_message_ttl")]), 200)
    post(api, queue, "third")
    listed = ok(api.message_list(queue, echo="true"), 200)["messages"]
    assert [message["ttl"] for message in listed] == [3600, 77, 3600]


@mirrored
def test_the_way_of_the_python_client_to_set_metadata(api: Api, queue: str) -> None:
    """GET, then ``replace`` what is there, ``add`` what is not or is null, ``remove`` the rest."""
    ok(api.queue_create(queue, {"old": 1, "kept": 2}), 201)
    current = ok(api.queue_get(queue), 200)
    wanted = {"kept": 3, "new": [4], "_max_claim_count": 5}
    operations = [
        replace(key, value) if current.get(key) is not None else add(key, value)
        for key, value in wanted.items()
    ]
    operations += [remove(key) for key in current if key not in wanted]
    assert ok(api.queue_update(queue, operations), 200) == {**defaults(api), **wanted}
