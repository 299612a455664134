"""What many cases do on the way to what they are about."""

from __future__ import annotations

from typing import Any

from tests.api.client import Api
from tests.api.wire import Answer

Document = dict[str, Any]

DEFAULTS = {
    "_max_messages_post_size": 262144,
    "_default_message_ttl": 3600,
    "_default_message_delay": 0,
    "_dead_letter_queue": None,
    "_dead_letter_queue_messages_ttl": None,
    "_max_claim_count": None,
    "_enable_encrypt_messages": False,
}
"""The metadata that is shown of a queue where none is stored (``rest-v2.md`` 5.0)."""

_OF_TOPICS = ("_max_messages_post_size", "_default_message_ttl", "_default_message_delay")


def defaults(api: Api) -> dict[str, Any]:
    """What this client is shown where nothing is stored."""
    keys = _OF_TOPICS if api.kind == "topic" else DEFAULTS
    return {key: DEFAULTS[key] for key in keys}


def ok(answer: Answer, status: int) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status == status, (answer.status, answer.body)
    return answer.body


def refused(answer: Answer, status: int, title: str) -> Answer:
    """An answer that must be this refusal."""
    assert (answer.status, answer.title) == (status, title), (answer.status, answer.body)
    return answer


def last_segment(reference: str) -> str:
    """The id at the end of an ``href`` or ``Location``, without its query."""
    return reference.partition("?")[0].rpartition("/")[2]


def post(api: Api, queue: str, *bodies: Any, ttl: int | None = None) -> list[str]:
    """Post one batch with these bodies and return the ids."""
    extra = {} if ttl is None else {"ttl": ttl}
    answer = api.message_post(queue, *({"body": body, **extra} for body in bodies))
    return [last_segment(path) for path in ok(answer, 201)["resources"]]


def claim(api: Api, queue: str, limit: int = 10, **body: Any) -> tuple[str, list[Document]]:
    """Make a claim that must find something; its id and its messages."""
    answer = api.claim_create(queue, body, limit=limit)
    messages: list[Document] = ok(answer, 201)["messages"]
    return last_segment(answer.headers["location"]), messages


def messages(api: Api, queue: str, **query: Any) -> list[Document]:
    """One page of a listing that shows everything, unless the query says otherwise."""
    shown = {"echo": "true", "include_claimed": "true", "include_delayed": "true", "limit": 20}
    found: list[Document] = ok(api.message_list(queue, **{**shown, **query}), 200)["messages"]
    return found


def bodies(documents: list[Document]) -> list[Any]:
    """The bodies of message documents."""
    return [document["body"] for document in documents]


def follow(api: Api, answer: Answer, collection: str) -> list[Document]:
    """All items of a listing, from its first page through every ``next`` link."""
    items: list[Document] = []
    for _ in range(1000):
        page = ok(answer, 200)
        items += page[collection]
        if not page[collection]:
            assert page["links"] == []
            return items
        [link] = page["links"]
        assert link["rel"] == "next"
        answer = api.call("GET", link["href"])
    raise AssertionError("the listing does not end")


def totals(api: Api, queue: str) -> tuple[int, int, int]:
    """Free, claimed and total messages of a queue."""
    numbers = ok(api.queue_get_stats(queue), 200)["messages"]
    return numbers["free"], numbers["claimed"], numbers["total"]


def exists(api: Api, queue: str) -> bool:
    """Whether the project has a queue of this name."""
    listed = ok(api.queue_list(name=queue), 200)[api.collection]
    return queue in [item["name"] for item in listed]
