"""Statistics against values worked out by hand."""

from __future__ import annotations

import pytest

from angarium.bench import figures


def test_spread_of_rounds() -> None:
    assert figures.spread([10.0, 40.0, 20.0, 30.0, 50.0]) == {
        "median": 30.0,
        "quartiles": [20.0, 40.0],
        "least": 10.0,
        "most": 50.0,
        "rounds": [10.0, 40.0, 20.0, 30.0, 50.0],
    }


def test_spread_of_an_even_number_of_rounds() -> None:
    found = figures.spread([1.0, 2.0, 3.0, 4.0])
    assert (found["median"], found["quartiles"]) == (2.5, [1.8, 3.2])  # 1.75 and 3.25, rounded


def test_spread_of_one_round() -> None:
    found = figures.spread([7.0])
    assert (found["median"], found["quartiles"]) == (7.0, [7.0, 7.0])


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (95, 95), (99.9, 100), (100, 100)]
)
def test_percentile(percent: float, value: int) -> None:
    assert figures.percentile(range(1, 101), percent) == value


def test_percentile_of_one_value() -> None:
    assert figures.percentile([4.0], 99) == 4.0


def test_distribution_is_in_milliseconds() -> None:
    found = figures.distribution([value / 1000 for value in range(1000, 0, -1)])
    assert found == [
        [1, 10], [5, 50], [10, 100], [25, 250], [50, 500], [75, 750], [90, 900], [95, 950],
        [99, 990], [99.9, 999],
    ]  # fmt: skip


def test_distribution_of_nothing() -> None:
    assert figures.distribution([]) == []


def test_share() -> None:
    assert figures.share(50.0, 200.0) == 0.25
    assert figures.share(50.0, None) is None
    assert figures.share(50.0, 0.0) is None
