"""The documents are sound: valid, described, and each of their annotations means something."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from angarium.actions import table
from angarium.limits import Limits
from angarium.validation import SchemaLibrary
from angarium.validation.documents import Documents
from angarium.validation.formats import formats
from angarium.validation.verdict import error_class

DOCUMENTS: dict[str, dict[str, Any]] = import_module("angarium.schemas").load()
BY_PATH = pytest.mark.parametrize(("path", "document"), DOCUMENTS.items(), ids=list(DOCUMENTS))

_ERROR_MEMBERS = {"title", "rank", "description"}
_OWN_KEYWORDS = {"x-errors", "x-limits", "x-max-bytes", "x-parameter", "x-when"}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside a document."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


@BY_PATH
def test_it_is_a_json_schema(path: str, document: dict[str, Any]) -> None:
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)


@BY_PATH
def test_it_is_named_and_described(path: str, document: dict[str, Any]) -> None:
    assert document["$id"] == f"angarium:{path}"
    assert document["title"].strip() == document["title"] != ""
    assert document["description"].endswith(".")


@BY_PATH
def test_its_patterns_mean_the_same_in_every_dialect(path: str, document: dict[str, Any]) -> None:
    """Classes by letter differ in their alphabets, and $ before the end in what it matches."""
    for node in nodes(document):
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            assert "\\" not in pattern.replace("\\t\\r\\n", "")
            assert "$" not in pattern[:-1]


@BY_PATH
def test_its_annotations_are_known(path: str, document: dict[str, Any]) -> None:
    for node in nodes(document):
        assert {key for key in node if key.startswith("x-")} <= _OWN_KEYWORDS
        for keyword, notes in node.get("x-errors", {}).items():
            assert set(notes) <= _ERROR_MEMBERS
            assert keyword == "*" or keyword in node
            assert error_class(notes.get("title", "Invalid API request")).status == 400


@BY_PATH
def test_it_holds_the_default_of_every_limit(path: str, document: dict[str, Any]) -> None:
    for node in nodes(document):
        for keyword, name in node.get("x-limits", {}).items():
            assert node[keyword] == getattr(Limits(), name)
        limit = node.get("x-max-bytes", "max_queue_metadata")
        assert isinstance(limit, dict) or hasattr(Limits(), limit)  # or what x-errors says of it
        assert all(hasattr(Limits(), name) for name in node.get("x-when", {}))


@BY_PATH
def test_it_names_only_known_formats(path: str, document: dict[str, Any]) -> None:
    assert {node["format"] for node in nodes(document) if "format" in node} <= set(
        formats(Limits())
    )


@BY_PATH
def test_it_stands_by_itself_when_expanded(path: str, document: dict[str, Any]) -> None:
    expanded = Documents(DOCUMENTS, Limits()).expand(path)
    Draft202012Validator.check_schema(expanded)
    gone = {"$ref", "$defs", "$id", "$schema", "x-limits", "x-when"}
    assert not any(gone & node.keys() for node in nodes(expanded))


def test_every_annotation_of_limits_is_used() -> None:
    """A limit that no schema and no default needs would be a dead option."""
    text = json.dumps(DOCUMENTS)
    for field in dataclasses.fields(Limits):
        if field.name.startswith("max_") and field.name != "max_length_client_id":
            assert f'"{field.name}"' in text, field.name


def test_every_action_has_a_document_in_the_folder_of_its_resource() -> None:
    for action in table.ALL:
        assert f"v2/{action.resource}/{action.name}.json" in DOCUMENTS


def test_every_document_belongs_to_an_action_or_is_shared() -> None:
    names = {action.name for action in table.ALL}
    shared = {
        "v2/common.json",
        "v2/error.json",
        "v2/queues/queue_metadata.json",
        "v2/subscriptions/filter_policy.json",
        "v2/subscriptions/subscription_options.json",
    }
    for path in DOCUMENTS.keys() - shared:
        assert path.rsplit("/", 1)[1].split(".")[0] in names


def test_every_shared_definition_is_used() -> None:
    text = json.dumps(DOCUMENTS)
    for name in DOCUMENTS["v2/common.json"]["$defs"]:
        assert f'#/$defs/{name}"' in text, name


def test_every_request_document_names_the_parameters_of_its_path() -> None:
    documents = Documents(DOCUMENTS, Limits())
    for action in table.ALL:
        schema = documents.expand(f"v2/{action.resource}/{action.name}.json")
        declared = schema.get("properties", {}).get("path", {}).get("properties", {})
        assert [f"{{{name}}}" in action.http.path for name in declared] == [True] * len(declared)
        assert action.http.path.count("{") == len(declared)


def test_every_parameter_is_described() -> None:
    documents = Documents(DOCUMENTS, Limits())
    for action in table.ALL:
        parts = documents.expand(f"v2/{action.resource}/{action.name}.json").get("properties", {})
        for name, part in parts.items():
            if name != "headers":
                for parameter, schema in part.get("properties", {}).items():
                    described = schema.get("description") or schema.get("items")
                    assert described, (action.name, parameter)


def test_what_stands_beside_a_reference_must_not_contradict_it() -> None:
    documents = {
        "a.json": {"$id": "angarium:a.json", "minimum": 1},
        "b.json": {"$id": "angarium:b.json", "$ref": "angarium:a.json", "minimum": 2},
    }
    with pytest.raises(ValueError, match="minimum is both beside"):
        Documents(documents, Limits()).expand("b.json")


def test_unknown_names_are_lookup_errors(library: SchemaLibrary) -> None:
    with pytest.raises(LookupError):
        library.request("queue_explode")
    with pytest.raises(LookupError):
        library.part("v2/queues/nothing.json")
    with pytest.raises(LookupError):
        library.part("v2/common.json#/$defs/nothing")
    assert library.response("queue_delete", 204) is None
