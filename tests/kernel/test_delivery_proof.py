"""The proof that a push is ours (``websocket-v2.md`` 10)."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from angarium.notifications import proof

SECRET, CONNECTION, BODY, NOW = "s3crêt", "0c3e0f5a", b'{"body": "ripe"}', 1_900_000_000


def test_the_recipe_is_that_of_the_contract() -> None:
    signed = f"{CONNECTION}\n{NOW}\n".encode() + BODY
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert proof.sign(SECRET, CONNECTION, BODY, NOW) == f"t={NOW},v={digest}"


@pytest.mark.parametrize("age", [0, 300, -300])
def test_it_is_good_for_five_minutes_either_way(age: int) -> None:
    made = proof.sign(SECRET, CONNECTION, BODY, NOW)
    assert proof.verify(made, SECRET, CONNECTION, BODY, NOW + age)


@pytest.mark.parametrize("age", [301, -301])
def test_it_is_not_good_for_longer(age: int) -> None:
    made = proof.sign(SECRET, CONNECTION, BODY, NOW)
    assert not proof.verify(made, SECRET, CONNECTION, BODY, NOW + age)


def test_it_is_good_for_nothing_else() -> None:
    made = proof.sign(SECRET, CONNECTION, BODY, NOW)
    assert not proof.verify(made, "other", CONNECTION, BODY, NOW)
    assert not proof.verify(made, SECRET, "other", BODY, NOW)
    assert not proof.verify(made, SECRET, CONNECTION, BODY + b" ", NOW)
    later = made.replace(str(NOW), str(NOW + 1))
    assert not proof.verify(later, SECRET, CONNECTION, BODY, NOW)


@pytest.mark.parametrize(
    "spoilt", ["", "t=,v=", "v={v},t={t}", "t={t},v={v} ", "t={t}, v={v}", "t=-{t},v={v}", "{v}"]
)
def test_a_malformed_one_proves_nothing(spoilt: str) -> None:
    moment, _, digest = proof.sign(SECRET, CONNECTION, BODY, NOW).partition(",v=")
    presented = spoilt.format(t=moment.removeprefix("t="), v=digest)
    assert not proof.verify(presented, SECRET, CONNECTION, BODY, NOW)
