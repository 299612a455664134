"""Open mode: the headers are believed."""

from __future__ import annotations

import pytest

from angarium import config
from angarium.identity import Identity
from angarium_identity.noauth import NoAuth


@pytest.mark.parametrize(
    ("headers", "identity"),
    [
        ({}, Identity(None)),
        ({"x-project-id": "a", "x-tenant-id": "b", "x-tenant": "c"}, Identity("a")),
        ({"x-tenant-id": "b", "x-tenant": "c"}, Identity("b")),
        ({"x-tenant": "c"}, Identity("c")),
        ({"x-project-id": "", "x-tenant": "c"}, Identity("")),
        ({"x-user-id": "u"}, Identity(None, "u")),
        (
            {"x-project-id": "a", "x-roles": " Admin,member ,,"},
            Identity("a", None, frozenset({"admin", "member"})),
        ),
        ({"x-roles": ""}, Identity(None)),
    ],
)
def test_what_the_headers_say(headers: dict[str, str], identity: Identity) -> None:
    assert NoAuth(config.load([])).identify(headers) == identity


def test_it_is_open() -> None:
    assert NoAuth.open is True
