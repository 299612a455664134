"""The way from an action to a store: work that is repeated, pages that are continued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from angarium.errors import InvalidRequest, StoreUnreachable
from angarium.kernel import Kernel
from angarium.storage import store as store_module
from angarium.storage.models import Page, QueueState
from angarium.storage.operations import ListMessages
from angarium.storage.pipeline import PIPELINES, Answer, Call, Filter, Pipeline
from angarium.storage.signals import Again, StalePlan
from angarium.storage.store import Store
from tests.kernel.faults import Fails, hooked_store, with_hook
from tests.kernel.installation import CONTEXT, Installation
from tests.kernel.queues import SCOPE, Queue


def one_by_one(kernel: Kernel) -> Store:
    """A store whose driver stops after each message that it has looked at."""
    store = hooked_store(kernel, lambda name, call: call())
    driver = kernel.services.data

    class OneByOne:
        def __getattr__(self, name: str) -> Any:
            return getattr(driver, name)

        def list_messages(self, queue: Any, operation: ListMessages) -> Page:
            """The next message of all, shown only if it is one of those asked for."""
            everything = replace(
                operation,
                limit=1,
                exclude_client=None,
                include_claimed=True,
                include_delayed=True,
            )
            looked_at = driver.list_messages(queue, everything)
            if not looked_at.messages:
                return Page((), None)
            shown = driver.list_messages(queue, replace(operation, limit=1))
            is_shown = shown.messages[:1] == looked_at.messages
            messages = looked_at.messages if is_shown else ()
            return Page(messages, looked_at.marker, complete=len(messages) == operation.limit)

    store.catalogue._data = OneByOne()  # type: ignore[assignment] # has all of a driver
    return store


@pytest.mark.parametrize("times", [1, 5, 300])
def test_an_operation_that_asks_for_it_is_called_again(embedded: Installation, times: int) -> None:
    kernel = embedded.open()
    Queue(kernel).post("a", "b")
    queue = Queue(with_hook(kernel, Fails("create_claim", Again(), times)))
    assert len(queue.claim().messages) == 2


def test_an_operation_that_always_asks_for_it_is_given_up_in_time(
    embedded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", 0.01)
    kernel = embedded.open()
    Queue(kernel).post("a")
    queue = Queue(with_hook(kernel, Fails("pop_messages", Again(), 10**9)))
    with pytest.raises(StoreUnreachable, match="retry"):
        queue.pop()
    assert Queue(kernel).pop() == ["a"]


def test_a_plan_that_is_always_stale_is_given_up(embedded: Installation) -> None:
    kernel = embedded.open()
    Queue(kernel).post("a")
    queue = Queue(with_hook(kernel, Fails("pop_messages", StalePlan(SCOPE), 10**9)))
    with pytest.raises(StoreUnreachable, match="retry"):
        queue.pop()


def test_a_failure_of_the_store_is_not_retried(embedded: Installation) -> None:
    kernel = embedded.open()
    Queue(kernel).post("a")
    fails = Fails("pop_messages", StoreUnreachable(), 5)
    with pytest.raises(StoreUnreachable):
        Queue(with_hook(kernel, fails)).pop()
    assert fails.left == 4


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["a", "b", "c", "d", "e", "f"]),
        ({"limit": 4}, ["a", "b", "c", "d"]),
        ({"include_claimed": False}, ["c", "d", "e", "f"]),
        ({"include_claimed": False, "limit": 3}, ["c", "d", "e"]),
    ],
)
def test_a_page_is_continued_until_it_is_full_or_at_the_end(
    embedded: Installation, parameters: dict[str, Any], expected: list[str]
) -> None:
    kernel = embedded.open()
    Queue(kernel).post("a", "b", "c", "d", "e", "f")
    Queue(kernel).claim(limit=2)
    queue = Queue(replace(kernel.services, store=one_by_one(kernel)))
    assert queue.listed(**parameters) == expected


@pytest.mark.parametrize("claimed", [1, 3])
def test_a_continued_page_has_a_marker_whenever_it_has_a_message(
    embedded: Installation, claimed: int
) -> None:
    kernel = embedded.open()
    queue = Queue(kernel)
    queue.post(*range(claimed))
    queue.claim()
    queue.post("last")
    queue.post("own")
    store = one_by_one(kernel)
    page = store.list_messages(CONTEXT, SCOPE, lambda _: ListMessages(limit=5))
    assert len(page.messages) == 2
    rest = store.list_messages(CONTEXT, SCOPE, lambda _: ListMessages(5, marker=page.marker))
    assert rest == Page((), None)


def test_a_continued_page_is_one_operation_to_the_filters(embedded: Installation) -> None:
    class AtMostTwo(Filter):
        interface_version = 1
        seen = 0

        def before(self, call: Call[Any]) -> Answer | None:
            AtMostTwo.seen += 1
            call.operation = replace(call.operation, limit=2)
            return None

    kernel = embedded.open()
    Queue(kernel).post("a", "b", "c")
    store = one_by_one(kernel)
    filtered = Store(
        store.catalogue,
        {name: Pipeline([AtMostTwo(kernel.conf)]) for name in PIPELINES},
    )
    assert Queue(replace(kernel.services, store=filtered)).listed() == ["a", "b"]
    assert AtMostTwo.seen == 1


def test_a_post_that_is_refused_creates_no_queue(embedded: Installation) -> None:
    kernel = embedded.open()
    with pytest.raises(InvalidRequest):
        Queue(kernel).post("a", body_size=10**9)
    assert kernel.services.control.get_queue(SCOPE) is None


def test_a_post_into_a_queue_that_somebody_just_created_obeys_its_metadata(
    embedded: Installation,
) -> None:
    kernel = embedded.open()

    def somebody_is_faster(name: str, call: Callable[[], Any]) -> Any:
        if name == "create_queue":
            Queue(kernel).create(_default_message_ttl=300)
        return call()

    Queue(with_hook(kernel, somebody_is_faster)).post("a")
    assert Queue(kernel).ttls() == [300]


def test_a_queue_that_is_deleted_while_a_post_runs_is_created_again(embedded: Installation) -> None:
    kernel = embedded.open()
    deletions = iter([1])

    def somebody_deletes(name: str, call: Callable[[], Any]) -> Any:
        if name == "post_messages" and next(deletions, None):
            Queue(kernel).delete()
        return call()

    Queue(with_hook(kernel, somebody_deletes)).post("a")
    assert Queue(kernel).listed() == ["a"]
    record = kernel.services.control.get_queue(SCOPE)
    assert record is not None
    assert record.state is QueueState.PUBLISHED
