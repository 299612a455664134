"""The ledger notices what it is there to notice."""

from __future__ import annotations

import pytest

from tests.scenarios.door import Door
from tests.scenarios.ledger import Ledger

QUEUE = "ledger"


@pytest.fixture
def ledger(door: Door) -> Ledger:
    """A book that agrees with the queue: six messages posted, the first deleted."""
    book = Ledger()
    posted = book.post(door, QUEUE, [{"by": "me", "number": number} for number in range(6)])
    first = dict(list(posted.items())[:1])
    book.delete(first, lambda: door.delete_several(QUEUE, list(first)))
    book.check(door, QUEUE)
    return book


def test_a_lost_message_is_noticed(ledger: Ledger, door: Door) -> None:
    door.delete_several(QUEUE, [list(ledger.acknowledged)[3]])
    with pytest.raises(AssertionError, match="1 acknowledged messages are lost"):
        ledger.check(door, QUEUE)


def test_a_message_that_came_back_is_noticed(ledger: Ledger, door: Door) -> None:
    each, key = list(ledger.acknowledged.items())[2]
    ledger.tried[each] = ledger.deleted[each] = key
    with pytest.raises(AssertionError, match="deleted messages are back"):
        ledger.check(door, QUEUE)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"by": "me", "number": 4}, "stored twice"),
        ({"by": "stranger", "number": 0}, "nobody posted"),
        ({"by": "refused", "number": 0}, "a refused post was stored"),
        ({"by": "torn", "number": 0}, "a part of a batch was stored"),
    ],
    ids=lambda value: value["by"] if isinstance(value, dict) else "",
)
def test_a_message_that_should_not_be_there_is_noticed(
    ledger: Ledger, door: Door, body: dict[str, object], complaint: str
) -> None:
    ledger.refused.add(("refused", 0))
    ledger.unknown.append([("torn", 0), ("torn", 1)])
    door.post(QUEUE, [body])
    with pytest.raises(AssertionError, match=complaint):
        ledger.check(door, QUEUE)


def test_a_wrong_order_is_noticed(ledger: Ledger, door: Door) -> None:
    ledger.post(door, QUEUE, [{"by": "other", "number": number} for number in (1, 0)])
    with pytest.raises(AssertionError, match="other 0 comes after 1"):
        ledger.check(door, QUEUE)


def test_unknown_outcomes_are_taken_either_way(ledger: Ledger, door: Door) -> None:
    ledger.unknown += [[("gone", 0), ("gone", 1)], [("there", 0), ("there", 1)]]
    door.post(QUEUE, [{"by": "there", "number": 0}, {"by": "there", "number": 1}])
    ledger.check(door, QUEUE)


def test_a_failure_that_no_server_may_give_is_noticed(ledger: Ledger, door: Door) -> None:
    ledger.delete({}, lambda: door.delete("/v2/nothing"))
    with pytest.raises(AssertionError, match="status 404"):
        ledger.check(door, QUEUE)
