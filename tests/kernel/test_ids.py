"""Identifiers (rest-v2.md 1.11)."""

from __future__ import annotations

import uuid

import pytest

from angarium import ids


def test_message_ids_sort_in_creation_order() -> None:
    made = [ids.new_message_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(each).version for each in made} == {7}


def test_claim_ids_are_random() -> None:
    made = {ids.new_claim_id() for _ in range(1000)}
    assert len(made) == 1000
    assert {uuid.UUID(each).version for each in made} == {4}


def test_request_ids_are_marked_and_fresh() -> None:
    first, second = ids.new_request_id(), ids.new_request_id()
    assert first != second
    assert first.startswith("req-")
    assert str(uuid.UUID(first.removeprefix("req-"))) == first.removeprefix("req-")


@pytest.mark.parametrize("make", [ids.new_message_id, ids.new_claim_id])
def test_what_is_issued_is_well_formed_and_fits_into_references(make: object) -> None:
    assert callable(make)
    identifier = make()
    assert ids.is_well_formed(identifier)
    assert not set(identifier) & set("/?&=, \t\r\n")


def test_the_unknown_id_is_well_formed_and_never_issued() -> None:
    assert ids.is_well_formed(ids.UNKNOWN)
    with pytest.raises(ValueError, match="UUID"):
        uuid.UUID(ids.UNKNOWN)


@pytest.mark.parametrize("text", ["", "a/b", "a=b", "a,b", "a b", "a\n", "é", "a" * 65, "\0", "%"])
def test_anything_else_is_malformed(text: str) -> None:
    assert not ids.is_well_formed(text)
