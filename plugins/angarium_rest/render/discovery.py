"""Versions, home document, ping and health (contract, ``rest-v2.md`` 2 to 4)."""

from __future__ import annotations

from typing import Any

from angarium_rest.render.view import View
from angarium_rest.replies import Reply


def list_versions(result: dict[str, Any], view: View) -> Reply:
    """300 with the versions."""
    return Reply.json(300, result)


def get_home_doc(result: dict[str, Any], view: View) -> Reply:
    """200 with a document that may be cached for a day."""
    reply = Reply.json(200, result, Cache_Control="max-age=86400")
    reply.content_type = "application/json-home"
    return reply


def ping_node(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def ping_process(result: None, view: View) -> Reply:
    """204."""
    return Reply(204)


def check_node_health(result: dict[str, Any], view: View) -> Reply:
    """200, a failed probe included."""
    return Reply.json(200, result)
