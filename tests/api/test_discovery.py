"""Versions, home document, ping (``rest-v2.md`` 2 and 3)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.helpers import ok, refused

VERSIONS = {
    "versions": [
        {
            "id": "2",
            "status": "CURRENT",
            "updated": "2014-9-24T04:06:47Z",
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.messaging-v2+json",
                }
            ],
            "links": [{"href": "/v2/", "rel": "self"}],
        }
    ]
}

_Q = "/v2/queues/{queue_name}"
RELATIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "rel/queues": ("/v2/queues{?marker,limit,detailed}", "GET", {"limit": "queue_limit"}),
    "rel/queue": (_Q, "GET PUT DELETE PATCH", {}),
    "rel/queue_stats": (f"{_Q}/stats", "GET", {}),
    "rel/queue_share": (f"{_Q}/share", "POST", {}),
    "rel/queue_purge": (f"{_Q}/purge", "POST", {}),
    "rel/messages": (
        f"{_Q}/messages{{?marker,limit,echo,include_claimed}}",
        "GET",
        {"limit": "messages_limit"},
    ),
    "rel/post_messages": (f"{_Q}/messages", "POST", {}),
    "rel/messages_delete": (f"{_Q}/messages{{?ids,pop}}", "DELETE", {}),
    "rel/message_delete": (f"{_Q}/messages/{{message_id}}{{?claim_id}}", "DELETE", {}),
    "rel/message_get": (f"{_Q}/messages/{{message_id}}", "GET", {}),
    "rel/claim": (f"{_Q}/claims/{{claim_id}}", "GET", {}),
    "rel/post_claim": (f"{_Q}/claims{{?limit}}", "POST", {"limit": "claim_limit"}),
    "rel/patch_claim": (f"{_Q}/claims/{{claim_id}}", "PATCH", {}),
    "rel/delete_claim": (f"{_Q}/claims/{{claim_id}}", "DELETE", {}),
    "rel/subscriptions_get": (
        f"{_Q}/subscriptions{{?marker,limit}}",
        "GET",
        {"limit": "subscription_limit"},
    ),
    "rel/subscriptions_post": (
        f"{_Q}/subscriptions",
        "POST",
        {"limit": "subscription_limit"},
    ),
    "rel/subscription": (f"{_Q}/subscriptions/{{subscriptions_id}}", "GET DELETE", {}),
    "rel/subscription_patch": (f"{_Q}/subscriptions/{{subscriptions_id}}", "PATCH", {}),
    "rel/ping": ("/v2/ping", "GET", {}),
}
ADMIN_RELATIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "rel/pools": ("/v2/pools{?detailed,limit,marker}", "GET", {"limit": "pool_limit"}),
    "rel/pool": ("/v2/pools/{pool_name}", "GET PUT PATCH DELETE", {}),
    "rel/flavors": ("/v2/flavors{?detailed,limit,marker}", "GET", {"limit": "flavor_limit"}),
    "rel/flavor": ("/v2/flavors/{flavor_name}", "GET PUT PATCH DELETE", {}),
}
ACCEPT_POST = {
    "rel/queue_share",
    "rel/queue_purge",
    "rel/post_messages",
    "rel/post_claim",
    "rel/patch_claim",
    "rel/subscriptions_post",
    "rel/subscription_patch",
}


def entry(relation: str, template: str, methods: str, special: dict[str, str]) -> dict[str, Any]:
    """An entry of the home document, from a row of the contract's table."""
    names = re.findall(r"\w+", " ".join(re.findall(r"{([^}]*)}", template)))
    hints: dict[str, Any] = {"allow": methods.split(), "formats": {"application/json": {}}}
    if relation in ACCEPT_POST:
        hints["accept-post"] = ["application/json"]
    variables = {name: f"param/{name}" for name in names}
    variables |= {name: f"param/{value}" for name, value in special.items()}
    return {"href-template": template, "href-vars": variables, "hints": hints}


def normal(document: dict[str, Any]) -> dict[str, Any]:
    """An entry with its methods in order: their order carries no meaning."""
    hints = {**document["hints"], "allow": sorted(document["hints"]["allow"])}
    return {**document, "hints": hints}


@pytest.mark.parametrize("name", ["default", "features"])
def test_versions(api: Api, features: Api, name: str) -> None:
    client = {"default": api, "features": features}[name]
    assert ok(client.list_versions(), 300) == VERSIONS


def test_versions_need_no_headers(api: Api) -> None:
    nothing = {"Client-ID": None, "X-Project-Id": None}
    assert ok(api.call("GET", "/", headers=nothing), 300) == VERSIONS
    odd = {"Client-ID": "x", "X-Project-Id": "", "URL-Signature": "x"}
    assert ok(api.call("GET", "/", headers=odd), 300) == VERSIONS


@pytest.mark.parametrize("relation", RELATIONS)
def test_home_document(api: Api, relation: str) -> None:
    status, body, headers = api.get_home_doc()
    assert status == 200
    assert headers["content-type"] == "application/json-home"
    assert headers["cache-control"] == "max-age=86400"
    assert set(body) == {"resources"}
    found = body["resources"][relation]
    if relation == "rel/ping" and "href" in found:
        found = {"href-template": found.pop("href"), "href-vars": {}, **found}
    assert normal(found) == normal(entry(relation, *RELATIONS[relation]))


def test_the_home_document_names_admin_resources_in_admin_mode_only(
    api: Api, features: Api
) -> None:
    plain = ok(api.get_home_doc(), 200)["resources"]
    full = ok(features.get_home_doc(), 200)["resources"]
    admin = {*ADMIN_RELATIONS, "rel/health"}
    assert not admin & set(plain)
    assert set(full) == set(plain) | admin
    for relation, row in ADMIN_RELATIONS.items():
        assert normal(full[relation]) == normal(entry(relation, *row))
    assert full["rel/health"]["href"] == "/v2/health"
    assert full["rel/health"]["hints"]["allow"] == ["GET"]


def test_ping(api: Api) -> None:
    for answer in (api.ping_node(), api.ping_process()):
        assert (answer.status, answer.raw) == (204, b"")
    for method in ("GET", "HEAD"):
        answer = api.call(method, "/v2/ping", headers={"Client-ID": None})
        assert answer.status == 400
    refused(api.call("GET", "/v2/ping", headers={"Accept": "a/b"}), 406, "406 Not Acceptable")
