"""What a client finds out first: versions, the home document, and whether the stores answer.

Contract: ``rest-v2.md`` 2 and 3.
"""

from __future__ import annotations

from typing import Any, Final

from angarium.actions.base import Action, HttpBinding, Parameters, Services, SocketBinding
from angarium.actions.home import home_document
from angarium.context import RequestContext

VERSIONS: Final = {
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


def list_versions(
    services: Services, context: RequestContext, parameters: Parameters
) -> dict[str, Any]:
    """The versions of the API."""
    return VERSIONS


def get_home_doc(
    services: Services, context: RequestContext, parameters: Parameters
) -> dict[str, Any]:
    """The resources of version 2."""
    return home_document(services.admin_mode)


def ping_node(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Return if the management store and every message store answer."""
    services.control.ping()
    for driver in services.pools.reachable():
        driver.ping()


def ping_process(services: Services, context: RequestContext, parameters: Parameters) -> None:
    """Return, without touching a store."""


ACTIONS: Final = (
    Action(
        "list_versions",
        "discovery",
        None,
        "List the versions of the API.",
        HttpBinding("GET", "/"),
        list_versions,
    ),
    Action(
        "get_home_doc",
        "discovery",
        None,
        "Show the resources of the API.",
        HttpBinding("GET", "/v2/"),
        get_home_doc,
        socket=SocketBinding(needs_caller=False),
    ),
    Action(
        "ping_node",
        "discovery",
        "ping:get",
        "Find out whether the stores answer.",
        HttpBinding("GET", "/v2/ping"),
        ping_node,
        socket=SocketBinding(needs_caller=False),
    ),
    Action(
        "ping_process",
        "discovery",
        "ping:get",
        "Find out whether the service answers.",
        HttpBinding("HEAD", "/v2/ping"),
        ping_process,
    ),
)
