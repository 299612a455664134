"""Requests made to cost as much as they can: each is answered soon, and with few words."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

import pytest

from tests.badinput.world import World

PATIENCE: Final = 15.0  # seconds; the slowest of these take less than one on an idle machine
PATCH: Final = {"Content-Type": "application/openstack-messaging-v2.0-json-patch"}


@dataclass(frozen=True)
class Attack:
    """A request, and a part of what it is answered."""

    name: str
    method: str
    path: str
    body: bytes
    says: str

    def __str__(self) -> str:
        return self.name


def batch(*messages: bytes) -> bytes:
    return b'{"messages":[%s]}' % b",".join(messages)


def post(name: str, body: bytes, says: str) -> Attack:
    return Attack(name, "POST", "/v2/queues/plums/messages", body, says)


def patch(name: str, document: object, says: str) -> Attack:
    return Attack(name, "PATCH", "/v2/queues/plums", json.dumps(document).encode(), says)


ATTACKS: Final = [
    post("very many wrong elements", batch(*[b"1"] * 130_000), "messages[0] must be an object"),
    post("very many incomplete ones", batch(*[b"{}"] * 87_000), "messages[0] must have"),
    post("a wrong one at the end", batch(*[b'{"body":1}'] * 22_000, b"1"), "messages[22000] must"),
    post("very many out of range", batch(*[b'{"body":1,"ttl":1}'] * 13_000), "messages[0].ttl"),
    post(
        "a bad number at the end",
        batch(*[b'{"body":1}'] * 22_000, b'{"body":NaN}'),
        "messages[22000].body must",
    ),
    post("a bad number far down", batch(b"[" * 190 + b"NaN" + b"]" * 190), "messages[0][0]"),
    post(
        "a bad number below long names",
        batch((b'{"' + b"k" * 1000 + b'":') * 100 + b"NaN" + b"}" * 100),
        "must not be NaN",
    ),
    post("very many digits", batch(b'{"body":' + b"9" * 262_000 + b"}"), "64 bits"),
    post("nesting", b"[" * 131_072 + b"]" * 131_072, "nests too deep"),
    post("many nests", batch(*[b"[" * 201 + b"]" * 201] * 600), "nesting"),
    post("many open objects", b'{"a":' * 52_000, "could not be parsed"),
    post("many keys", b'{"messages":1,' + b'"a":1,' * 43_000 + b'"b":1}', "messages must be"),
    post("many escapes", b'{"messages":"' + rb"\u0000" * 43_000 + b'"}', "messages must be"),
    patch("a large patch", [{"op": "x", "path": 1}] * 2_500, "[0].path must be"),
    patch("a long path", [{"op": "add", "path": "/" * 60_000, "value": 1}], "[0].path must"),
    patch("many tildes", [{"op": "add", "path": "/metadata/" + "~" * 60_000, "value": 1}], "~"),
    patch("a long key", [{"op": "remove", "path": "/metadata/" + "k" * 60_000}], "kkk"),
    Attack(
        "many unknown members",
        "POST",
        "/v2/queues/plums/share",
        json.dumps({f"k{number}": 1 for number in range(5_000)}).encode(),
        "unknown member k0",
    ),
    Attack(
        "many wrong words",
        "POST",
        "/v2/queues/plums/share",
        json.dumps({"paths": ["x" * 10] * 4_000}).encode(),
        "paths[0] must be one of",
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_expensive_request_is_refused_soon(world: World, attack: Attack) -> None:
    before, started = world.fingerprint(), time.monotonic()
    headers = PATCH if attack.method == "PATCH" else {}
    answer = world.send(attack.method, attack.path, headers, body=attack.body)
    assert time.monotonic() - started < PATIENCE
    assert answer.status in (400, 409), answer
    assert attack.says in answer.description
    assert len(answer.description) < 500
    assert world.fingerprint() == before
