"""Nothing leaks between scopes (storage-semantics.md 1 to 3)."""

from __future__ import annotations

from typing import Final

import pytest

from angarium.errors import ClaimDoesNotExist, ClaimNotFound, MessageIsClaimed
from angarium.storage.driver import DataDriver
from angarium.storage.models import Kind
from angarium.testing.comparing import plain
from angarium.testing.data.base import DataCases
from angarium.testing.queues import Queue, at_epoch, new_project, new_queue, sibling

ODD_PROJECTS: Final = {
    "trailing-blank": "{} ",
    "leading-blank": " {}",
    "tab": "{}\t",
    "line-break": "{}\n",
    "nul": "{}\x00",
    "quote": "{}'",
    "double-quote": '{}"',
    "backslash": "{}\\",
    "percent": "{}%",
    "underscore": "{}_",
    "slash": "{}/",
    "colon": "{}:",
    "dot": "{}.",
    "upper-case": "X{}",
    "emoji": "{}🐈",
    "composed": "{}\u00e9",
    "decomposed": "{}e\u0301",
    "sharp-s": "{}\u00df",
    "dotless-i": "{}\u0131",
    "full-width": "{}\uff41",
    "zero-width": "{}\u200b",
    "long": "{}" + "x" * 224,
    "long-emoji": "{}" + "🐈" * 224,
}
"""Patterns of project ids that a careless store mixes up with others; up to 256 characters."""

LOOK_ALIKES: Final = {
    "trailing-blank": "{}",
    "nul": "{}",
    "upper-case": "x{}",
    "composed": "{}e\u0301",
    "sharp-s": "{}ss",
    "dotless-i": "{}i",
    "full-width": "{}a",
    "zero-width": "{}",
    "long": "{}" + "x" * 223 + "y",
    "long-emoji": "{}" + "🐈" * 223 + "🐉",
}

SPLITS: Final = [
    (("{}.a", "b"), ("{}", "a.b")),
    (("{}:a", "b"), ("{}", "b")),
    (("{}/a", "b"), ("{}", "b")),
    (("{}", "a"), ("{}a", "a")),
    (("{}1", "1"), ("{}", "11")),
]
"""Pairs of project and name that are one text if they are joined carelessly."""


def check_apart(one: Queue, other: Queue) -> None:
    """Whatever happens in one queue does not show in the other.

    :raises AssertionError: it does.
    """
    (mine,) = one.post("A")
    assert other.everything() == []
    (theirs,) = other.post("B")
    assert (one.everything(), other.everything()) == (["A"], ["B"])
    assert one.claim().names == ["A"]
    assert other.counts() == (1, 0, 1)
    other.delete(mine)
    other.delete_all([mine])
    assert one.get(theirs) == ()
    one.purge()
    assert (one.everything(), other.everything()) == ([], ["B"])
    one.driver.unregister(at_epoch(one, one.ref.epoch + 1).ref)
    assert other.everything() == ["B"]


class IsolationCases(DataCases):
    """Cases about what must not show elsewhere."""

    def test_scenario_10_dots_in_names(self, driver: DataDriver) -> None:
        """Queues "a.b" and "a" of one project know nothing of each other."""
        project = new_project()
        dotted = new_queue(driver, "a.b", project=project)
        plain = new_queue(driver, "a", project=project)
        check_apart(dotted, plain)

    @pytest.mark.parametrize("name", ["A", "a.", ".a", "a-", "a_", "a" * 64, "0", "-"])
    def test_names_that_look_alike(self, driver: DataDriver, name: str) -> None:
        """Names compare byte by byte."""
        project = new_project()
        check_apart(
            new_queue(driver, name, project=project), new_queue(driver, "a", project=project)
        )

    @pytest.mark.parametrize("odd", ODD_PROJECTS)
    def test_odd_projects(self, driver: DataDriver, odd: str) -> None:
        """A project id is any text of up to 256 characters, compared byte by byte."""
        core = new_project()
        project = ODD_PROJECTS[odd].format(core)
        assert len(project) <= 256
        alike = LOOK_ALIKES.get(odd, "{}").format(core)
        check_apart(new_queue(driver, project=project), new_queue(driver, project=alike))

    @pytest.mark.parametrize(("left", "right"), SPLITS)
    def test_project_and_name_are_not_joined(
        self, driver: DataDriver, left: tuple[str, str], right: tuple[str, str]
    ) -> None:
        """No separator can be forged."""
        core = new_project()
        one, other = (
            new_queue(driver, name, project=pattern.format(core)) for pattern, name in (left, right)
        )
        check_apart(one, other)

    def test_queue_and_topic_of_one_name(self, driver: DataDriver) -> None:
        """The two name spaces share nothing."""
        project = new_project()
        queue = new_queue(driver, "a", project=project)
        topic = new_queue(driver, "a", project=project, kind=Kind.TOPIC)
        check_apart(queue, topic)

    @pytest.mark.parametrize("where", ["another project", "another queue"])
    def test_scenario_11_foreign_ids_are_absent(self, queue: Queue, where: str) -> None:
        """Whoever has learnt ids of a queue can do nothing with them elsewhere."""
        if where == "another queue":
            other = sibling(queue, "other")
        else:
            other = new_queue(queue.driver, queue.ref.scope.name)
        free, held = queue.post("A", "B")
        claimed = queue.claim(1)
        before = plain((queue.get(free, held), claimed.read(), queue.stats()))
        (own,) = other.post("X")
        assert other.get(free, held) == ()
        other.delete(free)
        other.delete(held, claimed.id)
        other.delete_all([free, held])
        other.delete_all([free, held], [claimed.id])
        with pytest.raises(ClaimNotFound):
            other.get_claim(claimed.id)
        with pytest.raises(ClaimNotFound):
            other.renew(claimed.id)
        other.release(claimed.id)
        assert other.claim().names == ["X"]
        with pytest.raises(ClaimDoesNotExist):
            other.delete(own, claimed.id)
        assert plain((queue.get(free, held), claimed.read(), queue.stats())) == before
        with pytest.raises(MessageIsClaimed):
            queue.delete(claimed.ids[0])
