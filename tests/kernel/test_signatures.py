"""Signed credentials (notifications.md 12, rest-v2.md 1.9 and 5.8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from angarium.signatures import Credential, Signer, normalise_expiry

NOW = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
EXPIRES = "2031-05-06T07:08:09"
ORCHARD = Signer("orchard")

PLUMS = "/v2/queues/plums"
VECTORS = [
    (
        ORCHARD,
        [f"{PLUMS}/subscriptions/7c1e/confirm"],
        ["PUT"],
        "f00d",
        EXPIRES,
        "93a18a230677cdcd65ad49bf0bff7171d5576780304565422b6db19cd1268c41",
    ),
    (
        ORCHARD,
        [f"{PLUMS}/messages", f"{PLUMS}/claims"],
        ["POST", "GET"],
        "f00d",
        EXPIRES,
        "523c3da71c14c715fa14b2c48a67b86c50e0f201fd960384e9d18d6d9cf49498",
    ),
    (
        Signer("paper-boat-42"),
        ["/v2/queues/invoice-render/messages", "/v2/queues/invoice-render/claims"],
        ["POST", "GET", "DELETE"],
        "f2c1d6a0b7e94c55a4e8d3b2c9107e61",
        "2026-03-03T08:30:00",
        "fe072946eeb7eca609ef4df36b795f37a5241a543da50c372b758309bce4f03e",
    ),
]
"""Those of the contract: signer, paths, methods, project, expiry and the signature."""


def credential(**changes: Any) -> Credential:
    signed = ORCHARD.issue([f"{PLUMS}/messages"], ["GET"], "f00d", EXPIRES)
    return replace(signed, **changes)


@pytest.mark.parametrize(("signer", "paths", "methods", "project", "expires", "signature"), VECTORS)
def test_vectors(
    signer: Signer, paths: list[str], methods: list[str], project: str, expires: str, signature: str
) -> None:
    issued = signer.issue(paths, methods, project, expires)
    assert issued.signature == signature
    assert issued.paths == tuple(sorted(paths))
    assert issued.methods == tuple(sorted(methods))
    assert (issued.project, issued.expires) == (project, expires)
    assert signer.verify(issued, NOW)
    assert signer.verify(replace(issued, paths=tuple(paths), methods=tuple(methods)), NOW)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (EXPIRES, EXPIRES),
        ("2031-05-06 07:08:09", EXPIRES),
        ("2031-05-06T07:08:09Z", EXPIRES),
        ("2031-05-06T07:08:09.999999", EXPIRES),
        ("2031-05-06T09:08:09+02:00", EXPIRES),
        ("2031-05-05T23:38:09-07:30", EXPIRES),
        ("20310506T070809", EXPIRES),
        ("2031-05-06", "2031-05-06T00:00:00"),
        ("9999-12-31T23:59:59", "9999-12-31T23:59:59"),
    ],
)
def test_expiries_are_utc_to_the_second(text: str, normal: str) -> None:
    assert normalise_expiry(text, NOW) == normal
    assert ORCHARD.verify(credential(), NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20310506",
        "1935000000",
        "+1935000000",
        "-1",
        "tomorrow",
        "2031-13-06T07:08:09",
        "2031-05-06T07:08:09 ",
        "2031-05-06T25:08:09",
        "2031-05-06T07:08:09\n",
        "2026-03-01T00:00:00",
        "2026-03-01T01:59:59+02:00",
        "1970-01-01T00:00:00",
        "\ud800",
        "2031-05-06T07:08:09\0",
        "2031-05-06\x0007:08:09",
        "2031-05-06x07:08:09",
        "٢031-05-06T07:08:09",
    ],
)
def test_expiries_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        normalise_expiry(text, NOW)
    assert not ORCHARD.verify(credential(expires=text), NOW)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_times_beyond_the_calendar_never_verify(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        normalise_expiry(text, NOW)
    assert not ORCHARD.verify(credential(expires=text), NOW)


@pytest.mark.parametrize("equivalent", ["2031-05-06 07:08:09", "2031-05-06T09:08:09.5+02:00"])
def test_equivalent_spellings_of_the_expiry_verify(equivalent: str) -> None:
    assert ORCHARD.verify(credential(expires=equivalent), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"paths": (f"{PLUMS}/claims",)},
        {"paths": (f"{PLUMS}/messages", f"{PLUMS}/claims")},
        {"paths": ()},
        {"paths": ("",)},
        {"methods": ("GET", "POST")},
        {"methods": ()},
        {"project": "f00e"},
        {"project": ""},
        {"expires": "2031-05-06T07:08:10"},
        {"signature": ""},
        {"signature": credential().signature.upper()},
        {"signature": credential().signature[:-1]},
        {"signature": "é" * 64},
    ],
)
def test_nothing_may_be_changed(changes: dict[str, Any]) -> None:
    assert not ORCHARD.verify(credential(**changes), NOW)


def test_a_credential_dies_at_its_expiry() -> None:
    end = int(datetime.fromisoformat(f"{EXPIRES}Z").timestamp())
    assert ORCHARD.verify(credential(), end - 1)
    assert not ORCHARD.verify(credential(), end)


def test_another_key_verifies_nothing() -> None:
    assert not Signer("orchards").verify(credential(), NOW)


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_verifies(key: str | None) -> None:
    signer = Signer(key)
    forged = signer.issue([f"{PLUMS}/messages"], ["GET"], "f00d", EXPIRES)
    assert not signer.is_enabled
    assert not signer.verify(forged, NOW)


@pytest.mark.parametrize(
    ("method", "path", "covered"),
    [
        ("GET", f"{PLUMS}/messages", True),
        ("GET", f"{PLUMS}/messages/m01", True),
        ("GET", f"{PLUMS}/messages/", True),
        ("POST", f"{PLUMS}/messages", False),
        ("get", f"{PLUMS}/messages", False),
        ("GET", f"{PLUMS}/messages2", False),
        ("GET", PLUMS, False),
        ("GET", f"{PLUMS}/claims", False),
        ("GET", f"/x{PLUMS}/messages", False),
        ("GET", f"{PLUMS}/message.", False),
    ],
)
def test_what_a_credential_covers(method: str, path: str, covered: bool) -> None:
    assert credential().covers(method, path) is covered
