"""Filters of other packages, found through a real entry point (configuration.md 7)."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from angarium.actions import queues, topics
from angarium.errors import Forbidden, InvalidRequest, StartError
from angarium.kernel import Kernel
from angarium.storage.models import Kind
from tests.kernel.example_filters import First
from tests.kernel.installation import CONTEXT, Installation
from tests.kernel.queues import Queue

_METADATA = "Metadata-Version: 2.1\nName: example-filters\nVersion: 1.2.3\n"
_CLASSES = ("First", "Last", "Change", "Refuse", "Respond", "FailBefore", "FailAfter")

Build = Callable[..., Kernel]


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path in which a distribution with the example filters is installed."""
    folder = tmp_path / "site-packages"
    info = folder / "example_filters-1.2.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(_METADATA)
    names = (f"{name.lower()} = tests.kernel.example_filters:{name}" for name in _CLASSES)
    (info / "entry_points.txt").write_text("\n".join(["[angarium.filters]", *names, ""]))
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    return folder


@pytest.fixture
def build(distribution: Path, tmp_path: Path) -> Iterator[Build]:
    """Builds kernels of one installation with filters in each of its pipelines."""
    First.seen.clear()
    with Installation(tmp_path) as installation:

        def build(
            queue: str = "", topic: str = "", message: str = "", claim: str = "", **options: object
        ) -> Kernel:
            pipelines = {
                "queue_pipeline": queue,
                "topic_pipeline": topic,
                "message_pipeline": message,
                "claim_pipeline": claim,
            }
            installation.configure({"storage": pipelines, **options})  # type: ignore[dict-item] # groups by name
            return installation.open()

        yield build


def moments() -> list[tuple[str, str]]:
    return [(name, moment) for name, moment, _, _, _ in First.seen]


def operations() -> list[str]:
    return [operation for _, moment, operation, _, _ in First.seen if moment == "before"]


def test_filters_run_in_order_and_back(build: Build) -> None:
    queue = Queue(build(message="first,last"))
    queue.post("a")
    assert moments() == [
        ("First", "before"),
        ("Last", "before"),
        ("Last", "after"),
        ("First", "after"),
    ]
    assert queue.listed() == ["a"]


def test_each_pipeline_sees_its_own_operations_and_each_once(build: Build) -> None:
    queue = Queue(build(queue="first"))
    queue.create(team="billing")
    queue.metadata()
    queue.add("key", 1)
    queue.total()
    queue.post("a")
    queue.delete()
    assert operations() == ["CreateQueue", "GetQueue", "UpdateQueue", "GetStats", "DeleteQueue"]
    First.seen.clear()
    queue = Queue(build(message="first"))
    [identifier] = queue.post("a")
    queue.listed()
    queue.get(identifier)
    queue.release(queue.claim())
    queue.pop()
    assert operations() == ["PostMessages", "ListMessages", "GetMessages", "PopMessages"]
    First.seen.clear()
    queue = Queue(build(claim="first"))
    queue.post("a")
    queue.release(queue.claim())
    assert operations() == ["CreateClaim", "ReleaseClaim"]


@pytest.mark.parametrize("kind", Kind)
def test_topics_have_a_pipeline_of_their_own(build: Build, kind: Kind) -> None:
    """For what the pipeline of queues is to queues; messages of both go through one."""
    kernel = build(**{kind.value: "first"})
    for each in Kind:
        one = Queue(kernel, kind=each)
        one.create(team="billing")
        one.metadata()
        one.add("key", 1)
        one.total()
        one.post("a")
        one.delete()
    listing = queues.queue_list if kind is Kind.QUEUE else topics.topic_list
    for handler in (queues.queue_list, topics.topic_list):
        seen = len(First.seen)
        handler(kernel.services, CONTEXT, {"filters": {}})
        assert (len(First.seen) > seen) == (handler is listing)
    assert operations() == [
        "CreateQueue",
        "GetQueue",
        "UpdateQueue",
        "GetStats",
        "DeleteQueue",
        "ListQueues",
    ]
    First.seen.clear()
    kernel = build(message="first")
    for each in Kind:
        Queue(kernel, kind=each).post("a")
    assert operations() == ["PostMessages", "PostMessages"]


