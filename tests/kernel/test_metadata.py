"""Queue metadata and its patch language (rest-v2.md 5.0 and 5.4, notifications.md 7.2)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.actions import metadata
from angarium.actions.metadata import PatchOperation
from angarium.errors import Conflict, InvalidBody, InvalidRequest
from angarium.limits import Limits
from angarium.storage.settings import QueueSettings
from angarium.validation import SchemaLibrary

LIMITS = Limits()
SCHEMAS = SchemaLibrary(LIMITS)
SHOWN = metadata.display_defaults(LIMITS)
STORED = {"team": "billing", "priority": 2, "_default_message_ttl": 900, "nothing": None}

WRONG_TYPES: tuple[Any, ...] = ([], {}, 1.0, 300.0, "", "\n")
OUT_OF_RANGE: tuple[Any, ...] = (False, -1, "60", 2**63)

Document = dict[str, Any]


def patched(stored: Document, *operations: Document) -> Document:
    return metadata.apply_patch(stored, metadata.parse_patch(operations), SHOWN)


def step(verb: str, path: str, *value: Any) -> Document:
    return {"op": verb, "path": path, **({"value": value[0]} if value else {})}


# --- The language -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([], STORED),
        ([step("add", "/metadata/new", 1)], {**STORED, "new": 1}),
        ([step("add", "/metadata/team", {"a": []})], {**STORED, "team": {"a": []}}),
        ([step("add", "/metadata/new", None)], {**STORED, "new": None}),
        ([step("add", "/metadata/_max_claim_count", 3)], {**STORED, "_max_claim_count": 3}),
        ([step("replace", "/metadata/team", "x")], {**STORED, "team": "x"}),
        ([step("replace", "/metadata/nothing", 1)], {**STORED, "nothing": 1}),
        ([step("replace", "/metadata/_max_claim_count", 3)], {**STORED, "_max_claim_count": 3}),
        (
            [step("remove", "/metadata/team")],
            {key: value for key, value in STORED.items() if key != "team"},
        ),
        (
            [step("remove", "/metadata/team", "a value counts for nothing here")],
            {key: value for key, value in STORED.items() if key != "team"},
        ),
        ([step("remove", "/metadata/_max_claim_count")], STORED),
        ([step("remove", "/metadata/_enable_encrypt_messages")], STORED),
        (
            [step("add", "/metadata/a", 1), step("replace", "/metadata/a", 2)],
            {**STORED, "a": 2},
        ),
        ([step("add", "/metadata/a", 1), step("remove", "/metadata/a")], STORED),
        (
            [step("remove", "/metadata/team"), step("add", "/metadata/team", "again")],
            {**STORED, "team": "again"},
        ),
    ],
)
def test_operations_apply_in_order(operations: list[Document], result: Document) -> None:
    before = dict(STORED)
    assert patched(STORED, *operations) == result
    assert before == STORED


@pytest.mark.parametrize(
    "operations",
    [
        [step("replace", "/metadata/absent", 1)],
        [step("remove", "/metadata/absent")],
        [step("replace", "/metadata/_flavor", "gold")],
        [step("remove", "/metadata/_flavor")],
        [step("replace", "/metadata/_retry_policy", {})],
        [step("remove", "/metadata/_retry_policy")],
        [step("remove", "/metadata/Team")],
        [step("remove", "/metadata/team"), step("replace", "/metadata/team", 1)],
    ],
)
def test_what_is_not_there_can_be_neither_replaced_nor_removed(operations: list[Document]) -> None:
    with pytest.raises(Conflict, match=operations[-1]["path"].rpartition("/")[2]):
        patched(STORED, *operations)


@pytest.mark.parametrize("key", list(SHOWN))
def test_what_is_shown_by_default_counts_as_present(key: str) -> None:
    assert patched({}, step("replace", f"/metadata/{key}", None)) == {key: None}
    assert patched({}, step("remove", f"/metadata/{key}")) == {}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/metadata/team", "team"),
        ("/Metadata/team", "team"),
        ("/METADATA/team", "team"),
        (" /metadata/team", "team"),
        ("/ metadata / team ", "team"),
        ("/metadata/a~1b", "a/b"),
        ("/metadata/a~0b", "a~b"),
        ("/metadata/~01", "~1"),
        ("/metadata/~1~0~1", "/~/"),
        ("/metadata/a.b $c", "a.b $c"),
        ("/metadata/ключ", "ключ"),
        ("/metadata/a b", "a b"),
    ],
)
def test_paths_that_name_a_key(path: str, key: str) -> None:
    assert metadata.parse_patch([step("add", path, 1)]) == (PatchOperation("add", key, 1),)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "///",
        "metadata",
        "/metadata",
        "/metadata/",
        "/metadata/ ",
        "metadata/team",
        "x/metadata/team",
        "/metadata/team/",
        "//metadata/team",
        "/metadata//team",
        "/metadata/team/more",
        "/data/team",
        "/metadata2/team",
        "/team/metadata",
        "/metadata/a~",
        "/metadata/a~2b",
        "/metadata/~~0",
        "/metadata/~ 1",
    ],
)
def test_malformed_paths(path: str) -> None:
    with pytest.raises(InvalidBody, match=r"\[1\]\.path"):
        metadata.parse_patch([step("add", "/metadata/fine", 1), step("add", path, 1)])


# --- Values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"any": "thing", "_underscored": [1, {"a": None}], "": 0, "a.b": 1.5},
        dict.fromkeys(SHOWN),
        {"_flavor": None, "_retry_policy": None},
        {"_max_messages_post_size": 1},
        {"_max_messages_post_size": 262144},
        {"_default_message_ttl": 60},
        {"_default_message_ttl": 1209600},
        {"_default_message_delay": 0},
        {"_default_message_delay": 900},
        {"_dead_letter_queue": "a" * 64, "_dead_letter_queue_messages_ttl": 60},
        {"_max_claim_count": 0},
        {"_max_claim_count": 2**63 - 1},
        {"_enable_encrypt_messages": False},
        {"_retry_policy": {}},
        {"_retry_policy": {"unknown": "ignored"}},
        {"_retry_policy": {"maximum_delay": 15}},
        {"_retry_policy": {"minimum_delay": 0, "maximum_delay": 10}},
        {"_retry_policy": {"retry_backoff_function": "geometric", "minimum_delay": 1}},
        {"_retry_policy": {"minimum_delay": None, "maximum_delay": None}},
        {"_retry_policy": {"ignore_subscription_override": True, "retries_with_no_delay": 0}},
    ],
)
def test_metadata_that_is_accepted(document: Document) -> None:
    metadata.check(document, "plums", SCHEMAS, InvalidRequest)


@pytest.mark.parametrize(
    "document",
    [
        *({key: wrong} for key in SHOWN for wrong in WRONG_TYPES),
        *({key: True} for key in SHOWN),
        *(
            {key: wrong}
            for key in SHOWN
            if key not in ("_dead_letter_queue", "_enable_encrypt_messages")
            for wrong in OUT_OF_RANGE
            if not (key == "_max_claim_count" and wrong == 2**63)
        ),
        {"_max_messages_post_size": 0},
        {"_max_messages_post_size": 262145},
        {"_default_message_ttl": 0},
        {"_default_message_ttl": 59},
        {"_default_message_ttl": 1209601},
        {"_default_message_delay": 901},
        {"_dead_letter_queue": "plums"},
        {"_dead_letter_queue": "a" * 65},
        {"_dead_letter_queue": "a/b"},
        {"_dead_letter_queue": "prunes\n"},
        {"_dead_letter_queue": 0},
        {"_dead_letter_queue_messages_ttl": 59},
        {"_dead_letter_queue_messages_ttl": 1209601},
        {"_enable_encrypt_messages": 0},
        {"_enable_encrypt_messages": "false"},
        {"_flavor": 1},
        {"_flavor": False},
        {"_retry_policy": []},
        {"_retry_policy": "linear"},
        {"_retry_policy": False},
        {"_retry_policy": {"retries_with_no_delay": -1}},
        {"_retry_policy": {"minimum_delay_retries": 1.0}},
        {"_retry_policy": {"minimum_delay": "5"}},
        {"_retry_policy": {"maximum_delay": True}},
        {"_retry_policy": {"maximum_delay": 12}},
        {"_retry_policy": {"minimum_delay": 21}},
        {"_retry_policy": {"retry_backoff_function": "quadratic"}},
        {"_retry_policy": {"retry_backoff_function": "exponential", "minimum_delay": 0}},
        {"_retry_policy": {"ignore_subscription_override": 1}},
    ],
)
@pytest.mark.parametrize("error", [InvalidRequest, InvalidBody])
def test_metadata_that_is_refused(
    document: Document, error: type[InvalidRequest | InvalidBody]
) -> None:
    with pytest.raises(error, match=next(iter(document))):
        metadata.check(document, "plums", SCHEMAS, error)


def test_the_result_of_a_patch_has_a_size() -> None:
    limits = Limits(max_queue_metadata=40)
    metadata.check_size({"key": "x" * 30}, limits)
    with pytest.raises(InvalidBody, match="40 bytes"):
        metadata.check_size({"key": "x" * 31}, limits)


# --- What is shown, and what counts -------------------------------------------------------------


def test_falsy_reserved_keys_are_shown_as_the_default() -> None:
    stored = {"_default_message_ttl": 0, "_dead_letter_queue": "", "zero": 0, "_flavor": ""}
    shown = metadata.with_defaults(stored, SHOWN)
    assert shown == {**SHOWN, "zero": 0, "_flavor": ""}


def test_stored_values_are_shown_as_they_are() -> None:
    stored = {"_default_message_ttl": 60, "_max_claim_count": 1, "key": None}
    assert metadata.with_defaults(stored, SHOWN) == {**SHOWN, **stored}


@pytest.mark.parametrize("empty", [{}, dict.fromkeys(SHOWN), {"_default_message_delay": 0}])
def test_unset_metadata_means_the_configured_defaults(empty: Document) -> None:
    limits = Limits(default_message_ttl=77, default_message_delay=5, max_messages_post_size=1000)
    settings = QueueSettings.from_metadata(empty, limits)
    assert settings == QueueSettings(max_post_size=1000, message_ttl=77)
    assert not settings.is_delayed


def test_stored_metadata_counts_within_the_limits() -> None:
    limits = Limits(max_messages_post_size=1000)
    settings = QueueSettings.from_metadata(
        {
            "_max_messages_post_size": 5000,
            "_default_message_ttl": 90,
            "_default_message_delay": 3,
        },
        limits,
    )
    assert settings == QueueSettings(max_post_size=1000, message_ttl=90, message_delay=3)
    assert settings.is_delayed
