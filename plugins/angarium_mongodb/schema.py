"""The collections of both stores, and their indexes.

Filters begin with the fields of the index that is meant for them. They do not name it as a hint:
MongoDB finds it by trying, and other servers of its protocol read all of an index that is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pymongo import IndexModel

from angarium_mongodb import sessions

POSITION: Final = "position"
READY: Final = "ready"
DUE: Final = "due"
EXPIRES: Final = "expires"
LIFE: Final = "life"

_MESSAGES: Final = (
    IndexModel([("scope", 1), ("space", 1), ("position", 1)], name=POSITION, unique=True),
    IndexModel(
        [("scope", 1), ("space", 1), ("ready", 1), ("expires", 1)],
        name=READY,
        partialFilterExpression={"ready": {"$gt": 0}},
    ),
    IndexModel(
        [("scope", 1), ("space", 1), ("due", 1), ("claim", 1), ("expires", 1)],
        name=DUE,
        partialFilterExpression={"due": {"$gt": 0}},
    ),
    IndexModel([("expires", 1), ("scope", 1), ("space", 1)], name=EXPIRES),
)

# The polls of the whole store begin with a time, not with the scope: in a sharded cluster each asks
# all shards, and what it then leases is one transaction over the shards that it found something on.
_NOTICES: Final = (
    IndexModel(
        [("since", 1), ("scope", 1), ("place", 1)],
        name="since",
        partialFilterExpression={"since": {"$gt": 0}},
    ),
    IndexModel(
        [("scope", 1), ("place", 1)],
        name="place",
        partialFilterExpression={"since": {"$gt": 0}},
    ),
    IndexModel([("scope", 1), ("position", 1), ("id", 1)], name=POSITION),
    IndexModel(
        [("until", 1), ("owner", 1), ("scope", 1)],
        name="until",
        partialFilterExpression={"until": {"$gt": 0}},
    ),
    IndexModel([("check", 1)], name="check", partialFilterExpression={"check": {"$gt": 0}}),
)
_DUTIES: Final = (
    IndexModel(
        [("scope", 1), ("lane", 1), ("due", 1)],
        name=DUE,
        partialFilterExpression={"due": {"$gt": 0}},
    ),
    IndexModel(
        [("scope", 1), ("lane", 1), ("place", 1), ("due", 1)],
        name="place",
        partialFilterExpression={"due": {"$gt": 0}},
    ),
    IndexModel([("scope", 1), ("notice", 1)], name="notice"),
    IndexModel([("status", 1), ("forget", 1), ("_id", 1)], name="status"),
)

MESSAGE_STORE: Final[Mapping[str, Sequence[IndexModel]]] = {
    "queues": (
        IndexModel(
            [("deleted", 1)], name="deleted", partialFilterExpression={"deleted": {"$gt": 0}}
        ),
    ),
    "messages": _MESSAGES,
    "claims": (
        IndexModel([("scope", 1), ("life", 1), ("id", 1)], name=LIFE),
        IndexModel([("expires", 1)], name=EXPIRES),
    ),
    "spaces": (),
    "notices": _NOTICES,
    "duties": _DUTIES,
    "lanes": (IndexModel([("suspect", 1), ("due", 1), ("until", 1)], name=DUE),),
    sessions.COLLECTION: (),
}

MANAGEMENT_STORE: Final[Mapping[str, Sequence[IndexModel]]] = {
    "queues": (
        IndexModel([("project", 1), ("kind", 1), ("name", 1)], name="name", unique=True),
        IndexModel([("pool", 1), ("_id", 1)], name="pool"),
        IndexModel([("target", 1)], name="target", sparse=True),
        IndexModel([("source", 1)], name="source", sparse=True),
    ),
    "epochs": (),
    sessions.COLLECTION: (),
    "pools": (
        IndexModel([("uri", 1)], name="uri", unique=True),
        IndexModel([("flavor", 1), ("_id", 1)], name="flavor"),
    ),
    "flavors": (IndexModel([("project", 1), ("name", 1)], name="name", unique=True),),
    "subscriptions": (
        IndexModel([("scope", 1), ("subscriber", 1)], name="subscriber", unique=True),
        IndexModel([("scope", 1), ("id", 1), ("expires", 1)], name="id"),
        IndexModel([("expires", 1)], name=EXPIRES),
    ),
}
