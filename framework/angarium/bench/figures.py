"""What many measurements come to: middle, spread, percentiles."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any, Final

PERCENTS: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9)
"""Where the distribution of latencies is recorded."""


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles and range of the rates of all rounds; there is at least one."""
    low, _, high = quantiles(values, method="inclusive") if len(values) > 1 else [*values] * 3
    return {
        "median": round(median(values), 1),
        "quartiles": [round(low, 1), round(high, 1)],
        "least": round(min(values), 1),
        "most": round(max(values), 1),
        "rounds": [round(value, 1) for value in values],
    }


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of the values, in ascending order, that so many percent do not exceed."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def distribution(latencies: Sequence[float]) -> list[list[float]]:
    """Pairs of a percentage and the latency in milliseconds that it stays within."""
    ordered = sorted(latencies)
    if not ordered:
        return []
    return [[percent, round(1000 * percentile(ordered, percent), 3)] for percent in PERCENTS]


def share(value: float, base: float | None) -> float | None:
    """A rate as a share of another one, if there is one."""
    return round(value / base, 3) if base else None
