"""Plots as inline SVG without text: they stretch to any width, the labels beside them do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

_WIDTH: Final = 1000
_HEIGHT: Final = 100


def _svg(kind: str, content: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true">{content}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _box(x: float, width: float, y: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def spread(rate: dict[str, Any], top: float) -> str:
    """The median as a bar from zero, with quartiles as a box and the range as a line.

    :param rate: of one row of the document.
    :param top: the rate at the right edge.
    """
    scale = _WIDTH / top if top else 0.0
    low, high = (value * scale for value in rate["quartiles"])
    least, most = rate["least"] * scale, rate["most"] * scale
    middle = rate["median"] * scale
    return _svg(
        "row",
        _box(0, middle, 20, 60, "bar")
        + _line(least, 50, most, 50, "range")
        + _line(least, 36, least, 64, "range")
        + _line(most, 36, most, 64, "range")
        + _box(low, max(high - low, 1), 36, 28, "quartiles")
        + _line(middle, 8, middle, 92, "median"),
    )


def share(value: float, top: float) -> str:
    """A share as a bar, with a line where the whole is.

    :param top: the share at the right edge, at least 1.
    """
    scale = _WIDTH / top
    return _svg("row", _box(0, value * scale, 20, 60, "bar") + _line(scale, 0, scale, 100, "whole"))


class Curves:
    """Distributions of latencies: the share of units (up) that stay within so long (right, log).

    :param distributions: pairs of percentage and milliseconds, of each row.
    """

    def __init__(self, distributions: Sequence[Sequence[Sequence[float]]]) -> None:
        values = [point[1] for points in distributions for point in points if point[1] > 0]
        self._first = math.floor(math.log10(min(values)))
        self._last = max(math.ceil(math.log10(max(values))), self._first + 1)

    @property
    def ticks(self) -> list[tuple[float, float]]:
        """Places on the x axis in percent of its width, and their milliseconds."""
        return [
            (self._place(10.0**power) / _WIDTH * 100, 10.0**power)
            for power in range(self._first, self._last + 1)
        ]

    def _place(self, milliseconds: float) -> float:
        power = math.log10(max(milliseconds, 10.0**self._first))
        return (power - self._first) / (self._last - self._first) * _WIDTH

    def draw(self, series: Sequence[tuple[str, Sequence[Sequence[float]]]]) -> str:
        """All curves.

        :param series: the class of each curve, which gives it its colour, and its points.
        """
        grid = [
            _line(x * _WIDTH / 100, 0, x * _WIDTH / 100, _HEIGHT, "grid") for x, _ in self.ticks
        ]
        grid += [_line(0, _HEIGHT - y, _WIDTH, _HEIGHT - y, "grid") for y in (0, 25, 50, 75, 100)]
        curves = []
        for kind, points in series:
            path = " ".join(
                f"{self._place(at):.1f},{_HEIGHT - percent:.1f}" for percent, at in points
            )
            curves.append(f'<polyline class="curve {kind}" points="{path}"/>')
        return _svg("curves", "".join(grid + curves))
