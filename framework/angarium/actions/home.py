"""The home document (contract, ``rest-v2.md`` 2.2): relations in the words that clients know."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

_VARIABLES: Final = re.compile(r"[{?,}]+")
_QUEUE: Final = "/v2/queues/{queue_name}"

# relation: (template, methods separated by blanks, variable that has another name: that name)
_RELATIONS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "queues": ("/v2/queues{?marker,limit,detailed}", "GET", {"limit": "queue_limit"}),
    "queue": (_QUEUE, "GET PUT DELETE PATCH", {}),
    "queue_stats": (f"{_QUEUE}/stats", "GET", {}),
    "queue_share": (f"{_QUEUE}/share", "POST", {}),
    "queue_purge": (f"{_QUEUE}/purge", "POST", {}),
    "messages": (
        f"{_QUEUE}/messages{{?marker,limit,echo,include_claimed}}",
        "GET",
        {"limit": "messages_limit"},
    ),
    "post_messages": (f"{_QUEUE}/messages", "POST", {}),
    "messages_delete": (f"{_QUEUE}/messages{{?ids,pop}}", "DELETE", {}),
    "message_delete": (f"{_QUEUE}/messages/{{message_id}}{{?claim_id}}", "DELETE", {}),
    "message_get": (f"{_QUEUE}/messages/{{message_id}}", "GET", {}),
    "claim": (f"{_QUEUE}/claims/{{claim_id}}", "GET", {}),
    "post_claim": (f"{_QUEUE}/claims{{?limit}}", "POST", {"limit": "claim_limit"}),
    "patch_claim": (f"{_QUEUE}/claims/{{claim_id}}", "PATCH", {}),
    "delete_claim": (f"{_QUEUE}/claims/{{claim_id}}", "DELETE", {}),
    "subscriptions_get": (
        f"{_QUEUE}/subscriptions{{?marker,limit}}",
        "GET",
        {"limit": "subscription_limit"},
    ),
    "subscriptions_post": (f"{_QUEUE}/subscriptions", "POST", {"limit": "subscription_limit"}),
    "subscription": (f"{_QUEUE}/subscriptions/{{subscriptions_id}}", "GET DELETE", {}),
    "subscription_patch": (f"{_QUEUE}/subscriptions/{{subscriptions_id}}", "PATCH", {}),
    "ping": ("/v2/ping", "GET", {}),
}
_ADMIN_RELATIONS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "pools": ("/v2/pools{?detailed,limit,marker}", "GET", {"limit": "pool_limit"}),
    "pool": ("/v2/pools/{pool_name}", "GET PUT PATCH DELETE", {}),
    "flavors": ("/v2/flavors{?detailed,limit,marker}", "GET", {"limit": "flavor_limit"}),
    "flavor": ("/v2/flavors/{flavor_name}", "GET PUT PATCH DELETE", {}),
}


@cache
def home_document(admin_mode: bool) -> dict[str, Any]:
    """The document, with the administrative relations if these exist."""
    relations = {**_RELATIONS, **(_ADMIN_RELATIONS if admin_mode else {})}
    resources = {f"rel/{name}": _entry(*relation) for name, relation in relations.items()}
    if admin_mode:
        resources["rel/health"] = {"href": "/v2/health", "hints": _hints("GET")}
    return {"resources": resources}


def _entry(template: str, methods: str, renamed: dict[str, str]) -> dict[str, Any]:
    variables = [
        part for part in _VARIABLES.split(template)[1:] if part and not part.startswith("/")
    ]
    names = {name: name for name in variables} | renamed
    return {
        "href-template": template,
        "href-vars": {name: f"param/{shown}" for name, shown in names.items()},
        "hints": _hints(methods),
    }


def _hints(methods: str) -> dict[str, Any]:
    hints: dict[str, Any] = {"allow": methods.split(), "formats": {"application/json": {}}}
    if methods == "POST" or methods == "PATCH":
        hints["accept-post"] = ["application/json"]
    return hints