def test_a_filter_sees_the_metadata_of_the_queue(build: Build) -> None:
    queue = Queue(build(message="first"))
    queue.create(team="billing")
    queue.post("a")
    assert {str(metadata) for *_, metadata in First.seen} == {"{'team': 'billing'}"}


def test_a_filter_can_change_the_operation(build: Build) -> None:
    queue = Queue(build(message="change,last"))
    queue.post("a", "b", "c")
    assert queue.listed() == ["a", "b"]
    assert queue.ttls() == [3660, 3660]


def test_a_filter_can_refuse_before_anything_is_stored(build: Build) -> None:
    kernel = build(message="first,refuse,last", refuse={"why": "The orchard is closed."})
    queue = Queue(kernel)
    with pytest.raises(Forbidden, match=r"The orchard is closed\."):
        queue.post("a")
    assert moments() == [("First", "before")]
    assert kernel.services.control.get_queue(queue.scope) is None
    assert queue.listed() == []


def test_a_filter_can_answer_in_the_place_of_the_driver(build: Build) -> None:
    queue = Queue(build(queue="first,respond,last"))
    queue.create()
    First.seen.clear()
    assert queue.total() == 42
    assert moments() == [("First", "before"), ("Respond", "before"), ("First", "after")]


def test_an_error_before_the_driver_ends_the_call_with_nothing_stored(build: Build) -> None:
    kernel = build(message="first,failbefore")
    queue = Queue(kernel)
    with pytest.raises(RuntimeError):
        queue.post("a")
    assert moments() == [("First", "before")]
    assert kernel.services.control.get_queue(queue.scope) is None


def test_an_error_after_the_driver_is_logged_and_never_answered(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    queue = Queue(build(message="first,failafter"))
    with caplog.at_level(logging.ERROR, logger="angarium"):
        assert len(queue.post("a")) == 1
    assert "FailAfter failed after the operation" in caplog.text
    assert "req-00000000-0000-4000-8000-000000000000" in caplog.text
    assert moments()[-1] == ("First", "after")
    assert queue.listed() == ["a"]


def test_a_stale_plan_passes_the_filters_again_and_says_so(build: Build) -> None:
    here, there = Queue(build(message="first")), Queue(build())
    here.post("a")
    there.add("team", "billing")
    First.seen.clear()
    here.post("b")
    assert First.seen == [
        ("First", "before", "PostMessages", False, {}),
        ("First", "before", "PostMessages", True, {"team": "billing"}),
        ("First", "after", "PostMessages", True, {"team": "billing"}),
    ]


def test_a_call_that_no_filter_has_seen_yet_is_no_repeat(build: Build) -> None:
    here, there = Queue(build(message="first")), Queue(build())
    here.create(_default_message_delay=10)
    here.post("a")
    there.remove("_default_message_delay")
    First.seen.clear()
    here.post("b", delay=99_999)  # refused on the cached plan, which costs no call
    assert [repeat for _, _, _, repeat, _ in First.seen] == [False, False]


def test_what_the_kernel_refuses_no_filter_sees(build: Build) -> None:
    queue = Queue(build(message="first"))
    queue.create(_max_messages_post_size=10)
    with pytest.raises(InvalidRequest):
        queue.post("a", body_size=11)
    assert First.seen == []


def test_the_notifier_of_the_reference_is_accepted_and_means_what_is_always_on(
    build: Build,
) -> None:
    queue = Queue(build(message="zaqar.notification.notifier,first"))
    queue.post("a")
    assert moments() == [("First", "before"), ("First", "after")]


def test_a_filter_that_is_not_installed_stops_the_start(build: Build) -> None:
    with pytest.raises(StartError) as stopped:
        build(claim="second")
    [line] = str(stopped.value).splitlines()
    assert "[storage] claim_pipeline" in line
    assert "'second'" in line
    assert "first (example-filters 1.2.3)" in line
