"""Home document, ping and health (contract, ``websocket-v2.md`` 8; results of HTTP)."""

from __future__ import annotations

from typing import Any

from angarium_websocket.render.view import Result, View


def get_home_doc(result: dict[str, Any], view: View) -> Result:
    """200 with the document."""
    return Result(200, result)


def ping_node(result: None, view: View) -> Result:
    """204."""
    return Result(204, {})


def check_node_health(result: dict[str, Any], view: View) -> Result:
    """200, a failed probe included."""
    return Result(200, result)
