from __future__ import annotations

import json
from typing import Any

import pytest
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar, bodies
from tests.servers import Server

DEFAULTS = {
    "_max_messages_post_size": 262144,
    "_default_message_ttl": 3600,
    "_default_message_delay": 0,
    "_dead_letter_queue": None,
    "_dead_letter_queue_messages_ttl": None,
    "_max_claim_count": None,
    "_enable_encrypt_messages": False,
}


@pytest.fixture
def many(zaqar: Zaqar) -> list[str]:
    """The names of 23 queues, some of them with metadata to filter by."""
    names = [f"many-{number:02}" for number in range(23)]
    for number, name in enumerate(names):
        queue = zaqar.client.queue(name, force_create=True)
        if number % 5 == 0:
            queue.metadata(new_meta={"colour": "green", "size": number})
    return names


def names_of(queues: Any) -> list[str]:
    return [queue.name for queue in queues]


def test_creating_makes_a_queue_that_the_list_shows(zaqar: Zaqar) -> None:
    queue = zaqar.client.queue("orders", force_create=True)
    listed, _ = zaqar.client.queues()
    assert [(found.name, found.href) for found in listed] == [("orders", "/v2/queues/orders")]
    assert queue.name == "orders"


def test_a_queue_object_alone_creates_nothing(zaqar: Zaqar) -> None:
    zaqar.client.queue("lazy")
    assert names_of(zaqar.client.queues()[0]) == []


