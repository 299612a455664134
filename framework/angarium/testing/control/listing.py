"""Listing, filtering and counting queues (storage-semantics.md 2, rest-v2.md 5.1)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from angarium.storage.driver import ControlDriver
from angarium.storage.models import QueueFilter, QueueState, Scope
from angarium.testing.control.base import ControlCases
from angarium.testing.effort import scaled
from angarium.testing.queues import new_project, numbered

NAMES: Final = ["-", ".", "0", "10", "9", "A", "B", "Z", "_", "a", "a-b", "a.b", "aA", "aa", "b"]
"""In code point order, which is neither that of a dictionary nor that of numbers."""

CATALOGUE: Final[dict[str, dict[str, Any]]] = {
    "a.x": {"colour": "red", "size": 1},
    "a%x": {"colour": "red", "size": True},
    "a_x": {"colour": "green", "size": 1.0},
    "b.x": {"colour": "red", "size": "1"},
    "c": {"size": None, "a.b": 5, "$in": "x"},
    "d": {},
}

FILTERS: Final[dict[str, tuple[QueueFilter, list[str]]]] = {
    "nothing": (QueueFilter(), ["a%x", "a.x", "a_x", "b.x", "c", "d"]),
    "name": (QueueFilter(name_contains="x"), ["a%x", "a.x", "a_x", "b.x"]),
    "literal-dot": (QueueFilter(name_contains=".x"), ["a.x", "b.x"]),
    "literal-percent": (QueueFilter(name_contains="a%"), ["a%x"]),
    "literal-underscore": (QueueFilter(name_contains="a_x"), ["a_x"]),
    "upper-case": (QueueFilter(name_contains="X"), []),
    "nul": (QueueFilter(name_contains="\x00"), []),
    "emoji": (QueueFilter(name_contains="🐈"), []),
    "quote": (QueueFilter(name_contains="' OR 1=1"), []),
    "text": (QueueFilter(metadata={"colour": "red"}), ["a%x", "a.x", "b.x"]),
    "integer": (QueueFilter(metadata={"size": 1}), ["a.x"]),
    "digits": (QueueFilter(metadata={"size": "1"}), ["b.x"]),
    "both": (QueueFilter(metadata={"colour": "red", "size": 1}), ["a.x"]),
    "name-and-metadata": (QueueFilter("b", {"colour": "red"}), ["b.x"]),
    "dotted-key": (QueueFilter(metadata={"a.b": 5}), ["c"]),
    "dollar-key": (QueueFilter(metadata={"$in": "x"}), ["c"]),
    "unknown-key": (QueueFilter(metadata={"unknown": 1}), []),
    "nul-in-value": (QueueFilter(metadata={"colour": "red\x00"}), []),
    "huge": (QueueFilter(metadata={"size": 10**30}), []),
}
"""Filters and what they select of the catalogue. Names with % cannot come from the API."""


class ListingCases(ControlCases):
    """Cases about looking at many queues."""

    def test_names_in_code_point_order(self, driver: ControlDriver) -> None:
        """Whatever order they were created in."""
        project = new_project()
        for name in NAMES[::2] + NAMES[1::2]:
            self.published(driver, Scope(project, name))
        assert sorted(NAMES) == NAMES
        assert self.listed(driver, project) == NAMES

    @pytest.mark.parametrize("marker", ["", "A", "AA", "a", "a.", "b", "zzz", "é", "\x00", "🐈"])
    def test_page_starts_after_the_marker(self, driver: ControlDriver, marker: str) -> None:
        """Strictly, whether or not there is such a queue; any text is a position."""
        project = new_project()
        for name in NAMES:
            self.published(driver, Scope(project, name))
        assert self.listed(driver, project, marker=marker) == [it for it in NAMES if it > marker]

    def test_pages_follow_one_another(self, driver: ControlDriver) -> None:
        """Each queue once; a page is short only at the end."""
        project, wanted = new_project(), sorted(numbered(scaled(53, 503), "q"))
        for name in wanted:
            self.published(driver, Scope(project, name))
        seen: list[str] = []
        while page := self.listed(driver, project, marker=seen[-1] if seen else "", limit=10):
            assert len(page) == min(10, len(wanted) - len(seen))
            seen += page
        assert seen == wanted
        assert driver.count_queues(project, Scope(project, "").kind) == len(wanted)

    @pytest.mark.parametrize("select", FILTERS)
    def test_filter(self, driver: ControlDriver, select: str) -> None:
        """Names contain the literal text; values are equal and of the same type."""
        project = new_project()
        for name, metadata in CATALOGUE.items():
            self.published(driver, Scope(project, name), metadata)
        wanted, names = FILTERS[select]
        assert self.listed(driver, project, select=wanted) == names

    def test_filters_apply_before_the_limit(self, driver: ControlDriver) -> None:
        """A page is full although most queues in between are left out."""
        project, many = new_project(), scaled(120, 2000)
        for number in range(many):
            metadata = {"mine": number} if number % 40 == 39 else {}
            self.published(driver, Scope(project, f"q{number:05}"), metadata)
        wanted = QueueFilter(metadata={"mine": many - 1})
        assert self.listed(driver, project, limit=1, select=wanted) == [f"q{many - 1:05}"]
        wanted = QueueFilter(name_contains="9")
        names = [f"q{number:05}" for number in range(many) if "9" in str(number)]
        assert self.listed(driver, project, limit=5, select=wanted) == names[:5]
        rest = self.listed(driver, project, limit=5, select=wanted, marker=names[4])
        assert rest == names[5:10]

    def test_records_are_complete(self, driver: ControlDriver) -> None:
        """A listing gives the same records as reading one by one; pending ones are listed."""
        project = new_project()
        first = self.published(driver, Scope(project, "a"), {"a": [1, None]})
        second, _ = driver.create_queue(Scope(project, "b"), {}, "")
        assert second.state is QueueState.PENDING
        records = driver.list_queues(
            project, first.scope.kind, marker="", limit=10, select=QueueFilter()
        )
        assert records == [first, second]

    def test_queues_that_are_being_deleted_are_left_out(self, driver: ControlDriver) -> None:
        """They do not shorten a page either, and are not counted."""
        project = new_project()
        for name in numbered(9):
            self.published(driver, Scope(project, name))
        for name in ("0", "1", "5"):
            driver.delete_queue(Scope(project, name))
        assert self.listed(driver, project, limit=4) == ["2", "3", "4", "6"]
        assert driver.count_queues(project, Scope(project, "").kind) == 6

    def test_other_projects_are_not_seen(self, driver: ControlDriver) -> None:
        """A project without queues lists and counts none."""
        self.published(driver)
        project = new_project()
        assert self.listed(driver, project) == []
        assert driver.count_queues(project, Scope(project, "").kind) == 0
