"""Filter policies: which bodies they choose (``docs/clients.rst``)."""

from __future__ import annotations

from typing import Any

import pytest

from angarium.limits import Limits
from angarium.notifications.filtering import count_conditions, matches
from angarium.validation import SchemaLibrary

SCHEMA = SchemaLibrary(Limits()).part("v2/subscriptions/filter_policy.json")

# policy, bodies that it chooses, bodies that it does not
CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    (
        {"state": ["paid", 7, None, True]},
        [{"state": "paid"}, {"state": 7.0}, {"state": None}, {"state": True}],
        [{}, {"state": "Paid"}, {"state": 1}, {"state": False}, {"state": {}}, "paid", None, 7],
    ),
    ({"n": [1]}, [{"n": 1}, {"n": 1.0}], [{"n": True}, {"n": "1"}]),
    ({"a": ["x"], "b": ["y"]}, [{"a": "x", "b": "y", "c": 0}], [{"a": "x"}, {"b": "y"}]),
    ({"a": [{"prefix": "re"}]}, [{"a": "re"}, {"a": "red"}], [{"a": "Re"}, {"a": 5}, {}]),
    (
        {"a": [{"numeric": [">=", 0, "<", 10]}]},
        [{"a": 0}, {"a": 9.99}],
        [{"a": 10}, {"a": -1}, {"a": "5"}, {"a": True}, {"a": None}, {}],
    ),
    ({"a": [{"numeric": ["=", 2]}, "two"]}, [{"a": 2}, {"a": "two"}], [{"a": 3}]),
    ({"a": [{"exists": True}]}, [{"a": None}, {"a": []}, {"a": {}}], [{}, {"b": 1}, []]),
    ({"a": [{"exists": False}]}, [{}, {"b": 1}, "text", None, []], [{"a": None}, {"a": []}]),
    (
        {"a": [{"anything-but": ["x", 1]}]},
        [{"a": "y"}, {"a": True}, {"a": {}}, {"a": None}],
        [{"a": "x"}, {"a": 1.0}, {}],
    ),
    ({"a": [{"anything-but": "x"}]}, [{"a": "y"}], [{"a": "x"}]),
    ({"a": [{"anything-but": {"prefix": "t"}}]}, [{"a": "x"}, {"a": 1}], [{"a": "test"}, {}]),
    # one element of a list is enough
    (
        {"a": ["x", {"numeric": [">", 5]}]},
        [{"a": ["y", "x"]}, {"a": [1, 6]}],
        [{"a": []}, {"a": [["x"]]}, {"a": ["y", 5]}],
    ),
    ({"a": [{"anything-but": "x"}]}, [{"a": ["x", "y"]}], [{"a": ["x"]}, {"a": []}]),
    # policies for objects
    (
        {"a": {"b": {"c": [1]}}},
        [{"a": {"b": {"c": 1}}}, {"a": [{}, {"b": [{"c": [2, 1]}]}]}],
        [{"a": {"b": 1}}, {"a": {"c": 1}}, {"a.b.c": 1}],
    ),
    ({"a": {"b": [1], "c": [2]}}, [{"a": [{"b": 1, "c": 2}]}], [{"a": [{"b": 1}, {"c": 2}]}]),
    ({"a": {"b": [{"exists": False}]}}, [{}, {"a": 5}, {"a": []}], [{"a": {"b": 0}}]),
]


@pytest.mark.parametrize(("policy", "chosen", "left_out"), CASES, ids=range(len(CASES)))
def test_what_a_policy_chooses(
    policy: dict[str, Any], chosen: list[Any], left_out: list[Any]
) -> None:
    SCHEMA.check(policy)
    assert [body for body in chosen if not matches(policy, body)] == []
    assert [body for body in left_out if matches(policy, body)] == []


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"a": []},
        {"a": {}},
        {"a": "x"},
        {"a": [["x"]]},
        {"a": [{}]},
        {"a": [{"prefix": "x", "exists": True}]},
        {"a": [{"suffix": "x"}]},
        {"a": [{"prefix": ""}]},
        {"a": [{"prefix": 5}]},
        {"a": [{"exists": 1}]},
        {"a": [{"numeric": []}]},
        {"a": [{"numeric": [">"]}]},
        {"a": [{"numeric": [">", 1, "<"]}]},
        {"a": [{"numeric": [">", 1, "<", 2, "=", 3]}]},
        {"a": [{"numeric": ["!=", 1]}]},
        {"a": [{"numeric": [">", "1"]}]},
        {"a": [{"numeric": [">", True]}]},
        {"a": [{"anything-but": []}]},
        {"a": [{"anything-but": [[]]}]},
        {"a": [{"anything-but": {"numeric": ["=", 1]}}]},
        {"a": [{"anything-but": {}}]},
        {"a": {"b": {"c": {"d": {"e": {"f": [1]}}}}}},
    ],
    ids=str,
)
def test_what_is_no_policy(policy: Any) -> None:
    assert not SCHEMA.validator.is_valid(policy)
    assert SCHEMA.validator.problems(policy)


def test_every_condition_counts() -> None:
    assert count_conditions({}) == 0
    assert count_conditions({"a": ["x", {"exists": True}]}) == 3
    assert count_conditions({"a": {"b": [{"anything-but": [1, 2, 3]}]}}) == 5
