"""What a record holds, and whose it is (storage-semantics.md 1 and 2)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from angarium.storage.driver import ControlDriver
from angarium.storage.models import Kind, QueueState, Scope
from angarium.testing.control.base import ControlCases
from angarium.testing.data.isolation import LOOK_ALIKES, ODD_PROJECTS, SPLITS
from angarium.testing.queues import new_project

METADATA: Final[dict[str, Any]] = {
    "empty": {},
    "reserved": {"_default_message_ttl": 60, "_dead_letter_queue": "a.b", "_max_claim_count": 3},
    "odd-keys": {"$set": 1, "a.b": {"c.d": [None, True]}, "": "empty", "_id": 1, "a\x00b": 2},
    "texts": {"a": "\x00", "b": "🐈\u200d⬛", "c": "e\u0301", "d": "'\"\\%s", "e": " trailing "},
    "numbers": {"a": 2**63 - 1, "b": -(2**63), "c": 1.5, "d": 1e300, "e": 0, "f": -0.5},
    "types": {"a": 1, "b": True, "c": 1.0, "d": "1", "e": None, "f": [], "g": {}},
    "large": {"a": "x" * 65_000},
    "nested": {"a": [[[[[[[[{"b": [{"c": {}}]}]]]]]]]]},
}


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


class RecordCases(ControlCases):
    """Cases about content and scope."""

    @pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA.keys())
    def test_metadata_comes_back_as_it_was(
        self, driver: ControlDriver, scope: Scope, metadata: dict[str, Any]
    ) -> None:
        """Any JSON map, created or updated, with the types of its values and the order of keys."""
        record = self.published(driver, scope, metadata)
        assert same(dict(record.metadata), metadata)
        read = driver.get_queue(scope)
        assert read is not None
        assert same(dict(read.metadata), metadata)
        other = driver.update_queue(scope, {"other": 1}, record.epoch)
        driver.update_queue(scope, metadata, other.epoch)
        again = driver.get_queue(scope)
        assert again is not None
        assert same(dict(again.metadata), metadata)

    def test_metadata_is_a_copy(self, driver: ControlDriver, scope: Scope) -> None:
        """What the caller does with its map afterwards does not reach the store."""
        metadata: dict[str, Any] = {"a": {"b": 1}}
        self.published(driver, scope, metadata)
        metadata["a"]["b"] = 2
        record = driver.get_queue(scope)
        assert record is not None
        assert record.metadata == {"a": {"b": 1}}

    @pytest.mark.parametrize("name", ["A", "a.", ".a", "a-", "a_", "a" * 64, "0", "a.b"])
    def test_names_that_look_alike(self, driver: ControlDriver, name: str) -> None:
        """Names compare byte by byte."""
        project = new_project()
        self.check_apart(driver, Scope(project, name), Scope(project, "a"))

    @pytest.mark.parametrize("odd", ODD_PROJECTS)
    def test_odd_projects(self, driver: ControlDriver, odd: str) -> None:
        """A project id is any text of up to 256 characters, compared byte by byte."""
        core = new_project()
        alike = LOOK_ALIKES.get(odd, "{}").format(core)
        one = Scope(ODD_PROJECTS[odd].format(core), "orders")
        self.check_apart(driver, one, Scope(alike, "orders"))

    @pytest.mark.parametrize(("left", "right"), SPLITS)
    def test_project_and_name_are_not_joined(
        self, driver: ControlDriver, left: tuple[str, str], right: tuple[str, str]
    ) -> None:
        """No separator can be forged."""
        core = new_project()
        one, other = (Scope(pattern.format(core), name) for pattern, name in (left, right))
        self.check_apart(driver, one, other)

    def test_queue_and_topic_of_one_name(self, driver: ControlDriver) -> None:
        """The two name spaces share nothing."""
        project = new_project()
        queue, topic = Scope(project, "a"), Scope(project, "a", Kind.TOPIC)
        self.check_apart(driver, queue, topic)
        self.published(driver, Scope(project, "b", Kind.TOPIC))
        assert self.listed(driver, project) == []
        assert self.listed(driver, project, kind=Kind.TOPIC) == ["a", "b"]

    def check_apart(self, driver: ControlDriver, one: Scope, other: Scope) -> None:
        """Whatever happens to one record does not show in the other.

        :raises AssertionError: it does.
        """
        mine = self.published(driver, one, {"is": "one"})
        assert driver.get_queue(other) is None
        theirs = self.published(driver, other, {"is": "other"})
        assert (driver.get_queue(one), driver.get_queue(other)) == (mine, theirs)
        driver.publish(driver.update_queue(one, {"is": "new"}, mine.epoch).ref)
        assert driver.get_queue(other) == theirs
        deleting = driver.delete_queue(one)
        assert deleting is not None
        driver.publish(deleting.ref)
        assert driver.get_queue(one) is None
        left = driver.get_queue(other)
        assert left == theirs
        assert left is not None
        assert left.state is QueueState.PUBLISHED
        assert driver.count_queues(other.project, other.kind) == 1
