from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from zaqarclient.queues import client as zaqarclient
from zaqarclient.transport import errors

from tests.clients.zaqar import Zaqar, bodies
from tests.servers import Server, ServerPark, TestClock


@pytest.fixture
def server(park: ServerPark, store: str) -> Server:
    """A server that can sign: the other fixtures of this module build on it."""
    return park.get(store, "signed", {"signed_url": {"secret_key": uuid.uuid4().hex}})


@pytest.fixture
def signed(zaqar: Zaqar, clock: TestClock) -> Any:
    """Makes the client that holds only a credential, for (queue, paths, methods, seconds)."""

    def make(queue: Any, seconds: int, **wanted: Any) -> Any:
        # The client counts from its own time, the server's may be ahead.
        credential = queue.signed_url(ttl_seconds=clock.offset + seconds, **wanted)
        options = {**credential, "os_project_id": credential["project"]}
        conf = {"auth_opts": {"backend": "signed-url", "options": options}}
        return zaqarclient.Client(zaqar.url, version=2, conf=conf).queue(
            queue.name, auto_create=False
        )

    return make


def test_a_credential_names_what_it_grants(zaqar: Zaqar, clock: TestClock) -> None:
    queue = zaqar.queue("orders")
    credential = queue.signed_url(
        paths=["messages", "claims"], methods=["POST", "GET"], ttl_seconds=clock.offset + 600
    )
    assert credential["paths"] == ["/v2/queues/orders/claims", "/v2/queues/orders/messages"]
    assert credential["methods"] == ["GET", "POST"]
    assert credential["project"] == zaqar.project
    assert len(credential["signature"]) == 64
    expires = datetime.datetime.fromisoformat(credential["expires"])
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    assert 0 <= (now + datetime.timedelta(seconds=clock.offset + 600) - expires).seconds < 60


def test_a_credential_reads_messages_unless_more_is_asked_for(
    zaqar: Zaqar, clock: TestClock
) -> None:
    credential = zaqar.queue("orders").signed_url(ttl_seconds=clock.offset + 60)
    assert credential["paths"] == ["/v2/queues/orders/messages"]
    assert credential["methods"] == ["GET"]
    assert zaqar.queue("orders").signed_url()["expires"] > credential["expires"]


def test_a_holder_does_what_was_granted_and_nothing_else(zaqar: Zaqar, signed: Any) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": "from the owner"})
    holder = signed(queue, 600, paths=["messages"], methods=["GET", "POST"])
    assert bodies(holder.messages(echo=True)) == ["from the owner"]
    holder.post({"body": "from the holder"})
    assert bodies(queue.messages(echo=True)) == ["from the owner", "from the holder"]
    for refused in (holder.pop, holder.claim, holder.delete, holder.metadata, holder.purge):
        with pytest.raises(errors.ResourceNotFound):
            refused()
    with pytest.raises(errors.ResourceNotFound):
        holder.client.queue(f"{queue.name}-other", auto_create=False).messages()
    assert queue.stats["messages"]["total"] == 2


def test_a_holder_of_the_claims_can_claim_and_release(zaqar: Zaqar, signed: Any) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": "work"})
    holder = signed(queue, 600, paths=["claims"], methods=["POST", "GET", "DELETE", "PATCH"])
    claim = holder.claim(ttl=60, grace=60)
    claim.update(ttl=120, grace=60)
    assert claim.age >= 0
    assert queue.stats["messages"]["claimed"] == 1
    claim.delete()
    assert queue.stats["messages"]["claimed"] == 0


def test_a_credential_dies_with_its_expiry(zaqar: Zaqar, signed: Any, clock: TestClock) -> None:
    queue = zaqar.created_queue()
    queue.post({"body": 1})
    holder = signed(queue, 120)
    assert bodies(holder.messages(echo=True)) == [1]
    clock.advance(121)
    with pytest.raises(errors.ResourceNotFound):
        holder.messages(echo=True)


def test_a_tampered_credential_is_worth_nothing(zaqar: Zaqar, signed: Any) -> None:
    queue = zaqar.created_queue()
    holder = signed(queue, 600)
    options = holder.client.auth_opts["options"]
    options["methods"] = [*options["methods"], "DELETE"]
    with pytest.raises(errors.ResourceNotFound):
        holder.messages(echo=True)


def test_bad_wishes_are_refused(zaqar: Zaqar) -> None:
    queue = zaqar.queue()
    with pytest.raises(errors.MalformedRequest):
        queue.signed_url(paths=["stats"])
    with pytest.raises(errors.MalformedRequest):
        queue.signed_url(ttl_seconds=-1)


def test_a_server_without_a_key_signs_nothing(park: ServerPark, store: str, project: str) -> None:
    with pytest.raises(errors.MalformedRequest):
        Zaqar(park.get(store), project).queue().signed_url()
