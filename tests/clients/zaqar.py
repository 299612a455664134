"""A short way to make python-zaqarclient's objects for one server and one project."""

from __future__ import annotations

import uuid
from typing import Any

from zaqarclient.queues import client as zaqarclient
from zaqarclient.queues.v2 import core

from tests.servers import Server


class Zaqar:
    """A client program: one project, one client id, no authentication."""

    def __init__(self, server: Server, project: str) -> None:
        self.url = f"http://{server.host}:{server.port}/"
        self.project = project
        options = {"backend": "noauth", "options": {"project_id": project}}
        self.client = zaqarclient.Client(self.url, version=2, conf={"auth_opts": options})

    def queue(self, name: str | None = None) -> Any:
        """A queue that may not exist yet; with a new name unless one is given."""
        return self.client.queue(name or f"queue-{uuid.uuid4().hex}", auto_create=False)

    def created_queue(self, metadata: dict[str, Any] | None = None) -> Any:
        """A queue that exists, with the metadata given."""
        queue = self.queue()
        request, transport = self.client._request_and_transport()
        core.queue_create(transport, request, queue.name, metadata)
        return queue

    def patch(self, queue: Any, changes: list[dict[str, Any]]) -> dict[str, Any]:
        """Change metadata by operations of one's own choice; the metadata afterwards."""
        request, transport = self.client._request_and_transport()
        return dict(core.queue_update(transport, request, queue.name, changes))


def ids_of(posted: dict[str, Any]) -> list[str]:
    """The ids in the answer to a post, in posting order."""
    return [href.rpartition("/")[2] for href in posted["resources"]]


def bodies(messages: Any) -> list[Any]:
    """The bodies of whatever can be iterated."""
    return [message.body for message in messages]