def test_ensuring_twice_keeps_the_queue_as_it_is(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue({"owner": "shop"})
    queue.post({"body": "kept"})
    queue.ensure_exists(force_create=True)
    assert queue.metadata(force_reload=True)["owner"] == "shop"
    assert queue.stats["messages"]["total"] == 1


def test_creating_with_metadata(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue({"a": [1, None], "_max_claim_count": 3})
    assert zaqar.queue(queue.name).metadata() == {**DEFAULTS, "a": [1, None], "_max_claim_count": 3}


def test_existence_is_affirmed_because_head_is_no_method_of_queues(zaqar: Zaqar) -> None:
    # The client asks with HEAD and takes everything but 404 for a yes (contract, rest-v2.md 14.19).
    assert zaqar.created_queue().exists()
    assert zaqar.queue().exists()


def test_a_list_is_paged_in_the_order_of_the_names(zaqar: Zaqar, many: list[str]) -> None:
    first, count = zaqar.client.queues()
    assert count is None
    assert names_of(first) == many[:10]
    streamed, _ = zaqar.client.queues(limit=4)
    assert names_of(streamed.stream()) == many


def test_a_list_continues_after_a_marker_and_keeps_its_limit(zaqar: Zaqar, many: list[str]) -> None:
    page, _ = zaqar.client.queues(marker="many-07", limit=3)
    assert names_of(page) == many[8:11]
    page, _ = zaqar.client.queues(marker="many-07x", limit=2)
    assert names_of(page) == many[8:10]


def test_a_list_counts_all_queues_whatever_it_shows(zaqar: Zaqar, many: list[str]) -> None:
    page, count = zaqar.client.queues(with_count=True, limit=2, name="many-2")
    assert names_of(page) == many[20:22]
    assert count == len(many)


def test_a_detailed_list_carries_the_metadata(zaqar: Zaqar, many: list[str]) -> None:
    page, _ = zaqar.client.queues(detailed=True, limit=2)
    found = {queue.name: queue.metadata() for queue in page}
    assert found == {
        many[0]: {**DEFAULTS, "colour": "green", "size": 0},
        many[1]: DEFAULTS,
    }


def test_a_list_is_filtered_by_name_and_by_metadata_on_all_pages(
    zaqar: Zaqar, many: list[str]
) -> None:
    by_name, _ = zaqar.client.queues(name="-1", limit=4)
    assert names_of(by_name.stream()) == many[10:20]
    by_text, _ = zaqar.client.queues(colour="green", limit=2)
    assert names_of(by_text.stream()) == many[::5]
    by_number, _ = zaqar.client.queues(colour="green", size=15)
    assert names_of(by_number) == [many[15]]
    nothing, _ = zaqar.client.queues(colour="red")
    assert names_of(nothing.stream()) == []


def test_projects_do_not_see_each_other(zaqar: Zaqar, server: Server) -> None:
    zaqar.created_queue().post({"body": 1})
    other = Zaqar(server, f"{zaqar.project}-other")
    assert names_of(other.client.queues()[0]) == []


def test_the_project_of_the_client_itself_is_used_when_none_is_given(server: Server) -> None:
    anonymous = Zaqar(server, "")
    assert anonymous.client.ping()
    queue = anonymous.created_queue()
    queue.post({"body": "no project"})
    assert bodies(queue.messages(echo=True)) == ["no project"]
    named = Zaqar(server, "fake_project_id_for_noauth").queue(queue.name)
    assert bodies(named.messages(echo=True)) == ["no project"]
    queue.delete()


def test_metadata_of_an_unconfigured_or_missing_queue_shows_the_defaults(zaqar: Zaqar) -> None:
    assert zaqar.created_queue().metadata() == DEFAULTS
    assert zaqar.queue().metadata_dict == DEFAULTS


def test_new_metadata_replaces_the_old(zaqar: Zaqar) -> None:
    queue = zaqar.client.queue("replaced", force_create=True)
    first = queue.metadata(
        new_meta={"a": 1, "b": {"c": ["ünï", None]}, "_default_message_delay": 9}
    )
    assert first == {**DEFAULTS, "a": 1, "b": {"c": ["ünï", None]}, "_default_message_delay": 9}
    second = queue.metadata(new_meta={"b": 2, "c": "", "_default_message_ttl": 60})
    assert second == {**DEFAULTS, "b": 2, "c": "", "_default_message_ttl": 60}
    assert zaqar.queue(queue.name).metadata() == second
    assert queue.metadata(new_meta={}) == DEFAULTS


def test_what_is_shown_as_null_is_added_and_then_removed_by_the_client(zaqar: Zaqar) -> None:
    # It sends "add", because the key has no value, and then "remove", because it is shown: the
    # server does one after the other. Such keys are set on creation or by a patch of one's own.
    queue = zaqar.created_queue({"nothing": None})
    assert queue.metadata(new_meta={"nothing": 1, "_max_claim_count": 2}) == DEFAULTS
    shown = zaqar.patch(queue, [{"op": "add", "path": "/metadata/_max_claim_count", "value": 2}])
    assert shown == {**DEFAULTS, "_max_claim_count": 2}


def test_metadata_is_cached_until_a_reload_is_asked_for(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue({"version": 1})
    assert queue.metadata()["version"] == 1
    zaqar.queue(queue.name).metadata(new_meta={"version": 2})
    assert queue.metadata()["version"] == 1
    assert queue.metadata(force_reload=True)["version"] == 2


def test_metadata_of_a_missing_queue_cannot_be_set(zaqar: Zaqar) -> None:
    with pytest.raises(errors.ResourceNotFound):
        zaqar.queue().metadata(new_meta={"a": 1})


@pytest.mark.parametrize(
    "refused",
    [
        {"_default_message_ttl": 59},
        {"_max_messages_post_size": 262145},
        {"_default_message_delay": -1},
        {"_default_message_ttl": "60"},
        {"big": "x" * 65536},
    ],
    ids=lambda metadata: str(metadata)[:40],
)
def test_refused_metadata_changes_nothing(zaqar: Zaqar, refused: dict[str, Any]) -> None:
    queue = zaqar.created_queue({"kept": True})
    with pytest.raises(errors.MalformedRequest, match=r"Title: .+\. Description: .+\."):
        queue.metadata(new_meta={"kept": False, **refused})
    assert queue.metadata(force_reload=True) == {**DEFAULTS, "kept": True}


def test_a_patch_is_done_as_a_whole_or_not_at_all(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue({"known": 1})
    replace = {"op": "replace", "path": "/metadata/known", "value": 2}
    with pytest.raises(errors.ConflictError):
        zaqar.patch(queue, [replace, {"op": "remove", "path": "/metadata/unknown"}])
    refused = {"op": "add", "path": "/metadata/_dead_letter_queue", "value": queue.name}
    with pytest.raises(errors.MalformedRequest):
        zaqar.patch(queue, [replace, refused])
    assert queue.metadata(force_reload=True)["known"] == 1
    assert zaqar.patch(queue, [replace])["known"] == 2


def test_stats_count_what_is_free_and_what_is_claimed(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    assert queue.stats == {"messages": {"free": 0, "claimed": 0, "total": 0}}
    posted = queue.post([{"body": number} for number in range(5)])["resources"]
    queue.claim(limit=2)
    stats = queue.stats["messages"]
    assert (stats["free"], stats["claimed"], stats["total"]) == (3, 2, 5)
    assert (stats["oldest"]["href"], stats["newest"]["href"]) == (posted[0], posted[-1])
    assert zaqar.queue().stats["messages"]["total"] == 0


def test_deleting_removes_messages_metadata_and_claims_and_can_be_repeated(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue({"old": 1})
    queue.post([{"body": 1}, {"body": 2}])
    claim = queue.claim(limit=1)
    queue.delete()
    queue.delete()
    assert names_of(zaqar.client.queues()[0]) == []
    assert queue.metadata(force_reload=True) == DEFAULTS
    with pytest.raises(errors.ResourceNotFound):
        claim.update(ttl=100, grace=100)
    queue.ensure_exists(force_create=True)
    assert bodies(queue.messages(echo=True, include_claimed=True)) == []


@pytest.mark.parametrize("kinds", [None, ["messages"], ["messages", "subscriptions"]], ids=str)
def test_purging_removes_all_messages_and_keeps_the_metadata(
    zaqar: Zaqar, kinds: list[str] | None
) -> None:
    queue = zaqar.created_queue({"kept": "yes"})
    queue.post([{"body": number} for number in range(15)])
    claim = queue.claim(limit=5)
    queue.purge(resource_types=kinds)
    assert queue.stats["messages"] == {"free": 0, "claimed": 0, "total": 0}
    assert bodies(queue.messages(echo=True, include_claimed=True)) == []
    with pytest.raises(errors.ResourceNotFound):
        queue.message(next(claim._message_iter).id)
    assert queue.metadata(force_reload=True)["kept"] == "yes"


def test_purging_subscriptions_leaves_the_messages(zaqar: Zaqar) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": "stays"})
    queue.purge(resource_types=["subscriptions"])
    assert bodies(queue.messages(echo=True)) == ["stays"]
    with pytest.raises(errors.MalformedRequest):
        queue.purge(resource_types=["queues"])
    zaqar.queue().purge()
    assert names_of(zaqar.client.queues()[0]) == [queue.name]


def test_metadata_comes_back_equal(zaqar: Zaqar) -> None:
    metadata = {"numbers": [2**63 - 1, -(2**63), 0.1, 1e300], "text": "\u0000 ☃ 𝄞", "": {"": []}}
    shown = zaqar.created_queue(metadata).metadata()
    assert json.dumps({key: shown[key] for key in metadata}) == json.dumps(metadata)
