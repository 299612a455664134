"""The filter against calls as the kernel makes them."""

from __future__ import annotations

from typing import Any

import pytest
from angarium_freeze import FreezeFilter
from oslo_config import cfg

from angarium.context import RequestContext
from angarium.errors import Forbidden
from angarium.storage.models import NewMessage, Scope
from angarium.storage.operations import DataOperation, ListMessages, PostMessages
from angarium.storage.pipeline import Call

POST = PostMessages((NewMessage("m1", b"{}", ttl=60),), client_id="me")


def call(operation: DataOperation[Any], metadata: dict[str, Any]) -> Call[Any]:
    context = RequestContext(request_id="req-1", project="demo")
    return Call(context, Scope("demo", "orders"), metadata, operation)


def before(operation: DataOperation[Any], metadata: dict[str, Any]) -> object:
    return FreezeFilter(cfg.ConfigOpts()).before(call(operation, metadata))


def test_a_post_to_a_frozen_queue_is_refused() -> None:
    with pytest.raises(Forbidden, match="frozen"):
        before(POST, {"frozen": True})


@pytest.mark.parametrize("metadata", [{}, {"frozen": False}, {"frozen": None}, {"frozen": 1}])
def test_other_posts_pass(metadata: dict[str, Any]) -> None:
    assert before(POST, metadata) is None


def test_a_frozen_queue_can_be_read() -> None:
    assert before(ListMessages(limit=10), {"frozen": True}) is None
